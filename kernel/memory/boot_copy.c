// SPDX-License-Identifier: MIT
// What the loader left, moved out of the memory that is about to be reused: struct boot_info, the memory map, the
// module table and the modules' names, one after the other. The command line is not among it: main has read it before.
#include "parts.h"
#include <lib/string.h>
#include <memory/memory.h>

constexpr size_t NAME_LIMIT = 256; // with its end; a path in HEWN.CFG is shorter, another loader's is cut off

static size_t name_length(const struct boot_module *module)
{
    return module->name == 0 ? 0 : strnlen(phys_to_virt((phys_addr_t){module->name}), NAME_LIMIT - 1);
}

static uint64_t size_of_copy(const struct boot_info *boot)
{
    uint64_t size = sizeof *boot + boot->memory_count * sizeof(struct boot_memory);
    for (uint32_t i = 0; i < boot->module_count; i++)
        size += sizeof(struct boot_module) + name_length(boot_module_at(boot, i)) + 1;
    return size;
}

static uint64_t copy_map(uint64_t place, const struct boot_info *boot)
{
    struct boot_memory *entries = phys_to_virt((phys_addr_t){place});
    for (uint32_t i = 0; i < boot->memory_count; i++)
        entries[i] = *memory_map_entry(boot, i);
    return place + boot->memory_count * sizeof *entries;
}

// The names follow the table.
static void copy_modules(uint64_t place, const struct boot_info *boot)
{
    struct boot_module *modules = phys_to_virt((phys_addr_t){place});
    uint64_t name = place + boot->module_count * sizeof *modules;
    for (uint32_t i = 0; i < boot->module_count; i++) {
        const struct boot_module *original = boot_module_at(boot, i);
        size_t length = name_length(original);
        char *copy = phys_to_virt((phys_addr_t){name});
        memcpy(copy, phys_to_virt((phys_addr_t){original->name}), length);
        copy[length] = '\0';
        modules[i] = (struct boot_module){name, original->base, original->size};
        name += length + 1;
    }
}

const char *boot_copy(const struct boot_info *boot, struct early *early, phys_addr_t *copy)
{
    *copy = early_allocate(early, size_of_copy(boot));
    if (copy->value == 0)
        return "not enough memory to keep the boot information";
    struct boot_info *info = phys_to_virt(*copy);
    *info = *boot;
    info->size = sizeof *info;
    info->command_line = 0;
    info->memory_map = copy->value + sizeof *info;
    info->memory_entry_size = sizeof(struct boot_memory);
    info->modules = copy_map(info->memory_map, boot);
    info->module_entry_size = sizeof(struct boot_module);
    copy_modules(info->modules, boot);
    return nullptr;
}
