// SPDX-License-Identifier: MIT
// Statically linked ELF64 executables for x86-64: from the first bytes of a file to a checked list of what goes where.
// Reads no file and places nothing: the caller reads the bytes that these functions point at, and decides whether the
// addresses suit it (portable/kernel_layout.h does for a kernel). Pure; any context; no allocation.
//
// Both functions return STATUS_OK, or STATUS_INVALID with PROBLEM filled and the other results undefined. Formats are
// those of the System V ABI, "Object files" (generic) and its AMD64 supplement.
#pragma once
#include <lib/problem.h>
#include <lib/status.h>
#include <stdint.h>

constexpr uint32_t ELF64_HEADER_SIZE = 64;
constexpr uint32_t ELF64_PROGRAM_HEADER_SIZE = 56;
constexpr uint32_t ELF64_PROGRAM_HEADER_LIMIT = 64; // so a program header table is at most 3584 bytes
constexpr uint32_t ELF64_SEGMENT_LIMIT = 16;
constexpr uint64_t ELF64_PAGE_SIZE = 4096; // no two segments share a page of this size

enum elf64_segment_flags : uint32_t {
    ELF64_EXECUTE = 1u << 0,
    ELF64_WRITE = 1u << 1,
    ELF64_READ = 1u << 2,
};

// What the file header says: the caller reads table_size bytes at table_offset next.
struct elf64_header {
    uint64_t entry;
    uint32_t table_offset; // bytes from the start of the file
    uint32_t table_size;   // bytes
};

// One PT_LOAD that occupies memory. The bytes from file_size to memory_size are zero and not in the file.
struct elf64_segment {
    uint64_t virtual_address;
    uint64_t memory_size; // bytes, never 0, never less than file_size
    uint32_t file_offset; // without meaning when file_size is 0
    uint32_t file_size;   // bytes
    enum elf64_segment_flags flags;
    uint32_t number; // index of its program header, as `readelf -l` counts
};

// Segments are in program-header order. They are canonical, disjoint down to the page, and none is writable and
// executable at once; the entry lies in an executable one.
struct elf64_image {
    uint64_t entry;
    uint32_t segment_count;
    uint32_t note_offset; // the first PT_NOTE, inside the file
    uint32_t note_size;   // bytes; 0 when there is none
    struct elf64_segment segments[ELF64_SEGMENT_LIMIT];
};

// Check the file header. BYTES is the start of the file, LENGTH how much of it is there (64 is enough), FILE_SIZE how
// long the file is.
enum status elf64_parse_header(const void *bytes, uint32_t length, uint32_t file_size, struct elf64_header *header,
                               struct problem *problem);

// Check the program header table: TABLE holds the header->table_size bytes that elf64_parse_header() asked for. Costs a
// few thousand instructions at most (64 headers against 16 segments).
enum status elf64_parse_segments(const struct elf64_header *header, const void *table, uint32_t file_size,
                                 struct elf64_image *image, struct problem *problem);
