// SPDX-License-Identifier: MIT
// The order of initialisation. Entered once, from arch/entry.asm; owns nothing but that order and the wiring between
// modules that do not know each other.
#include "boot_check.h"
#include "boot_record.h"
#include "kernel_ready.h"
#include "report.h"
#include "screen.h"
#include "verdict.h"
#include <acpi/acpi.h>
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <console/console.h>
#include <debug/debug.h>
#include <interrupt/exception.h>
#include <interrupt/irq.h>
#include <keyboard/keyboard.h>
#include <lib/command_line.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <log/log.h>
#include <memory/device.h>
#include <memory/heap.h>
#include <memory/memory.h>
#include <memory/stack.h>
#include <power/power.h>
#include <process/program.h>
#include <serial/serial.h>
#include <time/time.h>
#include <time/timer.h>

[[noreturn]] void kernel_main(const struct boot_info *boot);

constexpr size_t OPTION_LIMIT = 32;

// Where a PC has its first serial port and its text screen, for the one message that cannot wait to be told.
constexpr uint16_t PC_COM1 = 0x3f8;
constexpr struct boot_video PC_TEXT = {.kind = BOOT_VIDEO_TEXT, .width = 80, .height = 25, .address = 0xb8000};

// Where text goes: console=.
struct outputs {
    bool has_screen, has_serial;
};

static void start_serial(uint16_t port, bool is_wanted, enum log_level level)
{
    if (serial_init(port) != STATUS_OK) {
        log_info("serial", "no UART at port 0x%x", (unsigned)port);
        return;
    }
    if (!is_wanted)
        return;
    serial_attach_log(level);
    console_start_serial();
}

static struct outputs choose_outputs(const char *command_line)
{
    char names[OPTION_LIMIT];
    if (!command_line_find(command_line, "console", names, sizeof names))
        return (struct outputs){true, true};
    if (strcmp(names, "serial") == 0)
        return (struct outputs){.has_serial = true};
    if (strcmp(names, "vga") == 0)
        return (struct outputs){.has_screen = true};
    if (strcmp(names, "vga,serial") != 0 && strcmp(names, "serial,vga") != 0)
        log_error("main", "console=%s is not known; console=vga,serial it is. Known: vga, serial, vga,serial", names);
    return (struct outputs){true, true};
}

// A loader that breaks the protocol is told so wherever a PC could show it.
static void require_valid(const struct boot_info *boot)
{
    const char *problem = boot_check(boot);
    if (problem == nullptr)
        return;
    start_serial(PC_COM1, true, LOG_LEVEL_INFO);
    const struct boot_video *framebuffer = boot_check_framebuffer(boot);
    screen_start(framebuffer != nullptr ? framebuffer : &PC_TEXT, "", false, LOG_LEVEL_INFO);
    panic("the boot information at %p is not valid: %s. The loader must follow docs/boot-protocol.md",
          (const void *)boot, problem);
}

static enum log_level choose_log_level(const char *command_line)
{
    enum log_level level = LOG_LEVEL_INFO;
    char name[OPTION_LIMIT];
    if (command_line_find(command_line, "loglevel", name, sizeof name) && log_level_parse(name, &level) != STATUS_OK)
        log_error("main", "loglevel=%s is not known; loglevel=info it is. Known: error, warning, info, debug", name);
    return level;
}

static void finish_if_asked(const char *command_line)
{
    char verdict[OPTION_LIMIT];
    if (!command_line_find(command_line, "exit", verdict, sizeof verdict))
        return;
    if (strcmp(verdict, "pass") == 0 || strcmp(verdict, "fail") == 0)
        verdict_end(verdict[0] == 'p', 0);
    log_error("main", "exit=%s is not known and does nothing. Known: pass, fail", verdict);
}

static const char *start_memory(const struct boot_info **boot, const char *command_line)
{
    struct memory_options options = {};
    if (command_line_find_number(command_line, "fail_alloc", &options.fail_at) == STATUS_INVALID)
        log_error("main", "fail_alloc wants a number: which allocation of a frame is to fail, the first being 1");
    char name[OPTION_LIMIT] = "";
    options.poisons_frames =
        command_line_find(command_line, "poison", name, sizeof name) && strcmp(name, "frames") == 0;
    if (name[0] != '\0' && !options.poisons_frames)
        log_error("main", "poison=%s is not known and does nothing. Known: frames", name);
    return memory_init(boot, &options);
}

