// SPDX-License-Identifier: MIT
// Placement rules and the checksum note: what the boot protocol adds to an ELF64 executable. Called by stage 2's kernel
// loader; must not know the memory map or the disk.
#include <lib/string.h>
#include <portable/kernel_layout.h>

enum status kernel_layout_choose(const struct elf64_image *image, struct kernel_layout *layout, struct problem *problem)
{
    uint64_t lowest = UINT64_MAX;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf64_segment *segment = &image->segments[i];
        uint64_t last = segment->virtual_address + (segment->memory_size - 1);
        if (lowest > segment->virtual_address)
            lowest = segment->virtual_address;
        if (highest < last)
            highest = last;
    }

    problem->values[0] = lowest;
    problem->values[1] = highest;
    layout->placement = lowest >= KERNEL_BLOCK_BASE ? KERNEL_BLOCK : KERNEL_IDENTITY;
    if (layout->placement == KERNEL_IDENTITY) {
        problem->format = "linked to %llx..%llx, neither below 4 GiB nor above ffffffff80000000";
        if (highest >= KERNEL_IDENTITY_END)
            return STATUS_INVALID;
        problem->format = "linked to %llx, in page 0, which is never mapped";
        if (lowest < ELF64_PAGE_SIZE)
            return STATUS_INVALID;
    }
    // Whole pages below 4 GiB without page 0, or in the top 2 GiB: the size fits 32 bits.
    layout->virt_base = lowest & -ELF64_PAGE_SIZE;
    layout->size = ((uint32_t)highest | (uint32_t)(ELF64_PAGE_SIZE - 1)) + 1 - (uint32_t)layout->virt_base;
    return STATUS_OK;
}

// System V ABI, "Note section": name and descriptor follow, each padded to 4 bytes.
struct [[gnu::packed]] note_header {
    uint32_t name_size;
    uint32_t descriptor_size;
    uint32_t type;
};

bool kernel_find_checksum_note(const void *notes, size_t size_bytes, struct boot_note_checksum *note)
{
    static const char owner[] = "Hewn";
    const uint8_t *bytes = notes;
    while (size_bytes >= sizeof(struct note_header)) {
        const struct note_header *header = (const void *)bytes;
        uint32_t name_size = header->name_size;
        uint32_t descriptor_size = header->descriptor_size;
        bytes += sizeof(*header);
        size_bytes -= sizeof(*header);

        // Sizes are compared before they are padded: 0xffffffff would be padded to 0.
        uint32_t name_space = (name_size + 3) & ~3u;
        if (name_size > size_bytes || name_space > size_bytes)
            return false;
        const uint8_t *name = bytes;
        bytes += name_space;
        size_bytes -= name_space;
        if (descriptor_size > size_bytes)
            return false;
        if (header->type == BOOT_NOTE_CHECKSUM && name_size == sizeof(owner) && descriptor_size == sizeof(*note) &&
            memcmp(name, owner, sizeof(owner)) == 0) {
            memcpy(note, bytes, sizeof(*note));
            return true;
        }

        uint32_t descriptor_space = (descriptor_size + 3) & ~3u;
        if (descriptor_space > size_bytes)
            return false;
        bytes += descriptor_space;
        size_bytes -= descriptor_space;
    }
    return false;
}
