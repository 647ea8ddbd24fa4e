// SPDX-License-Identifier: MIT
// What belongs to one CPU, found through the GS base. There is one CPU so far; the others stay parked. Any context from
// gdt_load() on.
#pragma once
#include <stdint.h>

struct cpu_local {
    struct cpu_local *self; // so that one load gives the address
    uint32_t index;         // 0: the boot CPU
};

static inline struct cpu_local *cpu_local(void)
{
    struct cpu_local *self;
    __asm__("movq %%gs:0, %0" : "=r"(self));
    return self;
}
