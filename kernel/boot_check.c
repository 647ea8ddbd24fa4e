// SPDX-License-Identifier: MIT
// Checks struct boot_info. The loader may be anybody's; a wrong one is told what it did wrong.
#include "boot_check.h"
#include <lib/address.h>

constexpr uint64_t LOW_HALF_END = 1ull << 47;
constexpr uint32_t MEMORY_COUNT_LIMIT = 65'536; // firmware gives tens
constexpr uint32_t MODULE_COUNT_LIMIT = 4096;

// Where the identity map can be: never page 0, never the kernel's half.
static bool is_mappable(uint64_t address)
{
    return address >= PAGE_SIZE && address < LOW_HALF_END;
}

const char *boot_check(const struct boot_info *info)
{
    uintptr_t address = (uintptr_t)info;
    if (address % alignof(struct boot_info) != 0 || !is_mappable(address))
        return "RDI does not hold an address of the identity map";
    if (info->magic != BOOT_INFO_MAGIC)
        return "its magic number is wrong";
    if (info->version == 0)
        return "its version is 0";
    if (info->size < sizeof *info)
        return "its size is less than version 1 of the protocol has";
    if (info->command_line != 0 && !is_mappable(info->command_line))
        return "its command line lies outside the identity map";
    if (info->memory_map == 0 || info->memory_count == 0)
        return "it has no memory map";
    if (!is_mappable(info->memory_map))
        return "its memory map lies outside the identity map";
    if (info->memory_count > MEMORY_COUNT_LIMIT || info->memory_entry_size < sizeof(struct boot_memory))
        return "its memory map has impossible dimensions";
    if (info->module_count > 0 && !is_mappable(info->modules))
        return "its module table lies outside the identity map";
    if (info->module_count > MODULE_COUNT_LIMIT ||
        (info->module_count > 0 && info->module_entry_size < sizeof(struct boot_module)))
        return "its module table has impossible dimensions";
    return nullptr;
}
