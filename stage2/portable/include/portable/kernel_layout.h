// SPDX-License-Identifier: MIT
// Where a kernel may be placed: the rules of the boot protocol (docs/boot-protocol.md, "Placement") on top of a checked
// ELF64 image. Decides; loads nothing, and does not know which physical memory is free. Pure; any context.
#pragma once
#include <boot/boot_info.h>
#include <elf64/elf64.h>
#include <lib/problem.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

constexpr uint64_t KERNEL_BLOCK_BASE = 0xffff'ffff'8000'0000; // from here up a kernel is loaded as one block
constexpr uint64_t KERNEL_IDENTITY_END = 0x1'0000'0000;       // below this, at physical = virtual

enum kernel_placement : uint32_t {
    KERNEL_BLOCK,    // to any physical run of `size` bytes: physical = run + (virtual - virt_base)
    KERNEL_IDENTITY, // each segment to physical = virtual
};

struct kernel_layout {
    uint64_t virt_base; // the lowest segment's first page
    uint32_t size;      // bytes from there to the end of the last segment's last page; gaps between segments included
    enum kernel_placement placement;
};

// Returns STATUS_INVALID and fills PROBLEM when the boot protocol has no place for IMAGE.
enum status kernel_layout_choose(const struct elf64_image *image, struct kernel_layout *layout,
                                 struct problem *problem);

// Find the checksum note (boot/boot_info.h) among SIZE_BYTES of ELF notes, which may be damaged. Returns false when it
// is not there or has another size. NOTES needs no alignment.
bool kernel_find_checksum_note(const void *notes, size_t size_bytes, struct boot_note_checksum *note);