static const struct heap_design *choose_heap(const char *command_line)
{
    char name[OPTION_LIMIT];
    const struct heap_design *design = nullptr;
    if (command_line_find(command_line, "heap", name, sizeof name) && (design = heap_design_find(name)) == nullptr) {
        char known[OPTION_LIMIT * HEAP_DESIGN_COUNT] = "";
        size_t length = 0;
        for (unsigned i = 0; i < HEAP_DESIGN_COUNT; i++)
            length += format_string(known + length, sizeof known - length, ", %s", heap_designs[i]->name);
        log_error("main", "heap=%s is not known; heap=%s it is. Known: %s", name, heap_default.name, known + 2);
    }
    return design != nullptr ? design : &heap_default;
}

static const char *start_heap(uint64_t secret, const char *command_line)
{
    heap_history_set_names(debug_name_call);
    struct kernel_heap_options options = {.design = choose_heap(command_line), .secret = secret};
    if (command_line_find_number(command_line, "fail_heap", &options.fail_at) == STATUS_INVALID)
        log_error("main", "fail_heap wants a number: which allocation of the heap is to fail, the first being 1");
    char guard[OPTION_LIMIT] = "";
    options.is_guarded = command_line_find(command_line, "heap_guard", guard, sizeof guard) && strcmp(guard, "on") == 0;
    if (guard[0] != '\0' && !options.is_guarded)
        log_error("main", "heap_guard=%s is not known and does nothing. Known: on", guard);
    return kernel_heap_init(&options) == STATUS_OK ? nullptr : "no memory for the heap";
}

static void seal_memory(void)
{
    if (memory_seal() != STATUS_OK)
        panic("no memory for the page table that makes the kernel's settings read-only");
}

// What the firmware's tables say, as far as the drivers below want it: on the heap, until they have started. Without
// tables, a PC as it was before them.
struct firmware {
    struct acpi acpi;
    struct acpi_madt madt;
    struct acpi_fadt fadt;
    bool has_madt;
};

static void read_firmware_tables(struct firmware *firmware, phys_addr_t rsdp)
{
    enum status status = acpi_init(&firmware->acpi, rsdp, firmware_map);
    if (status == STATUS_CORRUPT)
        log_warning("acpi", "the firmware's tables are damaged, or cannot be mapped, and are not used");
    else if (status != STATUS_OK)
        log_info("acpi", "the firmware has no tables");
    if (firmware->acpi.skipped_count != 0)
        log_warning("acpi", "%u tables are damaged or named twice, and not used", firmware->acpi.skipped_count);
    firmware->has_madt = acpi_read_madt(&firmware->acpi, &firmware->madt) == STATUS_OK;
    if (firmware->has_madt && firmware->madt.dropped_count != 0)
        log_warning("acpi", "%u entries of the MADT are wrong or too many, and not used", firmware->madt.dropped_count);
    if (acpi_read_fadt(&firmware->acpi, &firmware->fadt) != STATUS_OK)
        firmware->fadt = (struct acpi_fadt){};
}

static void start_interrupts(const struct firmware *firmware, const char *command_line)
{
    char name[OPTION_LIMIT] = "";
    bool is_pic_forced = command_line_find(command_line, "irqchip", name, sizeof name) && strcmp(name, "pic") == 0;
    if (name[0] != '\0' && !is_pic_forced)
        log_error("main", "irqchip=%s is not known; the best there is will do. Known: pic", name);
    irq_init(firmware->has_madt ? &firmware->madt : nullptr, is_pic_forced);
}

static void start_time(const struct firmware *firmware, const struct boot_info *boot, const char *command_line)
{
    struct time_options options = {.acpi = &firmware->acpi, .tsc_origin = boot->tsc[BOOT_STAMP_BOOT_SECTOR]};
    char name[OPTION_LIMIT];
    if (command_line_find(command_line, "clock", name, sizeof name) &&
        time_source_parse(name, &options.forced_source) != STATUS_OK)
        log_error("main", "clock=%s is not known; the best there is will do. Known: tsc, hpet, pm, pit", name);
    time_init(&options);
    if (time_source() != TIME_SOURCE_NONE)
        log_set_clock(time_now_ns);
}

