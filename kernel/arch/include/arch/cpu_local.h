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
};

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
