// SPDX-License-Identifier: MIT
// What belongs to one CPU, found through the GS base. There is one CPU so far; the others stay parked. Any context from
// gdt_load() on.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct heap;

struct cpu_local {
    struct cpu_local *self; // so that one load gives the address
    uint32_t index;         // 0: the boot CPU
    struct heap *heap;      // that what runs now may use (memory/heap.h)
    uint64_t kernel_rsp;  // where entries from ring 3 begin; as in the task-state segment, which SYSCALL does not read
    uint64_t program_rsp; // of whoever executed SYSCALL, until it lies in a frame
    uint32_t is_look_wanted; // before the next return to ring 3 (arch/user.h)
};
// user_entry.asm and trap_entry.asm have the same numbers.
static_assert(offsetof(struct cpu_local, kernel_rsp) == 24);
static_assert(offsetof(struct cpu_local, program_rsp) == 32);
static_assert(offsetof(struct cpu_local, is_look_wanted) == 40);

static inline struct cpu_local *cpu_local(void)
{
    struct cpu_local *self;
    __asm__("movq %%gs:0, %0" : "=r"(self));
    return self;
}

// One instruction each.
static inline struct heap *cpu_local_heap(void)
{
    struct heap *heap;
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(heap) : "i"(offsetof(struct cpu_local, heap)));
    return heap;
}

static inline void cpu_local_set_heap(struct heap *heap)
{
    __asm__ volatile("movq %0, %%gs:%c1" : : "r"(heap), "i"(offsetof(struct cpu_local, heap)) : "memory");
}

// HEAP is the address of a variable: a part of the instruction.
[[gnu::always_inline]] static inline void cpu_local_set_static_heap(struct heap *heap)
{
    __asm__ volatile("movq %0, %%gs:%c1" : : "i"(heap), "i"(offsetof(struct cpu_local, heap)) : "memory");
}
