// SPDX-License-Identifier: MIT
// Stage 2 from its first line of C to the jump into the kernel, in order. Each step stops with a sentence when it
// fails.
#include "a20.h"
#include "console.h"
#include "cpu.h"
#include "disk.h"
#include "firmware_memory.h"
#include "fw_cfg.h"
#include "handover.h"
#include "hardware.h"
#include "load.h"
#include "video.h"
#include "volume.h"
#include <lib/string.h>
#include <portable/config.h>
#include <portable/rsdp.h>

constexpr uint32_t CONFIG_BYTES = 4096;
constexpr uint32_t COMMAND_LINE_BYTES = 2048;

// i386 would be content with 4-byte alignment; a 64-bit reader is not.
alignas(8) static struct boot_info info;
alignas(8) static struct memory_map memory;

static void stamp(enum boot_stamp point)
{
    info.tsc[point] = time_stamp();
}

static void report_unknown_key(void *, uint32_t line, const char *key)
{
    say("HEWN.CFG: line %u: unknown key \"%s\" is ignored\n", line, key);
}

static void read_config(struct config *config)
{
    static char text[CONFIG_BYTES + 1];
    static const char path[] = "HEWN.CFG";
    struct problem problem;
    struct fat_file file;
    if (!volume_find(path, &file, &problem)) {
        say("HEWN.CFG: not on the volume; booting KERNEL.ELF\n");
        file.size_bytes = 0;
    }
    if (file.size_bytes > CONFIG_BYTES)
        stop("HEWN.CFG: has %u bytes, %u are the most", file.size_bytes, CONFIG_BYTES);
    volume_read(path, &file, 0, file.size_bytes, text);
    if (config_parse(text, file.size_bytes, config, report_unknown_key, nullptr, &problem) != STATUS_OK)
        stop_for(path, &problem);
}

static const char *choose_command_line(const struct cpu_features *cpu, const char *configured)
{
    static char line[COMMAND_LINE_BYTES];
    if (cpu->has_hypervisor && fw_cfg_command_line(line, sizeof line))
        info.flags |= BOOT_FLAG_COMMAND_LINE_QEMU;
    else if (string_copy(line, configured, sizeof line) >= sizeof line)
        stop("HEWN.CFG: cmdline= has more than %u bytes", COMMAND_LINE_BYTES - 1);
    info.command_line = (uintptr_t)line;
    return line;
}

// EBDA, then the BIOS's ROM area (ACPI 6.5, 5.2.5.1). 40:0E can be rubbish, so it is believed only where an EBDA can
// be.
static uint64_t find_rsdp(void)
{
    uint32_t ebda = (uint32_t)low_memory_read16(0x40e) << 4;
    uint32_t found = 0;
    if (ebda >= 0x8'0000 && ebda < 0xa'0000)
        found = rsdp_find((const void *)ebda, ebda, 1024);
    return found ? found : rsdp_find((const void *)0xe'0000, 0xe'0000, 0x2'0000);
}

static void gather_entropy(const struct cpu_features *cpu)
{
    uint32_t *words = (uint32_t *)info.entropy;
    constexpr uint32_t word_count = sizeof info.entropy / 4;
    uint32_t from_hardware = 0;
    uint32_t state = (uint32_t)info.tsc[BOOT_STAMP_BOOT_SECTOR];
    for (uint32_t i = 0; i < word_count; i++) {
        uint32_t value = 0;
        if (cpu->has_rdrand)
            for (uint32_t tries = 10; tries; tries--) // as many as Intel's guide to RDRAND advises
                if (hardware_random(&value)) {
                    from_hardware++;
                    break;
                }
        state = (state ^ (uint32_t)time_stamp()) * 0x9e37'79b1; // 2^32 / golden ratio: spreads the low bits
        words[i] = value ^ state ^ state >> 15;
    }
    if (from_hardware == word_count)
        info.flags |= BOOT_FLAG_ENTROPY_HARDWARE;
}

// entry.asm comes here: the boot sector's and stage 2's first time stamp, and the BIOS's number of the boot drive.
[[noreturn]] void stage2_main(const uint64_t stamps[static 2], uint32_t drive);

[[noreturn]] void stage2_main(const uint64_t stamps[static 2], uint32_t drive)
{
    info.tsc[BOOT_STAMP_BOOT_SECTOR] = stamps[0];
    info.tsc[BOOT_STAMP_STAGE2] = stamps[1];
    info.boot_drive = drive;
    console_init();
    info.uart_port = console_uart_port();
    say("Hewn " HEWN_VERSION "\n");

    struct cpu_features cpu = cpu_check();
    a20_open();
    firmware_memory_map(&memory);
    stamp(BOOT_STAMP_MACHINE_READY);

    static struct config config;
    disk_init((uint8_t)drive);
    info.volume_lba = volume_mount();
    read_config(&config);
    const char *command_line = choose_command_line(&cpu, config.command_line);
    stamp(BOOT_STAMP_VOLUME_READY);

    static struct loaded_kernel kernel;
    load_kernel(config.kernel, &memory, &kernel);
    stamp(BOOT_STAMP_KERNEL_LOADED);

    alignas(8) static struct boot_module modules[CONFIG_MODULES_MAX];
    for (uint32_t i = 0; i < config.module_count; i++)
        load_module(config.modules[i], &memory, &modules[i]);
    stamp(BOOT_STAMP_MODULES_LOADED);

    uint32_t page_table_root = handover_build_page_tables(&cpu, &kernel, &memory);
    gather_entropy(&cpu);
    info.rsdp = find_rsdp();
    info.magic = BOOT_INFO_MAGIC;
    info.version = BOOT_INFO_VERSION;
    info.size = sizeof info;
    info.modules = (uintptr_t)modules;
    info.module_count = config.module_count;
    info.module_entry_size = sizeof *modules;
    info.memory_map = (uintptr_t)memory.entries;
    info.memory_count = memory.count;
    info.memory_entry_size = sizeof *memory.entries;
    info.kernel_virt_base = kernel.layout.virt_base;
    info.kernel_phys_base = kernel.layout.placement == KERNEL_BLOCK ? kernel.phys_base : 0;
    info.kernel_size = kernel.layout.size;
    info.flags |= kernel.has_checksum ? BOOT_FLAG_KERNEL_VERIFIED : 0;
    info.tsc_in_firmware = disk_ticks();
    video_start(command_line, &memory, &info.video); // last: until here, all that is said can be read on the screen
    handover_jump(config.kernel, page_table_root, &cpu, &kernel, &info);
}

// And here with an exception in stage 2 itself: what lies on the stack, vector first.
[[noreturn]] void stage2_exception(const uint32_t *frame);

[[noreturn]] void stage2_exception(const uint32_t *frame)
{
    constexpr uint32_t has_error_code = 0x2'7d00; // vectors 8, 10..14, 17 (SDM Vol. 3A, table 7-1)
    uint32_t vector = frame[0];
    bool has_error = has_error_code >> vector & 1;
    stop("stage 2 raised exception %u (error code %x) at EIP %08x. This is a bug in Hewn", vector,
         has_error ? frame[1] : 0, frame[has_error ? 2 : 1]);
}
