// SPDX-License-Identifier: MIT
// The boot report, one function a subject. Called by main; reads struct boot_info, changes nothing.
#include "report.h"
#include "boot_record.h"
#include <arch/processor.h>
#include <describe/processor.h>
#include <describe/size.h>
#include <lib/format.h>
#include <lib/string.h>
#include <log/log.h>
#include <memory/heap.h>
#include <memory/memory.h>

typedef unsigned long long printable_t;

constexpr size_t COMMAND_LINE_LIMIT = 2048;
constexpr size_t COMMAND_LINE_PIECE = 200; // bytes a log line
constexpr size_t NAME_LIMIT = 256;
static_assert(REPORT_MODULE_LIMIT > NAME_LIMIT + 64);

// The loader's strings are not trusted to end.
static void copy_string(char *buffer, uint64_t address, size_t size_bytes)
{
    const char *text = phys_to_virt((phys_addr_t){address});
    size_t length = address != 0 ? strnlen(text, size_bytes - 1) : 0;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
}

const char *report_command_line(const struct boot_info *boot)
{
    static char command_line[COMMAND_LINE_LIMIT];
    copy_string(command_line, boot->command_line, sizeof command_line);
    return command_line;
}

static void list_features(const struct processor *processor, bool wanted, char *buffer, size_t size_bytes)
{
    size_t length = 0;
    buffer[0] = '\0';
    const struct processor_feature *feature;
    for (unsigned i = 0; (feature = processor_feature(i)) != nullptr; i++) {
        if (feature->is_reported && processor_has_feature(processor, i) == wanted && length < size_bytes)
            length += format_string(buffer + length, size_bytes - length, " %s", feature->name);
    }
}

static void report_processor(void)
{
    struct processor processor;
    cpu_identify(&processor);
    char with[256];
    char without[256];
    list_features(&processor, true, with, sizeof with);
    list_features(&processor, false, without, sizeof without);
    log_info("cpu", "%s %s", processor.vendor, processor.brand);
    log_info("cpu", "family %u, model %u, stepping %u", processor.family, processor.model, processor.stepping);
    log_info("cpu", "with%s", with);
    log_info("cpu", "without%s", without);
}

static void report_loader(const struct boot_info *boot, const char *command_line)
{
    size_t length = strlen(command_line);
    const char *source = boot->flags & BOOT_FLAG_COMMAND_LINE_QEMU ? "QEMU" : "the loader";
    log_info("boot", "command line from %s, %zu bytes%s", source, length, length == 0 ? "" : ":");
    for (size_t start = 0; start < length; start += COMMAND_LINE_PIECE)
        log_info("boot", "  %.*s", (int)COMMAND_LINE_PIECE, command_line + start);
    log_info("boot", "drive 0x%02x, volume at LBA %llu", boot->boot_drive, (printable_t)boot->volume_lba);
    if (boot->rsdp != 0)
        log_info("boot", "ACPI root pointer at 0x%llx", (printable_t)boot->rsdp);
    else
        log_info("boot", "no ACPI root pointer");
    log_info("boot", "entropy from %s",
             boot->flags & BOOT_FLAG_ENTROPY_HARDWARE ? "the CPU's generator" : "clocks alone: it can be guessed");
}

static void report_kernel(const struct boot_info *boot)
{
    char size[DESCRIBE_SIZE_LIMIT];
    log_info("kernel", "%s at physical 0x%llx, virtual 0x%llx", describe_size(size, boot->kernel_size),
             (printable_t)boot->kernel_phys_base, (printable_t)boot->kernel_virt_base);
    if (boot->flags & BOOT_FLAG_KERNEL_VERIFIED)
        log_info("kernel", "checksum verified by the loader");
    else
        log_warning("kernel", "not verified: the loader found no checksum note");
}

static void report_devices(const struct boot_info *boot)
{
    const struct boot_video *video = &boot->video;
    static const char *const kinds[] = {[BOOT_VIDEO_TEXT] = "text", [BOOT_VIDEO_FRAMEBUFFER] = "framebuffer"};
    if (video->kind == BOOT_VIDEO_NONE)
        log_info("video", "none");
    else if (video->kind >= sizeof kinds / sizeof *kinds)
        log_warning("video", "of a kind that this kernel does not know (%u)", (unsigned)video->kind);
    else
        log_info("video", "%s %u x %u at 0x%llx", kinds[video->kind], video->width, video->height,
                 (printable_t)video->address);
    if (boot->uart_port != 0)
        log_info("serial", "port 0x%x, 115200 baud", boot->uart_port);
}

