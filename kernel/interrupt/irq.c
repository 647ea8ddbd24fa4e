// SPDX-License-Identifier: MIT
// From a line to its handler. Called by drivers and, for each interrupt, by exception.c; must not know a controller's
// registers.
//
//   vectors 20h..2fh  lines of the 8259 pair
//           30h..efh  wires of I/O APICs, given out as lines are registered; but for 80h, programs' system call
//           f0h, f1h  the local APIC's timer, and ISA line 0, which ticks where that timer does not: in the highest
//                     class of priority, because the tick is what ends a storm
//           ffh       the local APIC's spurious interrupt
#include "entry.h"
#include "io_apic.h"
#include "local_apic.h"
#include "pic.h"
#include <arch/cpu.h>
#include <arch/idt.h>
#include <arch/tsc.h>
#include <interrupt/irq.h>
#include <lib/section.h>
#include <log/log.h>
#include <memory/heap.h>

constexpr uint8_t PIC_VECTOR_END = PIC_VECTOR_BASE + PIC_LINE_COUNT;
constexpr uint8_t WIRE_VECTOR_BASE = PIC_VECTOR_END;
constexpr uint8_t TIMER_VECTOR = 0xf0;
constexpr uint8_t ISA_TIMER_VECTOR = 0xf1;
constexpr uint32_t ISA_TIMER_LINE = 0;
constexpr uint32_t ISA_LINE_COUNT = 16;
constexpr uint32_t BROADCAST_ID = 0xff; // the first local APIC number that an I/O APIC cannot address

struct slot {
    irq_handler_fn *direct; // the handler, if its interrupts are always real: not on 8259 lines 7 and 15
    void *context;
    irq_handler_fn *handler; // nullptr: the vector is free
    uint64_t count;
    uint64_t count_at_check; // as irq_mask_storms() saw it last
    uint32_t worst_ticks;
    uint32_t line;
    uint32_t storm_count;
    uint8_t padding[12];
};
static_assert(sizeof(struct slot) == 64, "a power of two: found by a shift");

READ_ONLY_AFTER_INIT static struct {
    enum irq_controller controller;
    bool has_8259, has_local_apic;
    uint32_t override_count;
    struct acpi_interrupt_override overrides[ACPI_OVERRIDE_LIMIT];
} machine;

static struct {
    uint64_t spurious_count, unclaimed_count;
    struct slot slots[IDT_VECTOR_COUNT]; // by vector; those of exceptions stay free
} irqs;

static struct slot *slot_of(uint8_t vector)
{
    return &irqs.slots[vector];
}

static uint8_t vector_of(const struct slot *slot)
{
    return (uint8_t)(slot - irqs.slots);
}

// ---- an interrupt arrives

static inline void acknowledge(const struct slot *slot)
{
    if (HEWN_BREAK_NO_EOI)
        return;
    if (__builtin_expect(local_apic_end_of_interrupt != nullptr, true))
        *local_apic_end_of_interrupt = 0;
    else if (machine.controller == IRQ_CONTROLLER_PIC)
        pic_acknowledge((uint8_t)slot->line);
    else
        local_apic_acknowledge();
}

static inline void serve(struct slot *slot, irq_handler_fn *handler)
{
    uint32_t start = tsc_read_low();
    kernel_heap_close();
    handler(slot->context);
    kernel_heap_open();
    uint32_t ticks = tsc_read_low() - start;
    if (__builtin_expect(ticks > slot->worst_ticks, false))
        slot->worst_ticks = ticks;
    slot->count++;
    acknowledge(slot);
}

// A request may have been on its way when its line was masked, and one that the firmware left may come before anybody
// has registered; from the local APIC, even while the 8259s are in use. Returns false when no controller has delivered
// VECTOR.
static bool drop_unclaimed(uint8_t vector)
{
    uint8_t line = vector - PIC_VECTOR_BASE;
    if (machine.has_local_apic && local_apic_is_in_service(vector)) {
        local_apic_acknowledge();
    } else if (machine.has_8259 && vector < PIC_VECTOR_END && pic_is_in_service(line)) {
        pic_mask(line);
        pic_acknowledge(line);
    } else {
        return false;
    }
    irqs.unclaimed_count++;
    return true;
}

