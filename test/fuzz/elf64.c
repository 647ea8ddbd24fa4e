// SPDX-License-Identifier: MIT
// Any file through the ELF64 parser and the placement rules: what they accept must keep the promises of their headers.
#include <elf64/elf64.h>
#include <lib/panic.h>
#include <portable/kernel_layout.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A block of its own, so that ASan sees its end. Never null.
static void *copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    ASSERT(copy);
    memcpy(copy + 1, data, size); // at an odd address
    return copy;
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
static void check_problem(const struct problem *problem)
{
    char sentence[160];
    int length = snprintf(sentence, sizeof(sentence), problem->format, problem->values[0], problem->values[1]);
    ASSERT(length > 0 && (size_t)length < sizeof(sentence));
}
#pragma clang diagnostic pop

static void check_image(const struct elf64_image *image, size_t file_size)
{
    bool has_entry = false;
    ASSERT(image->segment_count >= 1 && image->segment_count <= ELF64_SEGMENT_LIMIT);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf64_segment *segment = &image->segments[i];
        uint64_t first = segment->virtual_address, last = first + segment->memory_size - 1;
        ASSERT(segment->memory_size > 0 && last >= first && segment->file_size <= segment->memory_size);
        ASSERT(segment->file_size == 0 || (uint64_t)segment->file_offset + segment->file_size <= file_size);
        ASSERT(last < 1ull << 47 || first >= -(1ull << 47));
        ASSERT(!(segment->flags & ELF64_WRITE) || !(segment->flags & ELF64_EXECUTE));
        has_entry |= (segment->flags & ELF64_EXECUTE) && image->entry >= first && image->entry <= last;
        for (uint32_t j = 0; j < i; j++) {
            uint64_t other = image->segments[j].virtual_address;
            uint64_t other_last = other + image->segments[j].memory_size - 1;
            ASSERT(other_last / ELF64_PAGE_SIZE < first / ELF64_PAGE_SIZE ||
                   last / ELF64_PAGE_SIZE < other / ELF64_PAGE_SIZE);
        }
    }
    ASSERT(has_entry);
    ASSERT((uint64_t)image->note_offset + image->note_size <= file_size || image->note_size == 0);
}

static void check_layout(const struct elf64_image *image)
{
    struct problem problem = {};
    struct kernel_layout layout;
    if (kernel_layout_choose(image, &layout, &problem) != STATUS_OK) {
        check_problem(&problem);
        return;
    }
    ASSERT(layout.virt_base % ELF64_PAGE_SIZE == 0 && layout.size % ELF64_PAGE_SIZE == 0 && layout.size > 0);
    if (layout.placement == KERNEL_IDENTITY)
        ASSERT(layout.virt_base > 0 && layout.virt_base + layout.size <= KERNEL_IDENTITY_END);
    else
        ASSERT(layout.virt_base >= KERNEL_BLOCK_BASE && -layout.virt_base >= layout.size);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        uint64_t offset = image->segments[i].virtual_address - layout.virt_base;
        ASSERT(offset < layout.size && image->segments[i].memory_size <= layout.size - offset);
    }
}

static void check_notes(const uint8_t *data, size_t size)
{
    uint8_t *copy = copy_of(data, size);
    struct boot_note_checksum note;
    (void)kernel_find_checksum_note(copy + 1, size, &note);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_notes(data, size);

    struct problem problem = {};
    struct elf64_header header;
    uint32_t length = size < ELF64_HEADER_SIZE ? (uint32_t)size : ELF64_HEADER_SIZE;
    uint8_t *copy = copy_of(data, length);
    enum status status = elf64_parse_header(copy + 1, length, (uint32_t)size, &header, &problem);
    free(copy);
    if (status != STATUS_OK) {
        check_problem(&problem);
        return 0;
    }
    ASSERT(header.table_size >= ELF64_PROGRAM_HEADER_SIZE && header.table_size % ELF64_PROGRAM_HEADER_SIZE == 0);
    ASSERT((uint64_t)header.table_offset + header.table_size <= size);

    static struct elf64_image image;
    copy = copy_of(data + header.table_offset, header.table_size);
    status = elf64_parse_segments(&header, copy + 1, (uint32_t)size, &image, &problem);
    free(copy);
    if (status != STATUS_OK) {
        check_problem(&problem);
        return 0;
    }
    check_image(&image, size);
    check_layout(&image);
    check_notes(data + image.note_offset, image.note_size);
    return 0;
}
