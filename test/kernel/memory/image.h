// SPDX-License-Identifier: MIT
// Where the kernel's image lies in physical memory, as the page tables say. For the tests of memory.
#pragma once
#include <arch/kernel_image.h>
#include <framework/test.h>
#include <memory/memory.h>

static inline phys_addr_t image_phys(virt_addr_t address)
{
    phys_addr_t phys;
    CHECK(page_table_translate(memory_page_tables(), address, &phys));
    return phys;
}
