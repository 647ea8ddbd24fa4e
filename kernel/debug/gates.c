// SPDX-License-Identifier: MIT
// The command idt: where the CPU goes when a vector arrives. Called by the shell; arch reads the table.
#include "parts.h"
#include <arch/idt.h>
#include <arch/stack.h>
#include <debug/debug.h>
#include <interrupt/vector.h>
#include <lib/command.h>
#include <lib/format.h>
#include <lib/string.h>

constexpr unsigned EXCEPTION_COUNT = 32;
constexpr size_t PLACE_LIMIT = 120;

static const char *gate_name(unsigned vector)
{
    return vector < EXCEPTION_COUNT ? vector_name(vector) : "interrupt";
}

// The name of the stack that an index of the interrupt stack table stands for: the first of the others is the boot
// stack (arch/stack.h, enum gdt_stack).
static const char *stack_name(enum gdt_stack stack)
{
    const struct stack *known = stack != GDT_STACK_CURRENT ? stack_at(stack) : nullptr;
    return known != nullptr ? known->name : "current";
}

static const char *type_name(uint8_t type)
{
    return type == IDT_INTERRUPT_GATE ? "interrupt" : type == IDT_TRAP_GATE ? "trap" : "unknown";
}

// Whether the gates of FIRST and VECTOR say the same but for where exactly they go.
static bool is_alike(unsigned first, unsigned vector)
{
    struct idt_gate_view left = idt_view(first), right = idt_view(vector);
    return left.selector == right.selector && left.type == right.type && left.ring == right.ring &&
           left.stack == right.stack && left.is_present == right.is_present && left.calls == right.calls &&
           strcmp(gate_name(first), gate_name(vector)) == 0;
}

static void say_run(struct command_call *call, unsigned first, unsigned last)
{
    struct idt_gate_view gate = idt_view(first);
    char vectors[8];
    if (first == last)
        format_string(vectors, sizeof vectors, "%u", first);
    else
        format_string(vectors, sizeof vectors, "%u-%u", first, last);
    command_print(call, "%-7s %-32s %-4u %-13s %s\n", vectors, gate_name(first), gate.ring, stack_name(gate.stack),
                  debug_function_name((const void *)gate.calls));
}

static void list_gates(struct command_call *call)
{
    command_print(call, "%-7s %-32s %-4s %-13s %s\n", "vector", "name", "ring", "stack", "handler");
    unsigned next;
    for (unsigned first = 0; first < IDT_VECTOR_COUNT; first = next) {
        for (next = first + 1; next < IDT_VECTOR_COUNT && is_alike(first, next); next++)
            ;
        if (idt_view(first).is_present)
            say_run(call, first, next - 1);
    }
}

static void explain_gate(struct command_call *call, unsigned vector)
{
    struct idt_gate_view gate = idt_view(vector);
    char entry[PLACE_LIMIT], calls[PLACE_LIMIT];
    backtrace_describe(entry, sizeof entry, gate.entry, 0);
    backtrace_describe(calls, sizeof calls, (uintptr_t)gate.calls, 0);
    command_print(call, "vector   %u, %s\n", vector, gate_name(vector));
    command_print(call, "gate     %s gate, %s\n", type_name(gate.type), gate.is_present ? "present" : "not present");
    command_print(call, "entry    0x%04x:0x%016llx\n         %s\n", gate.selector, (printable_t)gate.entry, entry);
    command_print(call, "handler  %s\n", calls);
    command_print(call, "stack    %s", stack_name(gate.stack));
    command_print(call, gate.stack == GDT_STACK_CURRENT ? "\n" : ", number %u of the interrupt stack table\n",
                  (unsigned)gate.stack);
    command_print(call, "ring     INT %u may be executed in %s\n", vector,
                  gate.ring == 3 ? "every ring" : "ring 0 alone");
    command_print(call, "code     the CPU pushes %s error code\n", idt_vector_has_error_code(vector) ? "an" : "no");
}

static enum status run_idt(struct command_call *call)
{
    if (call->argument_count == 0) {
        list_gates(call);
        return STATUS_OK;
    }
    uint64_t vector = call->arguments[0].number;
    if (vector >= IDT_VECTOR_COUNT)
        return command_fail(call, STATUS_RANGE, "there are vectors from 0 to %u", IDT_VECTOR_COUNT - 1);
    explain_gate(call, (unsigned)vector);
    return STATUS_OK;
}

COMMAND(idt, .summary = "show where exceptions and interrupts arrive", .run = run_idt,
        .details = "Ring: the highest in which INT may name the vector. Stack: \"current\" is the one\n"
                   "that was in use, or the kernel's where ring 3 was interrupted. Handler: the C\n"
                   "function behind the entry. With a vector, all that its gate says.\n",
        .parameters = {{"vector", .kind = COMMAND_NUMBER, .is_optional = true}});
