// SPDX-License-Identifier: MIT
// The operand of LGDT and LIDT in long mode (Intel SDM vol. 3, 2.4). For gdt.c and idt.c only.
#pragma once
#include <stdint.h>

struct [[gnu::packed]] table_register {
    uint16_t limit; // bytes - 1
    uint64_t base;
};
static_assert(sizeof(struct table_register) == 10);
