// SPDX-License-Identifier: MIT
// kernel/debug/symbols: what it says for addresses in and around the text, and that no damage to the table leads it
// outside. The table lies in a block of exactly its size, so that a byte too far is seen by the sanitizer.
#include <stdlib.h>
#include <support/random.h>
#include <support/unit.h>
#include <symbols/symbols.h>

constexpr uint64_t START = 0xffff'ffff'8000'0000;
constexpr uint64_t TEXT_BYTES = 0x100;

// Rows: 10 line 7 of a.c, 14 line 9; 40 line 70000 of b/b.c, 60 the compiler's own; 80 as before, 90 unknown.
static const struct image {
    struct symbol_table header;
    struct symbol_function functions[3];
    uint32_t files[2];
    uint8_t rows[20];
    char strings[28];
} sound = {
    .header = {.magic = SYMBOL_TABLE_MAGIC,
               .start = START,
               .size_bytes = TEXT_BYTES,
               .function_count = 3,
               .file_count = 2,
               .row_bytes = 20,
               .string_bytes = 28},
    .functions = {{0x10, 0, 0}, {0x40, 6, 5}, {0x80, 13, 14}},
    .files = {18, 22},
    .rows = {0x01, 0x01, 0x0e, 0x08, 0x04,                         // first
             0x01, 0x02, 0xe0, 0xc5, 0x08, 0x40, 0xdf, 0xc5, 0x08, // second: + 70000, - 70000
             0x01, 0x02, 0x00, 0x21, 0x00, 0x00},                  // last
    .strings = "first\0second\0last\0a.c\0b/b.c",
};
constexpr size_t SIZE = 40 + 36 + 8 + 20 + 28;
static_assert(offsetof(struct image, strings) + 28 == SIZE, "nothing but the end is padding");

static void *copy_of(const void *bytes, size_t size)
{
    void *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

static void assert_place(uint64_t offset, const char *function, uint64_t function_offset, const char *file,
                         uint32_t line)
{
    void *table = copy_of(&sound, SIZE);
    struct symbol_place place;
    assert_true(symbols_find(table, SIZE, START + offset, &place));
    if (function == nullptr)
        assert_null(place.function);
    else
        assert_string_equal(place.function, function);
    assert_int_equal(place.offset, function_offset);
    if (file == nullptr)
        assert_null(place.file);
    else
        assert_string_equal(place.file, file);
    assert_int_equal(place.line, line);
    free(table);
}

static void assert_unknown(const void *table, size_t size_bytes, uint64_t address)
{
    struct symbol_place place = {"junk", 1, "junk", 1};
    assert_false(symbols_find(table, size_bytes, address, &place));
    assert_null(place.function);
    assert_null(place.file);
    assert_int_equal(place.offset, 0);
    assert_int_equal(place.line, 0);
}

static void the_first_address_of_a_function_is_its_own(void **)
{
    assert_place(0x10, "first", 0, "a.c", 7);
    assert_place(0x40, "second", 0, "b/b.c", 70'000);
    assert_place(0x80, "last", 0, "b/b.c", 0);
}

static void an_address_between_entries_belongs_to_the_one_before(void **)
{
    assert_place(0x13, "first", 3, "a.c", 7);
    assert_place(0x14, "first", 4, "a.c", 9);
    assert_place(0x3f, "first", 0x2f, "a.c", 9);
    assert_place(0x5f, "second", 0x1f, "b/b.c", 70'000);
    assert_place(0x60, "second", 0x20, "b/b.c", 0);
}

static void the_last_function_reaches_to_the_end_of_the_text(void **)
{
    assert_place(0x8f, "last", 0xf, "b/b.c", 0);
    assert_place(0x90, "last", 0x10, nullptr, 0);
    assert_place(TEXT_BYTES - 1, "last", 0x7f, nullptr, 0);
}

static void addresses_outside_the_text_are_unknown(void **)
{
    static const uint64_t addresses[] = {0, 1, START - 1, START, START + 0xf, START + TEXT_BYTES, UINT64_MAX};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++)
        assert_unknown(&sound, SIZE, addresses[i]);
}

static void an_empty_table_tells_nothing(void **)
{
    struct image image = sound;
    image.header.function_count = image.header.row_bytes = image.header.file_count = 0;
    assert_unknown(&image, SIZE, START + 0x10);
    assert_unknown(&sound, 0, START + 0x10);
}

static void a_table_without_lines_still_has_names(void **)
{
    static const struct {
        struct symbol_table header;
        struct symbol_function function;
        char name[8];
    } names = {{SYMBOL_TABLE_MAGIC, START, TEXT_BYTES, 1, 0, 0, 8, 0}, {0, 0, 0}, "nothing"};
    struct symbol_place place;
    assert_true(symbols_find(&names, sizeof names, START + 5, &place));
    assert_string_equal(place.function, "nothing");
    assert_int_equal(place.offset, 5);
    assert_null(place.file);
}

static void a_table_that_was_cut_tells_nothing(void **)
{
    for (size_t size = 0; size < SIZE; size++) {
        void *table = copy_of(&sound, size + 1);
        assert_unknown(table, size, START + 0x10);
        free(table);
    }
}

static void impossible_headers_tell_nothing(void **)
{
    struct image image = sound;
    image.header.magic++;
    assert_unknown(&image, SIZE, START + 0x10);
    image = sound;
    image.header.string_bytes = 0;
    assert_unknown(&image, SIZE, START + 0x10);
    image = sound;
    image.header.string_bytes--; // the last string does not end
    assert_unknown(&image, SIZE, START + 0x10);
    uint32_t *const counts[] = {&image.header.function_count, &image.header.row_bytes, &image.header.file_count,
                                &image.header.string_bytes};
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
        image = sound;
        *counts[i] = UINT32_MAX;
        assert_unknown(&image, SIZE, START + 0x10);
    }
    image = sound;
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++)
        *counts[i] = UINT32_MAX;
    assert_unknown(&image, SIZE, START + 0x10);
}

