// SPDX-License-Identifier: MIT
// Asks the CPU and the machine what the cause of an exception needs to know. Called by the report; knows where things
// are read, not what they mean.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/debug_registers.h>
#include <arch/gdt.h>
#include <arch/kernel_image.h>
#include <arch/port.h>
#include <arch/probe.h>
#include <arch/stack.h>
#include <memory/layout.h>
#include <memory/phys_map.h>
#include <memory/stack.h>

constexpr uint16_t SYSTEM_CONTROL_PORT_B = 0x61; // IBM PC/AT technical reference
constexpr uint64_t NMI = 2;
constexpr uint64_t LOW_HALF_END = 1ull << 47;
constexpr uint64_t RING_MASK = 3;
constexpr unsigned REGION_LIMIT = 32;

// Not on the stack, which may be nearly full; a nested report fills them with the same values or its own.
static struct cause_region regions[REGION_LIMIT];
static unsigned region_count;
static struct cause_register registers[REGISTER_COUNT];
static struct cause_facts facts;

static void add_region(const struct cause_region *region)
{
    if (region_count < REGION_LIMIT)
        regions[region_count++] = *region;
}

// What is left of its last page is its own, too.
static void add_part(const char *name, const uint8_t *start, const uint8_t *end)
{
    uint64_t page_end = ((uint64_t)end + PAGE_SIZE - 1) & -PAGE_SIZE;
    add_region(&(struct cause_region){name, (uint64_t)start, page_end, .is_stack = false});
}

// Of the stacks made at run time, the one of ADDRESS will do.
static void list_stacks(uint64_t address)
{
    struct kernel_stack made;
    if (kernel_stack_find((virt_addr_t){address}, &made))
        add_region(&(struct cause_region){nullptr, made.bottom.value, made.top.value, .is_stack = true});
    const struct stack *stack;
    for (unsigned i = 0; (stack = stack_at(i)) != nullptr; i++)
        add_region(&(struct cause_region){stack->name, stack->bottom, stack->top, .is_stack = true});
}

static void list_regions(uint64_t address)
{
    region_count = 0;
    list_stacks(address);
    add_part("kernel text", text_start, text_end);
    add_part("kernel constants", constants_start, constants_end);
    add_part("kernel data that is read-only after initialisation", sealed_start, sealed_end);
    add_part("kernel data", data_start, data_end);
    add_part("table of symbols", symbol_table_start, symbol_table_end);
    for (unsigned i = 0; i < MEMORY_REGION_COUNT; i++) {
        const struct memory_region *region = &memory_regions[i].region;
        add_region(&(struct cause_region){memory_regions[i].name, region->start, region->start + region->size_bytes,
                                          .is_stack = false});
    }
    if (phys_map_base == 0) // the loader's page tables are still in use
        add_region(&(struct cause_region){"lower half, where memory lies at its physical address", 0, LOW_HALF_END,
                                          .is_stack = false});
}

static void list_registers(const struct trap_frame *frame)
{
    const struct cause_register all[REGISTER_COUNT] = {
        {"rax", frame->rax}, {"rbx", frame->rbx}, {"rcx", frame->rcx}, {"rdx", frame->rdx}, {"rsi", frame->rsi},
        {"rdi", frame->rdi}, {"rbp", frame->rbp}, {"r8", frame->r8},   {"r9", frame->r9},   {"r10", frame->r10},
        {"r11", frame->r11}, {"r12", frame->r12}, {"r13", frame->r13}, {"r14", frame->r14}, {"r15", frame->r15},
    };
    for (unsigned i = 0; i < REGISTER_COUNT; i++)
        registers[i] = all[i];
}

const struct cause_facts *facts_collect(const struct exception *exception)
{
    const struct trap_frame *frame = exception->frame;
    list_registers(frame);
    list_regions(exception->cr2);
    facts = (struct cause_facts){
        .vector = frame->vector,
        .error_code = frame->error_code,
        .cr0 = cpu_read_cr0(),
        .cr2 = exception->cr2,
        .dr6 = debug_status_read(),
        .is_user = (frame->cs & RING_MASK) != 0,
        .port_61 = frame->vector == NMI ? port_read8(SYSTEM_CONTROL_PORT_B) : 0,
        .registers = registers,
        .register_count = REGISTER_COUNT,
        .regions = regions,
        .region_count = region_count,
    };
    size_t missing = facts.is_user ? probe_copy_from_user(facts.code, (const void *)frame->rip, sizeof facts.code)
                                   : probe_copy(facts.code, (const void *)frame->rip, sizeof facts.code);
    facts.code_length = (uint8_t)(sizeof facts.code - missing);
    return &facts;
}

const struct cause_facts *facts_collect_access(uint64_t address, const struct probe_fault *fault)
{
    struct trap_frame frame = {.rip = (uintptr_t)facts_collect_access, .cs = GDT_KERNEL_CODE};
    if (fault != nullptr) {
        frame.vector = fault->vector;
        frame.error_code = fault->error_code;
    }
    return facts_collect(&(struct exception){&frame, address});
}
