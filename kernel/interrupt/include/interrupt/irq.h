// SPDX-License-Identifier: MIT
// Interrupt lines: from a device's wire to a handler. Owns the choice of controller (8259 pair, or local APIC and I/O
// APICs) and the vectors above 31; knows nothing of what a handler does. Exported names start with irq_.
//
//   line    the device's wire: ISA IRQ 0..15, which source overrides may wire elsewhere, or a GSI above that
//   vector  what the CPU sees; only this module maps lines to vectors
//
// Usable from irq_init() on. All functions but irq_init() may be called from any context but NMI, #MC and #DB handlers;
// they close interrupts for a bounded time.
#pragma once
#include <acpi/acpi.h>
#include <lib/status.h>
#include <stdint.h>

// Runs with interrupts closed, on the interrupted stack; the line is acknowledged when it returns. Must not allocate,
// wait or log.
typedef void irq_handler_fn(void *context);

enum irq_controller : uint8_t {
    IRQ_CONTROLLER_PIC, // 8259 pair
    IRQ_CONTROLLER_APIC // local APIC and at least one I/O APIC
};

// Lines that are no wire: the timer of this CPU's local APIC.
constexpr uint32_t IRQ_LINE_LOCAL_TIMER = 0x1'0000;

// Take over the interrupt controllers, every line masked: APICs when the CPU has one, MADT (nullptr: no table) names an
// I/O APIC that answers, and IS_PIC_FORCED does not forbid it; otherwise the 8259 pair, remapped out of the exceptions'
// way. The pair is remapped and masked in either case. Logs what it chose and why. Interrupts are closed before and
// after; cpu_interrupts_enable() is the caller's.
void irq_init(const struct acpi_madt *madt, bool is_pic_forced);

enum irq_controller irq_controller(void);

// Route LINE to HANDLER and unmask it. STATUS_BUSY when the line is taken, STATUS_RANGE when no controller has it.
[[nodiscard]] enum status irq_register(uint32_t line, irq_handler_fn *handler, void *context);

// Mask LINE and forget its handler and counters. Nothing happens when it has none.
void irq_unregister(uint32_t line);

// Hold back, or let through, a line that has a handler. An edge that arrives at a masked I/O APIC line is lost.
void irq_mask(uint32_t line);
void irq_unmask(uint32_t line);

struct irq_counters {
    uint64_t count;       // interrupts handled
    uint32_t worst_ticks; // the longest time in the handler, in ticks of the TSC, modulo 2^32
    uint32_t storm_count; // times that irq_mask_storms() has masked it
};

// STATUS_NOT_FOUND when LINE has no handler.
enum status irq_read_counters(uint32_t line, struct irq_counters *counters);

// A line that has a handler, as its controller has it now.
struct irq_line {
    uint32_t line;
    uint8_t vector;
    uint8_t io_apic, pin; // where its wire ends, if it has one
    bool has_gsi;         // false: it is the 8259 pair's, or no wire
    bool is_masked, is_level, is_low;
    uint32_t gsi;
    irq_handler_fn *handler;
    struct irq_counters counters;
};

// Describe the first such line at or behind *VECTOR, 0 to begin with, and move *VECTOR behind it. False: there is none.
[[nodiscard]] bool irq_next_line(unsigned *vector, struct irq_line *description);

// Mask each line that has had more than LIMIT interrupts since the last call, with an error in the log: a device that
// nobody can quiet must not take the whole CPU. Returns how many that were. The local timer is exempt.
unsigned irq_mask_storms(uint64_t limit);

// Interrupts that no line stood behind when they were looked at: IRQ 7 and 15 of the 8259s, the spurious vector of the
// local APIC.
uint64_t irq_spurious_count(void);

// Interrupts of lines without a handler: requests that were on their way when the line was masked, or left over from
// the firmware.
uint64_t irq_unclaimed_count(void);
