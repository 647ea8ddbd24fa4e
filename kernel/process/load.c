// SPDX-License-Identifier: MIT
// From a file to a program that can begin: segments become areas whose pages are read from the file when they are first
// touched, and the stack gets what the ABI wants there. Called by program_start(); knows no task.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/gdt.h>
#include <elf64/elf64.h>
#include <initial_stack/initial_stack.h>
#include <memory/heap.h>

constexpr size_t INITIAL_STACK_MOST = 128 << 10;
constexpr uint64_t CLOCK_TICKS_PER_SECOND = 100; // of times(), which is not there

struct image {
    struct elf64_header header;
    struct elf64_image elf;
    uint64_t header_address; // where the program finds its program headers; 0: it does not
};

// ---- segments

static enum area_rights rights_of(enum elf64_segment_flags flags)
{
    return (flags & ELF64_READ ? AREA_READ : AREA_NONE) | (flags & ELF64_WRITE ? AREA_READ | AREA_WRITE : AREA_NONE) |
           (flags & ELF64_EXECUTE ? AREA_READ | AREA_EXECUTE : AREA_NONE);
}

static enum status map_segment(struct program *self, const struct file_node *file, const struct elf64_segment *segment,
                               struct problem *problem)
{
    uint64_t start = page_down(segment->virtual_address), before = segment->virtual_address - start;
    uint64_t end = segment->virtual_address + segment->memory_size;
    if (segment->virtual_address < PROGRAM_BOTTOM || end > STACK_GUARD_BOTTOM)
        return problem_report(problem, STATUS_INVALID, "linked to where no program can be: segment %llu at %llx",
                              segment->number, segment->virtual_address);
    if (segment->file_size != 0 && (segment->file_offset - segment->virtual_address) % PAGE_SIZE != 0)
        return problem_report(problem, STATUS_INVALID,
                              "not made for pages: segment %llu at %llx lies otherwise in the file", segment->number,
                              segment->virtual_address);
    struct area area = {.start = start, .end = page_down(end + PAGE_SIZE - 1), .rights = rights_of(segment->flags)};
    if (segment->file_size != 0) {
        area.source = file->bytes + segment->file_offset - before;
        area.source_bytes = segment->file_size + before;
    }
    if (area.end > self->break_start)
        self->break_start = self->break_end = area.end;
    return space_map(self, &area) == STATUS_OK
               ? STATUS_OK
               : problem_report(problem, STATUS_NO_MEMORY, "too large: there is no memory for segment %llu",
                                segment->number, 0);
}

// The table of program headers is in memory as a part of some segment, if it is.
static void find_headers(struct image *image)
{
    uint64_t table = image->header.table_offset, end = table + image->header.table_size;
    for (uint32_t i = 0; i < image->elf.segment_count; i++) {
        const struct elf64_segment *segment = &image->elf.segments[i];
        if (table >= segment->file_offset && end <= (uint64_t)segment->file_offset + segment->file_size)
            image->header_address = segment->virtual_address + (table - segment->file_offset);
    }
}

static enum status map_file(struct program *self, const struct file_node *file, struct image *image,
                            struct problem *problem)
{
    if (file->size_bytes > UINT32_MAX)
        return problem_report(problem, STATUS_INVALID, "too large: %llu bytes", file->size_bytes, 0);
    uint32_t size_bytes = (uint32_t)file->size_bytes;
    enum status status = elf64_parse_header(file->bytes, size_bytes, size_bytes, &image->header, problem);
    if (status == STATUS_OK)
        status = elf64_parse_segments(&image->header, file->bytes + image->header.table_offset, size_bytes, &image->elf,
                                      problem);
    for (uint32_t i = 0; status == STATUS_OK && i < image->elf.segment_count; i++)
        status = map_segment(self, file, &image->elf.segments[i], problem);
    if (status == STATUS_OK)
        find_headers(image);
    return status;
}

// ---- the stack

