// SPDX-License-Identifier: MIT
// From an address of the kernel's text to function, file and line, by the tables that the build puts behind the kernel
// (cmake/tools/symbol_table.py, which writes this layout). Owns nothing: the table is handed in. Believes nothing that
// the table says about itself, because a kernel that is dying may have damaged it. Any context. Exported names start
// with symbols_.
#pragma once
#include <stddef.h>
#include <stdint.h>

constexpr uint64_t SYMBOL_TABLE_MAGIC = 0x4c42'4d59'534e'5748; // "HWNSYMBL"
constexpr uint16_t SYMBOL_NO_FILE = 0xffff;

// Behind it lie the functions, the rows, the places of the files' names, and the strings, each ending in a zero.
struct symbol_table {
    uint64_t magic;
    uint64_t start;      // the address that offsets count from
    uint32_t size_bytes; // of the text
    uint32_t function_count;
    uint32_t row_count;
    uint32_t file_count;
    uint32_t string_bytes;
    uint32_t reserved;
};
static_assert(sizeof(struct symbol_table) == 40);

// Each reaches to the next one, the last to the end of the text; in the order of their offsets.
struct symbol_function {
    uint32_t offset;
    uint32_t name; // place in the strings
};
static_assert(sizeof(struct symbol_function) == 8);

struct symbol_row {
    uint32_t offset;
    uint16_t file; // SYMBOL_NO_FILE: nothing is known from here on
    uint16_t line; // 0: the compiler's own code
};
static_assert(sizeof(struct symbol_row) == 8);

struct symbol_place {
    const char *function; // nullptr: unknown
    uint64_t offset;      // of the address in the function
    const char *file;     // relative to the source tree; nullptr: unknown
    uint32_t line;        // 0: unknown
};

// Say what lies at ADDRESS. TABLE has SIZE_BYTES readable bytes and may hold anything. Returns false, and a PLACE of
// unknowns, when it tells nothing about ADDRESS. O(log n).
bool symbols_find(const void *table, size_t size_bytes, uint64_t address, struct symbol_place *place);
