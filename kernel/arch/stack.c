// SPDX-License-Identifier: MIT
// The table of stacks (stacks.asm). Called by whoever describes an address; knows nothing of their use.
#include <arch/stack.h>
#include <stddef.h>

#define STACK(label) extern uint8_t label##_stack_bottom[], label##_stack_top[]
STACK(boot);
STACK(double_fault);
STACK(nmi);
STACK(machine_check);
STACK(db);

#define ROW(name, label) {name, (uint64_t)label##_stack_bottom, (uint64_t)label##_stack_top}
static const struct stack stacks[] = {
    ROW("boot", boot), ROW("double fault", double_fault), ROW("NMI", nmi), ROW("machine check", machine_check),
    ROW("debug", db),
};

const struct stack *stack_at(unsigned index)
{
    return index < sizeof stacks / sizeof *stacks ? &stacks[index] : nullptr;
}
