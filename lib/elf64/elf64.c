// SPDX-License-Identifier: MIT
// The checks behind elf64/elf64.h. Each returns the sentence that is wrong, or nullptr, and leaves that sentence's
// values in the problem beforehand: that is the smallest code for two dozen checks. Called by stage 2 for the kernel
// and by the kernel for programs; must not know what either is.
#include <elf64/elf64.h>
#include <stdckdint.h>

// Table and header come from a file buffer, at any alignment.
struct [[gnu::packed]] file_header {
    uint32_t magic;
    uint8_t class;
    uint8_t encoding;
    uint8_t identification[10];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers;
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_header_size;
    uint16_t program_header_count;
    uint16_t section_fields[3];
};
static_assert(sizeof(struct file_header) == ELF64_HEADER_SIZE);

struct [[gnu::packed]] program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address; // ignored: design puts segments by virtual address alone
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};
static_assert(sizeof(struct program_header) == ELF64_PROGRAM_HEADER_SIZE);

constexpr uint32_t MAGIC = 0x464c'457f; // 7f 'E' 'L' 'F'
constexpr uint8_t CLASS_64 = 2;
constexpr uint8_t ENCODING_LITTLE_ENDIAN = 1;
constexpr uint16_t TYPE_EXECUTABLE = 2;
constexpr uint16_t TYPE_SHARED = 3; // also what -pie makes
constexpr uint16_t MACHINE_X86_64 = 62;
constexpr uint32_t SEGMENT_LOAD = 1;
constexpr uint32_t SEGMENT_INTERPRETER = 3;
constexpr uint32_t SEGMENT_NOTE = 4;

constexpr int CANONICAL_SHIFT = 47; // bits 63:47 of a canonical address are equal (SDM Vol. 1, 3.3.7.1)
constexpr uint32_t CANONICAL_HIGH = 0x1'ffff;

// Say that the file should reach END. Returns the sentence when FILE_SIZE is less. Inlined it would cost 32 bytes.
[[gnu::noinline]] static const char *truncation(uint64_t end, uint32_t file_size, struct problem *problem)
{
    problem->values[0] = end;
    problem->values[1] = file_size;
    return end > file_size ? "truncated: it needs %llu bytes and has %llu" : nullptr;
}

static const char *header_fault(const struct file_header *file, uint32_t length, uint32_t file_size,
                                struct elf64_header *header, struct problem *problem)
{
    const char *fault = truncation(ELF64_HEADER_SIZE, length, problem);
    if (fault)
        return fault;

    problem->values[0] = __builtin_bswap32(file->magic);
    if (file->magic != MAGIC)
        return "not an ELF file: it starts with %llx, not 7f454c46";

    problem->values[0] = file->class;
    if (file->class != CLASS_64)
        return "not 64-bit (ELF class %llu); compile it with -m64";

    problem->values[0] = file->encoding;
    if (file->encoding != ENCODING_LITTLE_ENDIAN)
        return "not little-endian (ELF encoding %llu)";

    problem->values[0] = file->machine;
    if (file->machine != MACHINE_X86_64)
        return "for machine %llu; x86-64 is 62";

    problem->values[0] = file->type;
    if (file->type == TYPE_SHARED)
        return "position-independent; link it with -static -no-pie";
    if (file->type != TYPE_EXECUTABLE)
        return "not an executable (ELF type %llu); link it";

    problem->values[0] = file->program_header_size;
    if (file->program_header_size != ELF64_PROGRAM_HEADER_SIZE)
        return "program headers of %llu bytes, not 56";

    uint32_t count = file->program_header_count;
    problem->values[0] = count;
    if (count - 1 >= ELF64_PROGRAM_HEADER_LIMIT)
        return "%llu program headers; 1 to 64 are allowed";

    header->entry = file->entry;
    header->table_offset = (uint32_t)file->program_headers;
    header->table_size = count * ELF64_PROGRAM_HEADER_SIZE;
    uint64_t table_end;
    if (ckd_add(&table_end, file->program_headers, header->table_size))
        table_end = UINT64_MAX;
    return truncation(table_end, file_size, problem);
}

