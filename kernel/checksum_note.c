// SPDX-License-Identifier: MIT
// The place of the kernel's checksum: an ELF note (System V ABI, "Note Section") that the build fills in after the link
// and the loader verifies (boot/boot_info.h). Nobody in the kernel reads it.
#include <boot/boot_info.h>

struct checksum_note {
    uint32_t name_size, descriptor_size, type;
    char name[8]; // padded to a multiple of 4
    uint8_t descriptor[sizeof(struct boot_note_checksum)];
};
static_assert(sizeof(struct checksum_note) == 36, "notes have no padding but the name's");

[[gnu::section(".note.hewn"), gnu::used]] static const struct checksum_note checksum_note = {
    .name_size = sizeof "Hewn",
    .descriptor_size = sizeof checksum_note.descriptor,
    .type = BOOT_NOTE_CHECKSUM,
    .name = "Hewn",
};