static void a_misaligned_table_tells_nothing(void **)
{
    char *table = malloc(SIZE + 1);
    assert_non_null(table);
    memcpy(table + 1, &sound, SIZE);
    assert_unknown(table + 1, SIZE, START + 0x10);
    free(table);
}

static void places_outside_the_strings_are_left_out(void **)
{
    struct image image = sound;
    image.functions[0].name = image.header.string_bytes;
    struct symbol_place place;
    assert_true(symbols_find(&image, SIZE, START + 0x10, &place));
    assert_null(place.function);
    assert_string_equal(place.file, "a.c");
    image.files[0] = UINT32_MAX;
    assert_unknown(&image, SIZE, START + 0x10 - 1);
    image.functions[0].name = 0;
    assert_true(symbols_find(&image, SIZE, START + 0x10, &place));
    assert_string_equal(place.function, "first");
    assert_null(place.file);
    assert_int_equal(place.line, 0);
    image.rows[6] = 3;                       // a third file
    memset(image.rows, 0, sizeof(uint32_t)); // where its place would be, were there one
    assert_true(symbols_find(&image, SIZE, START + 0x40, &place));
    assert_string_equal(place.function, "second");
    assert_null(place.file);
}

static void a_row_that_is_cut_ends_what_is_known(void **)
{
    struct image image = sound;
    image.functions[1].rows = 4; // one byte less for the first function
    struct symbol_place place;
    assert_true(symbols_find(&image, SIZE, START + 0x14, &place));
    assert_string_equal(place.file, "a.c");
    assert_int_equal(place.line, 7);
    image.functions[1].rows = 0; // none at all
    assert_true(symbols_find(&image, SIZE, START + 0x14, &place));
    assert_string_equal(place.function, "first");
    assert_null(place.file);
}

static void rows_outside_the_table_are_not_read(void **)
{
    struct image image = sound;
    struct symbol_place place;
    static const uint32_t starts[] = {15, 21, UINT32_MAX};
    for (unsigned i = 0; i < sizeof starts / sizeof *starts; i++) {
        image.functions[1].rows = starts[i];
        assert_true(symbols_find(&image, SIZE, START + 0x40, &place));
        assert_string_equal(place.function, "second");
        assert_null(place.file);
    }
    image.functions[1].rows = 21; // an end beyond the rows
    assert_true(symbols_find(&image, SIZE, START + 0x10, &place));
    assert_null(place.file);
}

static void a_number_without_end_is_no_number(void **)
{
    struct image image = sound;
    memset(image.rows, 0xff, sizeof image.rows);
    struct symbol_place place;
    for (uint64_t offset = 0x10; offset < TEXT_BYTES; offset++) {
        assert_true(symbols_find(&image, SIZE, START + offset, &place));
        assert_null(place.file);
    }
}

static void no_damage_leads_outside_the_table(void **)
{
    uint64_t random = 7;
    for (unsigned round = 0; round < 20'000; round++) {
        uint8_t *table = copy_of(&sound, SIZE);
        for (unsigned changes = 1 + random_below(&random, 4); changes > 0; changes--)
            table[8 + random_below(&random, SIZE - 8)] = (uint8_t)random_next(&random);
        struct symbol_place place;
        uint64_t address = START + random_below(&random, TEXT_BYTES);
        if (symbols_find(table, SIZE, address, &place)) {
            assert_true(place.function != nullptr || place.file != nullptr);
            assert_true(place.function == nullptr || strlen(place.function) < SIZE);
            assert_true(place.file == nullptr || strlen(place.file) < SIZE);
            assert_true(place.offset <= UINT32_MAX);
        }
        free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_address_of_a_function_is_its_own),
        cmocka_unit_test(an_address_between_entries_belongs_to_the_one_before),
        cmocka_unit_test(the_last_function_reaches_to_the_end_of_the_text),
        cmocka_unit_test(addresses_outside_the_text_are_unknown),
        cmocka_unit_test(an_empty_table_tells_nothing),
        cmocka_unit_test(a_table_without_lines_still_has_names),
        cmocka_unit_test(a_table_that_was_cut_tells_nothing),
        cmocka_unit_test(impossible_headers_tell_nothing),
        cmocka_unit_test(a_misaligned_table_tells_nothing),
        cmocka_unit_test(places_outside_the_strings_are_left_out),
        cmocka_unit_test(a_row_that_is_cut_ends_what_is_known),
        cmocka_unit_test(rows_outside_the_table_are_not_read),
        cmocka_unit_test(a_number_without_end_is_no_number),
        cmocka_unit_test(no_damage_leads_outside_the_table),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