enum status elf64_parse_header(const void *bytes, uint32_t length, uint32_t file_size, struct elf64_header *header,
                               struct problem *problem)
{
    problem->format = header_fault(bytes, length, file_size, header, problem);
    return problem->format ? STATUS_INVALID : STATUS_OK;
}

static uint64_t last_byte(const struct elf64_segment *segment)
{
    return segment->virtual_address + (segment->memory_size - 1);
}

// Check SEGMENT by itself and against the ones that the image has already.
static const char *segment_fault(const struct elf64_image *image, const struct elf64_segment *segment,
                                 struct problem *problem)
{
    uint64_t first = segment->virtual_address;
    uint64_t last = last_byte(segment);
    uint32_t half = (uint32_t)(first >> CANONICAL_SHIFT);
    problem->values[0] = segment->number;
    problem->values[1] = first;
    if (last < first || half != last >> CANONICAL_SHIFT || (half != 0 && half != CANONICAL_HIGH))
        return "segment %llu at %llx leaves the address space";

    if ((segment->flags & (ELF64_WRITE | ELF64_EXECUTE)) == (ELF64_WRITE | ELF64_EXECUTE))
        return "segment %llu at %llx is writable and executable";

    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf64_segment *other = &image->segments[i];
        problem->values[1] = other->number;
        if ((first & -ELF64_PAGE_SIZE) <= last_byte(other) && (other->virtual_address & -ELF64_PAGE_SIZE) <= last)
            return "segments %llu and %llu overlap or share a page";
    }
    return nullptr;
}

static const char *segments_fault(const struct elf64_header *header, const struct program_header *table,
                                  uint32_t file_size, struct elf64_image *image, struct problem *problem)
{
    bool has_entry = false;
    image->entry = header->entry;
    image->segment_count = 0;
    image->note_size = 0;

    uint32_t count = header->table_size / ELF64_PROGRAM_HEADER_SIZE;
    for (uint32_t number = 0; number < count; number++, table++) {
        if (table->type == SEGMENT_INTERPRETER)
            return "dynamically linked; link it with -static";
        if (table->type != SEGMENT_LOAD && table->type != SEGMENT_NOTE)
            continue;

        // Linkers let a segment without file bytes (.bss) start beyond the end of the file.
        uint64_t file_end = 0;
        if (table->file_size != 0 && ckd_add(&file_end, table->offset, table->file_size))
            file_end = UINT64_MAX;
        const char *fault = truncation(file_end, file_size, problem);
        if (fault)
            return fault;

        if (table->type == SEGMENT_NOTE) {
            if (image->note_size == 0) {
                image->note_offset = (uint32_t)table->offset;
                image->note_size = (uint32_t)table->file_size;
            }
            continue;
        }

        problem->values[0] = number;
        if (table->file_size > table->memory_size)
            return "segment %llu has more bytes in the file than in memory";
        if (table->memory_size == 0)
            continue;
        if (image->segment_count == ELF64_SEGMENT_LIMIT)
            return "more than 16 segments to load";

        struct elf64_segment *segment = &image->segments[image->segment_count];
        *segment = (struct elf64_segment){
            .virtual_address = table->virtual_address,
            .memory_size = table->memory_size,
            .file_offset = (uint32_t)table->offset,
            .file_size = (uint32_t)table->file_size,
            .flags = (enum elf64_segment_flags)table->flags,
            .number = number,
        };
        fault = segment_fault(image, segment, problem);
        if (fault)
            return fault;
        image->segment_count++;
        if ((table->flags & ELF64_EXECUTE) && header->entry - table->virtual_address < table->memory_size)
            has_entry = true;
    }

    if (image->segment_count == 0)
        return "no segment to load";
    problem->values[0] = header->entry;
    return has_entry ? nullptr : "entry point %llx is outside every executable segment";
}

enum status elf64_parse_segments(const struct elf64_header *header, const void *table, uint32_t file_size,
                                 struct elf64_image *image, struct problem *problem)
{
    problem->format = segments_fault(header, table, file_size, image, problem);
    return problem->format ? STATUS_INVALID : STATUS_OK;
}