// The page below it is taken, too, so that nothing is ever put there.
static enum status map_stack(struct program *self)
{
    struct area guard = {.start = STACK_GUARD_BOTTOM, .end = STACK_BOTTOM, .rights = AREA_NONE};
    struct area stack = {.start = STACK_BOTTOM, .end = PROGRAM_TOP, .rights = AREA_READ | AREA_WRITE};
    enum status status = space_map(self, &guard);
    return status == STATUS_OK ? space_map(self, &stack) : status;
}

static enum status write_stack(const struct image *image, const struct program_options *options, uint8_t *buffer,
                               uint64_t *rsp)
{
    uint8_t random_bytes[16];
    random_fill(&process_random, random_bytes, sizeof random_bytes);
    const struct auxiliary auxiliaries[] = {
        {AUXILIARY_PROGRAM_HEADERS, image->header_address},
        {AUXILIARY_PROGRAM_HEADER_SIZE, ELF64_PROGRAM_HEADER_SIZE},
        {AUXILIARY_PROGRAM_HEADER_COUNT, image->header.table_size / ELF64_PROGRAM_HEADER_SIZE},
        {AUXILIARY_PAGE_SIZE, PAGE_SIZE},
        {AUXILIARY_BASE, 0},
        {AUXILIARY_FLAGS, 0},
        {AUXILIARY_ENTRY, image->elf.entry},
        {AUXILIARY_USER, 0},
        {AUXILIARY_EFFECTIVE_USER, 0},
        {AUXILIARY_GROUP, 0},
        {AUXILIARY_EFFECTIVE_GROUP, 0},
        {AUXILIARY_CPU_FEATURES, cpuid(1, 0).edx},
        {AUXILIARY_CLOCK_TICKS, CLOCK_TICKS_PER_SECOND},
        {AUXILIARY_SECURE, 0},
    };
    const struct initial_stack stack = {
        .arguments = options->arguments,
        .environment = options->environment,
        .path = options->path,
        .random = random_bytes,
        .auxiliaries = auxiliaries,
        .auxiliary_count = sizeof auxiliaries / sizeof *auxiliaries,
    };
    return initial_stack_write(&stack, buffer, INITIAL_STACK_MOST, PROGRAM_TOP, rsp);
}

static enum status make_stack(struct program *self, const struct image *image, const struct program_options *options,
                              struct problem *problem)
{
    uint64_t rsp = PROGRAM_TOP;
    uint8_t *buffer = kernel_heap_allocate_zeroed(INITIAL_STACK_MOST, 0);
    enum status status = buffer != nullptr ? map_stack(self) : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = write_stack(image, options, buffer, &rsp);
    if (status == STATUS_OK)
        status = space_place(self, rsp, buffer + INITIAL_STACK_MOST - (PROGRAM_TOP - rsp), PROGRAM_TOP - rsp);
    kernel_heap_free(buffer);
    self->start.rsp = rsp;
    if (status == STATUS_RANGE)
        return problem_report(problem, STATUS_RANGE,
                              "given too much: arguments and environment have more than %llu bytes", INITIAL_STACK_MOST,
                              0);
    return status == STATUS_OK ? STATUS_OK
                               : problem_report(problem, status, "too large: no memory for its stack", 0, 0);
}

enum status load_program(struct program *self, const struct program_options *options, struct problem *problem)
{
    constexpr uint64_t RFLAGS_RESERVED_ONE = 1u << 1;
    struct image image = {};
    enum status status = map_file(self, self->file, &image, problem);
    if (status == STATUS_OK)
        status = make_stack(self, &image, options, problem);
    self->start.rip = image.elf.entry;
    self->start.cs = GDT_USER_CODE | GDT_RING_3;
    self->start.ss = GDT_USER_DATA | GDT_RING_3;
    self->start.rflags = RFLAGS_RESERVED_ONE | CPU_RFLAGS_INTERRUPT;
    return status;
}