static bool is_spurious(uint8_t vector)
{
    if (vector == LOCAL_APIC_SPURIOUS_VECTOR)
        return machine.has_local_apic;
    return machine.has_8259 && vector < PIC_VECTOR_END && pic_is_spurious(vector - PIC_VECTOR_BASE);
}

// What is neither spurious nor in service was raised by an INT instruction, and that is nobody's interrupt.
[[gnu::noinline]] static void enter_rarely(struct trap_frame *frame, struct slot *slot)
{
    uint8_t vector = vector_of(slot);
    if (is_spurious(vector))
        irqs.spurious_count++;
    else if (slot->handler != nullptr)
        serve(slot, slot->handler);
    else if (!drop_unclaimed(vector))
        exception_report(frame);
}

void irq_enter(struct trap_frame *frame)
{
    struct slot *slot = slot_of((uint8_t)frame->vector);
    if (__builtin_expect(slot->direct == nullptr, false))
        enter_rarely(frame, slot);
    else
        serve(slot, slot->direct);
}

// ---- lines

static struct slot *find(uint32_t line)
{
    for (struct slot *slot = irqs.slots; slot != irqs.slots + sizeof irqs.slots / sizeof *irqs.slots; slot++) {
        if (slot->handler != nullptr && slot->line == line)
            return slot;
    }
    return nullptr;
}

// ISA lines are edges, active high, on the wire of the same number; the others are PCI's, level and active low; unless
// the firmware says otherwise (ACPI 6.5, 5.2.12.5).
static struct acpi_interrupt_override wiring_of(uint32_t line)
{
    for (uint32_t i = 0; i < machine.override_count; i++) {
        if (line < ISA_LINE_COUNT && machine.overrides[i].irq == line)
            return machine.overrides[i];
    }
    return (struct acpi_interrupt_override){
        .gsi = line,
        .polarity = line < ISA_LINE_COUNT ? ACPI_POLARITY_HIGH : ACPI_POLARITY_LOW,
        .trigger = line < ISA_LINE_COUNT ? ACPI_TRIGGER_EDGE : ACPI_TRIGGER_LEVEL,
    };
}

static void set_mask(const struct slot *slot, bool is_masked)
{
    if (slot->line == IRQ_LINE_LOCAL_TIMER)
        local_apic_set_timer_mask(is_masked);
    else if (machine.controller == IRQ_CONTROLLER_APIC)
        io_apic_set_mask(wiring_of(slot->line).gsi, is_masked);
    else if (is_masked)
        pic_mask((uint8_t)slot->line);
    else
        pic_unmask((uint8_t)slot->line);
}

static struct slot *free_slot_for(uint32_t line)
{
    if (line == ISA_TIMER_LINE)
        return slot_of(ISA_TIMER_VECTOR);
    for (struct slot *slot = slot_of(WIRE_VECTOR_BASE); slot != slot_of(TIMER_VECTOR); slot++) {
        if (slot->handler == nullptr && slot != slot_of(IDT_CALL_VECTOR))
            return slot;
    }
    return nullptr;
}

// Two lines may have one wire: an override gives line 0 the wire of line 2.
static bool is_wire_taken(uint32_t gsi)
{
    for (struct slot *slot = slot_of(WIRE_VECTOR_BASE); slot != slot_of(LOCAL_APIC_SPURIOUS_VECTOR); slot++) {
        if (slot->handler != nullptr && slot->line != IRQ_LINE_LOCAL_TIMER && wiring_of(slot->line).gsi == gsi)
            return true;
    }
    return false;
}

