// SPDX-License-Identifier: MIT
// The table of instructions that may fault (probe.asm). Called by the interrupt module.
#include <arch/cpu.h>
#include <arch/probe.h>

// probe.asm knows the order.
static_assert(offsetof(struct probe_fault, error_code) == 8 && offsetof(struct probe_fault, cr2) == 16);

struct landing {
    uint64_t instruction, landing;
};
static_assert(sizeof(struct landing) == 16, "probe.asm writes two quadwords, and kernel.ld checks the multiple");

extern const struct landing landings_start[], landings_end[]; // kernel.ld

bool probe_land(struct trap_frame *frame)
{
    constexpr uint64_t RING_MASK = 3;
    if ((frame->cs & RING_MASK) != 0)
        return false; // a program that jumps here is not the kernel
    for (const struct landing *each = landings_start; each != landings_end; each++) {
        if (each->instruction == frame->rip) {
            frame->rip = each->landing;
            frame->rax = frame->vector;
            frame->rdx = frame->error_code;
            frame->r8 = cpu_read_cr2(); // nothing has faulted since
            return true;
        }
    }
    return false;
}
