// SPDX-License-Identifier: MIT
// Reads the table of symbols. Called by debug for each line of a backtrace; must not know where the table lies.
#include <symbols/symbols.h>

// The parts of a table, all of them inside its bytes.
struct parts {
    const struct symbol_table *header;
    const struct symbol_function *functions;
    const struct symbol_row *rows;
    const uint32_t *files;
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
    uint64_t rows_bytes = (uint64_t)header->row_count * sizeof(struct symbol_row);
    uint64_t files_bytes = (uint64_t)header->file_count * sizeof(uint32_t);
    if (sizeof *header + functions_bytes + rows_bytes + files_bytes + header->string_bytes > size_bytes)
        return false;
    parts->header = header;
    parts->functions = (const struct symbol_function *)(header + 1);
    parts->rows = (const struct symbol_row *)(parts->functions + header->function_count);
    parts->files = (const uint32_t *)(parts->rows + header->row_count);
    parts->strings = (const char *)(parts->files + header->file_count);
    return parts->strings[header->string_bytes - 1] == '\0'; // then every string ends inside
}

static const char *string_at(const struct parts *parts, uint32_t place)
{
    return place < parts->header->string_bytes ? parts->strings + place : nullptr;
}

static void find_function(const struct parts *parts, uint64_t offset, struct symbol_place *place)
{
    uint32_t low = 0;
    for (uint32_t high = parts->header->function_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (parts->functions[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return;
    place->function = string_at(parts, parts->functions[low - 1].name);
    place->offset = offset - parts->functions[low - 1].offset;
}

static void find_line(const struct parts *parts, uint64_t offset, struct symbol_place *place)
{
    uint32_t low = 0;
    for (uint32_t high = parts->header->row_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (parts->rows[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || parts->rows[low - 1].file >= parts->header->file_count)
        return;
    place->file = string_at(parts, parts->files[parts->rows[low - 1].file]);
    place->line = place->file != nullptr ? parts->rows[low - 1].line : 0;
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
    find_function(&parts, offset, place);
    find_line(&parts, offset, place);
    return place->function != nullptr || place->file != nullptr;
}