// Runs in the tick, and may log there: that line of text is nothing beside what the storm has cost.
static void watch_for_storms(void *)
{
    constexpr uint64_t LIMIT = 10'000; // 100 000 a second: more than an emulated UART makes of the fastest sender
    irq_mask_storms(LIMIT);
}

static void start_storm_watch(void)
{
    static struct timer watch;
    constexpr uint64_t PERIOD_NS = 100'000'000;
    timer_start(&watch, PERIOD_NS, PERIOD_NS, watch_for_storms, nullptr);
}

static void start_input(const struct firmware *firmware, const char *command_line)
{
    if (irq_register(serial_irq_line(), serial_interrupt, nullptr) == STATUS_OK)
        serial_input_enable();
    else if (serial_irq_line() != SERIAL_IRQ_NONE)
        log_warning("serial", "no interrupt line %u: input is polled", serial_irq_line());
    char layout[OPTION_LIMIT];
    bool has_layout = command_line_find(command_line, "keyboard", layout, sizeof layout);
    (void)keyboard_init(has_layout ? layout : nullptr, firmware->fadt.has_no_8042); // logs how it went
}

static void start_programs(const struct boot_info *boot)
{
    if (process_init(boot) != STATUS_OK)
        panic("the kernel has no memory for programs");
}

// Not compiled with the stack check, whose value it changes.
[[gnu::no_stack_protector]] void kernel_main(const struct boot_info *boot)
{
    uint64_t entry_tsc = tsc_read();
    exception_init(debug_report_exception); // from here on no fault is silent
    require_valid(boot);                    // ... and the loader's word counts
    debug_set_canary(boot->entropy[0]);     // ... and no function returns over a smashed stack
    log_init(boot->tsc[BOOT_STAMP_BOOT_SECTOR]);

    const char *command_line = report_command_line(boot);
    const char *problem = start_memory(&boot, command_line); // from here on BOOT is the kernel's own copy,
    uint64_t memory_tsc = tsc_read();
    boot_record_set(boot, command_line);
    boot_record_mark(BOOT_MARK_ENTRY, entry_tsc);
    boot_record_mark(BOOT_MARK_MEMORY, memory_tsc);
    if (problem == nullptr)
        problem = start_heap(boot->entropy[2], command_line); // ... memory of any size can be had,
    struct firmware *firmware = problem == nullptr ? kernel_heap_allocate(sizeof *firmware, 0) : nullptr;
    uint64_t heap_tsc = tsc_read();
    boot_record_mark(BOOT_MARK_HEAP, heap_tsc);
    enum log_level level = choose_log_level(command_line);
    struct outputs outputs = choose_outputs(command_line);
    start_serial((uint16_t)boot->uart_port, outputs.has_serial, level); // ... the log is read
    if (outputs.has_screen)
        screen_start(&boot->video, command_line, problem == nullptr, level); // ... on the screen too
    boot_record_mark(BOOT_MARK_SCREEN, tsc_read());
    if (problem != nullptr)
        panic("the kernel cannot set up its memory: %s", problem);
    if (firmware == nullptr)
        panic("the kernel has no memory for what the firmware's tables say");
    if (kernel_stack_init() != STATUS_OK)
        panic("the kernel has no memory for its list of stacks");

    report_boot(boot, command_line, entry_tsc);
    report_memory(memory_tsc - entry_tsc, heap_tsc - entry_tsc);
    boot_record_mark(BOOT_MARK_REPORT, tsc_read());

    read_firmware_tables(firmware, (phys_addr_t){boot->rsdp});
    power_init(&firmware->acpi); // from here on the machine can be switched off
    start_interrupts(firmware, command_line);
    boot_record_mark(BOOT_MARK_INTERRUPTS, tsc_read());
    start_time(firmware, boot, command_line); // from here on the log counts seconds
    start_storm_watch();
    cpu_interrupts_enable();
    time_check_tick();
    boot_record_mark(BOOT_MARK_TIME, tsc_read());
    start_programs(boot);
    start_input(firmware, command_line); // a keyboard's self-test takes its time, and nothing else waits for it
    boot_record_mark(BOOT_MARK_INPUT, tsc_read());
    kernel_heap_free(firmware);
    seal_memory(); // what only initialisation writes is constant from here on

    finish_if_asked(command_line);
    kernel_ready(command_line);
}