// A free vector for the wire of LINE, routed there.
static enum status claim_wire(uint32_t line, struct slot **slot)
{
    struct acpi_interrupt_override wiring = wiring_of(line);
    if (!io_apic_has(wiring.gsi))
        return STATUS_RANGE;
    if (is_wire_taken(wiring.gsi))
        return STATUS_BUSY;
    *slot = free_slot_for(line);
    if (*slot == nullptr)
        return STATUS_NO_MEMORY;
    io_apic_route(wiring.gsi, vector_of(*slot), wiring.polarity == ACPI_POLARITY_LOW,
                  wiring.trigger == ACPI_TRIGGER_LEVEL);
    return STATUS_OK;
}

static enum status claim(uint32_t line, struct slot **slot)
{
    if (find(line) != nullptr)
        return STATUS_BUSY;
    if (line == IRQ_LINE_LOCAL_TIMER) {
        *slot = slot_of(TIMER_VECTOR);
        return machine.controller == IRQ_CONTROLLER_APIC ? STATUS_OK : STATUS_RANGE;
    }
    if (machine.controller == IRQ_CONTROLLER_APIC)
        return claim_wire(line, slot);
    if (line >= PIC_LINE_COUNT || line == PIC_CASCADE_LINE || !machine.has_8259)
        return STATUS_RANGE;
    *slot = slot_of((uint8_t)(PIC_VECTOR_BASE + line));
    return STATUS_OK;
}

enum status irq_register(uint32_t line, irq_handler_fn *handler, void *context)
{
    uint64_t flags = cpu_interrupts_disable();
    struct slot *slot;
    enum status status = claim(line, &slot);
    if (status == STATUS_OK) {
        bool may_be_spurious =
            machine.controller == IRQ_CONTROLLER_PIC && (line == PIC_LAST_OF_MASTER || line == PIC_LAST_OF_SLAVE);
        slot->handler = handler;
        slot->direct = may_be_spurious ? nullptr : handler;
        slot->context = context;
        slot->line = line;
        slot->count = slot->count_at_check = 0;
        slot->worst_ticks = slot->storm_count = 0;
        set_mask(slot, false);
    }
    cpu_interrupts_restore(flags);
    return status;
}

void irq_unregister(uint32_t line)
{
    uint64_t flags = cpu_interrupts_disable();
    struct slot *slot = find(line);
    if (slot != nullptr) {
        set_mask(slot, true);
        slot->handler = slot->direct = nullptr;
    }
    cpu_interrupts_restore(flags);
}

static void set_mask_of_line(uint32_t line, bool is_masked)
{
    uint64_t flags = cpu_interrupts_disable();
    struct slot *slot = find(line);
    if (slot != nullptr)
        set_mask(slot, is_masked);
    cpu_interrupts_restore(flags);
}

void irq_mask(uint32_t line)
{
    set_mask_of_line(line, true);
}

void irq_unmask(uint32_t line)
{
    set_mask_of_line(line, false);
}

static struct irq_counters counters_of(const struct slot *slot)
{
    return (struct irq_counters){slot->count, slot->worst_ticks, slot->storm_count};
}

enum status irq_read_counters(uint32_t line, struct irq_counters *counters)
{
    uint64_t flags = cpu_interrupts_disable();
    const struct slot *slot = find(line);
    if (slot != nullptr)
        *counters = counters_of(slot);
    cpu_interrupts_restore(flags);
    return slot != nullptr ? STATUS_OK : STATUS_NOT_FOUND;
}

// The 8259s take edges: pic_init() says so.
static void describe_way(const struct slot *slot, struct irq_line *description)
{
    if (slot->line == IRQ_LINE_LOCAL_TIMER) {
        description->is_masked = local_apic_timer_is_masked();
    } else if (machine.controller == IRQ_CONTROLLER_PIC) {
        description->is_masked = pic_is_masked((uint8_t)slot->line);
    } else {
        struct io_apic_route route = io_apic_read_route(wiring_of(slot->line).gsi);
        description->has_gsi = true;
        description->gsi = wiring_of(slot->line).gsi;
        description->io_apic = route.controller;
        description->pin = route.pin;
        description->is_masked = route.is_masked;
        description->is_level = route.is_level;
        description->is_low = route.is_low;
    }
}

