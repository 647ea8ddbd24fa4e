// SPDX-License-Identifier: MIT
// From an address of the kernel's text to function, file and line, by the tables that the build puts behind the kernel
// (cmake/tools/symbol_table.py, which writes this layout). Owns nothing: the table is handed in. Believes nothing that
// the table says about itself, because a kernel that is dying may have damaged it. Any context. Exported names start
// with symbols_.
#pragma once
#include <stddef.h>
#include <stdint.h>

constexpr uint64_t SYMBOL_TABLE_MAGIC = 0x4c42'4d59'534e'5748; // "HWNSYMBL"

// Behind it lie the functions; the places of the files' names in the strings, 32 bits each; the rows; and the strings,
// each ending in a zero.
//
// A row says from which address on which line counts, up to the next row. Rows are numbers in LEB128 (seven bits a
// byte, the lowest first, the highest bit: more follow), two or three for each, relative to the row before; the first
// one of a function to its start, file 0 and line 0:
//   distance of the addresses times 2, plus 1 if the file is another one
//   that file, if so, counted from 1; 0: nothing is known from here on
//   the line's distance d, as 2 * d if it is not negative, otherwise as -2 * d - 1; line 0 is the compiler's own code
struct symbol_table {
    uint64_t magic;
    uint64_t start;      // the address that offsets count from
    uint32_t size_bytes; // of the text
    uint32_t function_count;
    uint32_t file_count;
    uint32_t row_bytes;
    uint32_t string_bytes;
    uint32_t reserved;
};
static_assert(sizeof(struct symbol_table) == 40);

// Each reaches to the next one, the last to the end of the text; in the order of their offsets.
struct symbol_function {
    uint32_t offset;
    uint32_t name; // place in the strings
    uint32_t rows; // place in the rows; they end where those of the next function begin
};
static_assert(sizeof(struct symbol_function) == 12);

struct symbol_place {
    const char *function; // nullptr: unknown
    uint64_t offset;      // of the address in the function
    const char *file;     // relative to the source tree; nullptr: unknown
    uint32_t line;        // 0: unknown
};

// Say what lies at ADDRESS. TABLE has SIZE_BYTES readable bytes and may hold anything. Returns false, and a PLACE of
// unknowns, when it tells nothing about ADDRESS. O(log functions + rows of the function).
bool symbols_find(const void *table, size_t size_bytes, uint64_t address, struct symbol_place *place);
