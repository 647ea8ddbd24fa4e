// SPDX-License-Identifier: MIT
// Asks the CPU and the machine what the cause of an exception needs to know. Called by the report; knows where things
// are read, not what they mean.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/debug_registers.h>
#include <arch/port.h>
#include <arch/probe.h>
#include <arch/stack.h>

constexpr uint16_t SYSTEM_CONTROL_PORT_B = 0x61; // IBM PC/AT technical reference
constexpr uint64_t NMI = 2;
constexpr uint64_t LOW_HALF_END = 1ull << 47;
constexpr uint64_t RING_MASK = 3;
constexpr unsigned STACK_LIMIT = 16;

// kernel.ld
extern const uint8_t text_start[], text_end[], constants_start[], constants_end[], sealed_start[], sealed_end[],
    data_start[], data_end[], symbol_table_start[], symbol_table_end[];

// Not on the stack, which may be nearly full; a nested report fills them with the same values or its own.
static struct cause_region regions[STACK_LIMIT + 6];
static struct cause_register registers[REGISTER_COUNT];
static struct cause_facts facts;

static unsigned list_regions(void)
{
    unsigned count = 0;
    const struct stack *stack;
    for (unsigned i = 0; i < STACK_LIMIT && (stack = stack_at(i)) != nullptr; i++)
        regions[count++] = (struct cause_region){stack->name, stack->bottom, stack->top, .is_stack = true};
    const struct cause_region others[] = {
        {"kernel text", (uint64_t)text_start, (uint64_t)text_end, false},
        {"kernel constants", (uint64_t)constants_start, (uint64_t)constants_end, false},
        {"kernel data that is read-only after initialisation", (uint64_t)sealed_start, (uint64_t)sealed_end, false},
        {"kernel data", (uint64_t)data_start, (uint64_t)data_end, false},
        {"table of symbols", (uint64_t)symbol_table_start, (uint64_t)symbol_table_end, false},
        {"lower half, where memory lies at its physical address", 0, LOW_HALF_END, false},
    };
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        regions[count++] = others[i];
    return count;
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
        .region_count = list_regions(),
    };
    size_t missing = facts.is_user ? probe_copy_from_user(facts.code, (const void *)frame->rip, sizeof facts.code)
                                   : probe_copy(facts.code, (const void *)frame->rip, sizeof facts.code);
    facts.code_length = (uint8_t)(sizeof facts.code - missing);
    return &facts;
}
