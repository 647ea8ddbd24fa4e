// SPDX-License-Identifier: MIT
// Brings the kernel and its modules from the volume to memory that the map says is usable, and claims it there. Stops
// with a sentence when a file or the memory does not allow it.
#pragma once
#include <boot/boot_info.h>
#include <elf64/elf64.h>
#include <portable/kernel_layout.h>
#include <portable/memory_map.h>

struct loaded_kernel {
    struct elf64_image image;
    struct kernel_layout layout;
    uint32_t phys_base; // of layout.virt_base; for an identity kernel the same number
    bool has_checksum;
    struct boot_note_checksum checksum;
};

void load_kernel(const char *path, struct memory_map *map, struct loaded_kernel *kernel);

// Fills MODULE; PATH must stay where it is, because module->name points to it.
void load_module(const char *path, struct memory_map *map, struct boot_module *module);

// Physical address of a segment's first byte.
uint32_t load_segment_address(const struct loaded_kernel *kernel, const struct elf64_segment *segment);
