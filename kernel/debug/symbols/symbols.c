// SPDX-License-Identifier: MIT
// Reads the table of symbols. Called by debug for each line of a backtrace; must not know where the table lies.
#include <symbols/symbols.h>

// The parts of a table, all of them inside its bytes.
struct parts {
    const struct symbol_table *header;
    const struct symbol_function *functions;
    const uint32_t *files;
    const uint8_t *rows;
    const char *strings;
};

static bool split(const void *table, size_t size_bytes, struct parts *parts)
{
    const struct symbol_table *header = table;
    if ((uintptr_t)table % alignof(struct symbol_table) != 0 || size_bytes < sizeof *header ||
        header->magic != SYMBOL_TABLE_MAGIC || header->string_bytes == 0)
        return false;
    // 32-bit counts of a few bytes each: their sum fits 64 bits.
    uint64_t functions_bytes = (uint64_t)header->function_count * sizeof(struct symbol_function);
    uint64_t files_bytes = (uint64_t)header->file_count * sizeof(uint32_t);
    if (sizeof *header + functions_bytes + files_bytes + header->row_bytes + header->string_bytes > size_bytes)
        return false;
    parts->header = header;
    parts->functions = (const struct symbol_function *)(header + 1);
    parts->files = (const uint32_t *)(parts->functions + header->function_count);
    parts->rows = (const uint8_t *)(parts->files + header->file_count);
    parts->strings = (const char *)(parts->rows + header->row_bytes);
    return parts->strings[header->string_bytes - 1] == '\0'; // then every string ends inside
}

static const char *string_at(const struct parts *parts, uint32_t place)
{
    return place < parts->header->string_bytes ? parts->strings + place : nullptr;
}

// The number of the function that holds OFFSET, from 1; 0: none.
static uint32_t function_number(const struct parts *parts, uint64_t offset)
{
    uint32_t low = 0;
    for (uint32_t high = parts->header->function_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (parts->functions[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The bytes that are still to be read.
struct reader {
    const uint8_t *next, *end;
};

static bool read_number(struct reader *reader, uint32_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 32 && reader->next < reader->end; shift += 7) {
        uint8_t byte = *reader->next++;
        *value |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

struct row {
    uint64_t offset;
    uint32_t file; // from 1
    uint32_t line;
};

static bool read_row(struct reader *reader, struct row *row)
{
    uint32_t distance, lines;
    if (!read_number(reader, &distance) || ((distance & 1) && !read_number(reader, &row->file)) ||
        !read_number(reader, &lines))
        return false;
    row->offset += distance >> 1;
    row->line += lines & 1 ? -(lines >> 1) - 1 : lines >> 1; // modulo 2^32
    return true;
}

static struct reader rows_of(const struct parts *parts, uint32_t number)
{
    uint32_t start = parts->functions[number - 1].rows;
    uint32_t end = number < parts->header->function_count ? parts->functions[number].rows : parts->header->row_bytes;
    if (start > end || end > parts->header->row_bytes)
        start = end = 0;
    return (struct reader){parts->rows + start, parts->rows + end};
}

static void find_line(const struct parts *parts, uint32_t number, uint64_t offset, struct symbol_place *place)
{
    struct reader reader = rows_of(parts, number);
    struct row row = {.offset = parts->functions[number - 1].offset};
    struct row last = {};
    while (read_row(&reader, &row) && row.offset <= offset)
        last = row;
    if (last.file == 0 || last.file > parts->header->file_count)
        return;
    place->file = string_at(parts, parts->files[last.file - 1]);
    place->line = place->file != nullptr ? last.line : 0;
}

bool symbols_find(const void *table, size_t size_bytes, uint64_t address, struct symbol_place *place)
{
    *place = (struct symbol_place){};
    struct parts parts;
    if (!split(table, size_bytes, &parts))
        return false;
    uint64_t offset = address - parts.header->start; // of an address below it, more than any text has
    if (offset >= parts.header->size_bytes)
        return false;
    uint32_t number = function_number(&parts, offset);
    if (number == 0)
        return false;
    const struct symbol_function *function = &parts.functions[number - 1];
    place->function = string_at(&parts, function->name);
    place->offset = offset - function->offset;
    find_line(&parts, number, offset, place);
    return place->function != nullptr || place->file != nullptr;
}