bool irq_next_line(unsigned *vector, struct irq_line *description)
{
    for (; *vector < IDT_VECTOR_COUNT; (*vector)++) {
        uint64_t flags = cpu_interrupts_disable();
        const struct slot *slot = slot_of((uint8_t)*vector);
        bool is_line = slot->handler != nullptr;
        if (is_line) {
            *description = (struct irq_line){
                .line = slot->line, .vector = vector_of(slot), .handler = slot->handler, .counters = counters_of(slot)};
            describe_way(slot, description);
        }
        cpu_interrupts_restore(flags);
        if (is_line) {
            (*vector)++;
            return true;
        }
    }
    return false;
}

// By number, not by time spent: on a virtual CPU, time is also what somebody else has had.
unsigned irq_mask_storms(uint64_t limit)
{
    unsigned storm_count = 0;
    uint64_t flags = cpu_interrupts_disable();
    for (unsigned vector = PIC_VECTOR_BASE; vector < IDT_VECTOR_COUNT; vector++) {
        struct slot *slot = slot_of((uint8_t)vector);
        uint64_t count = slot->count - slot->count_at_check;
        slot->count_at_check = slot->count;
        if (slot->handler == nullptr || slot->line == IRQ_LINE_LOCAL_TIMER || count <= limit)
            continue;
        set_mask(slot, true);
        slot->storm_count++;
        storm_count++;
        log_error("irq", "line %u fired %llu times in a row and is masked now", slot->line, (unsigned long long)count);
    }
    cpu_interrupts_restore(flags);
    return storm_count;
}

uint64_t irq_spurious_count(void)
{
    return irqs.spurious_count;
}

uint64_t irq_unclaimed_count(void)
{
    return irqs.unclaimed_count;
}

// ---- the choice

enum irq_controller irq_controller(void)
{
    return machine.controller;
}

// Why the APICs cannot be used, or nullptr.
static const char *find_apics(const struct acpi_madt *madt, bool is_pic_forced, uint32_t *line_count)
{
    if (madt == nullptr)
        return "the firmware describes no APICs (no MADT)";
    *line_count = io_apic_init(madt); // masks what the firmware may have left, whoever is chosen
    if (is_pic_forced)
        return "irqchip=pic";
    if (!machine.has_local_apic)
        return "the CPU has no local APIC";
    if (local_apic_id() >= BROADCAST_ID)
        return "no I/O APIC can reach this CPU";
    return *line_count == 0 ? "no I/O APIC answers" : nullptr;
}

static void use_apics(const struct acpi_madt *madt, uint32_t line_count)
{
    uint32_t id = local_apic_id();
    machine.controller = IRQ_CONTROLLER_APIC;
    machine.override_count = madt->override_count;
    for (uint32_t i = 0; i < madt->override_count; i++)
        machine.overrides[i] = madt->overrides[i];
    local_apic_init(madt, TIMER_VECTOR);
    io_apic_route_all_to(madt, (uint8_t)id);
    log_info("irq", "local APIC %u, I/O APICs with %u lines", id, line_count);
}

static void use_8259(const char *reason)
{
    machine.controller = IRQ_CONTROLLER_PIC;
    if (machine.has_local_apic)
        local_apic_init_for_pic();
    if (machine.has_8259)
        log_info("irq", "8259 pair: %s", reason);
    else
        log_error("irq", "no interrupts: %s, and no 8259 pair answers", reason);
}

void irq_init(const struct acpi_madt *madt, bool is_pic_forced)
{
    uint32_t line_count = 0;
    machine.has_8259 = pic_init();
    machine.has_local_apic = local_apic_find();
    const char *obstacle = find_apics(madt, is_pic_forced, &line_count);
    if (obstacle == nullptr)
        use_apics(madt, line_count);
    else
        use_8259(obstacle);
}