static void log_map_line(void *, const char *line)
{
    log_info("memory", "%s", line);
}

const char *report_module(const struct boot_info *boot, uint32_t index, char text[static REPORT_MODULE_LIMIT])
{
    const struct boot_module *module =
        phys_to_virt((phys_addr_t){boot->modules + (uint64_t)index * boot->module_entry_size});
    char name[NAME_LIMIT];
    char size[DESCRIBE_SIZE_LIMIT];
    copy_string(name, module->name, sizeof name);
    format_string(text, REPORT_MODULE_LIMIT, "module %s: %llu bytes (%s) at 0x%llx", name, (printable_t)module->size,
                  describe_size(size, module->size), (printable_t)module->base);
    return text;
}

static void report_modules(const struct boot_info *boot)
{
    if (boot->module_count == 0)
        log_info("boot", "no modules");
    for (uint32_t i = 0; i < boot->module_count; i++) {
        char module[REPORT_MODULE_LIMIT];
        log_info("boot", "%s", report_module(boot, i, module));
    }
}

static void report_stage(const char *name, uint64_t ticks, uint64_t total)
{
    unsigned permille = describe_permille(ticks, total);
    log_info("boot", "%-34s %14llu %5u.%u %%", name, (printable_t)ticks, permille / 10, permille % 10);
}

static void report_times(const struct boot_info *boot, uint64_t entry_tsc)
{
    uint64_t start = boot->tsc[BOOT_STAMP_BOOT_SECTOR];
    if (start == 0) {
        log_info("boot", "the loader left no time stamps");
        return;
    }
    uint64_t total = entry_tsc - start;
    struct boot_stage stage;
    log_info("boot", "%-34s %14s %7s", "stage", "TSC ticks", "share");
    for (unsigned i = 0; boot_record_stage(&i, &stage) && stage.is_loaders;)
        report_stage(stage.name, stage.ticks, total);
    report_stage("total", total, total);
    report_stage("of that in INT 13h since stage 2", boot->tsc_in_firmware, total);
}

void report_boot(const struct boot_info *boot, const char *command_line, uint64_t entry_tsc)
{
    log_info("hewn", "Hewn %s", HEWN_VERSION);
    report_processor();
    report_loader(boot, command_line);
    report_kernel(boot);
    report_devices(boot);
    memory_describe_ranges(log_map_line, nullptr);
    report_modules(boot);
    report_times(boot, entry_tsc);
}

static void log_line(void *, const char *line)
{
    log_debug("memory", "%s", line);
}

static void report_heap(uint64_t ticks)
{
    struct heap_statistics now;
    kernel_heap_statistics(&now);
    char size[DESCRIBE_SIZE_LIMIT];
    log_info("memory", "heap %s, %s%s; its first block %llu TSC ticks after the kernel's entry",
             kernel_heap_design_name(), kernel_heap_is_guarded() ? "guarded, " : "",
             describe_size(size, now.region_bytes), (printable_t)ticks);
}

void report_memory(uint64_t ready_ticks, uint64_t heap_ticks)
{
    struct frame_statistics frames;
    frame_statistics_read(memory_frames(), &frames);
    uint64_t managed_bytes = frames.total * PAGE_SIZE;
    unsigned parts_per_million = (unsigned)(frames.metadata_bytes * 1'000'000 / managed_bytes);
    log_info("memory", "%llu frames of 4 KiB, %llu free; metadata %u.%04u %%", (printable_t)frames.total,
             (printable_t)frames.free, parts_per_million / 10'000, parts_per_million % 10'000);
    log_info("memory", "ready %llu TSC ticks after the kernel's entry", (printable_t)ready_ticks);
    report_heap(heap_ticks);
    memory_describe_map(log_line, nullptr);
    memory_describe_frames(log_line, nullptr);
    memory_describe_heap(log_line, nullptr);
}
