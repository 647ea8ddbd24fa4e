// SPDX-License-Identifier: MIT
// kernel/vga/font: what the font has, and that its tables lead to what they should.
#include <code_page/code_page.h>
#include <font/font.h>
#include <support/unit.h>

static bool is_replacement(const struct font_glyph *glyph)
{
    return memcmp(glyph, &font_glyphs[font_replacement], sizeof *glyph) == 0;
}

static unsigned ink_of(const uint8_t *rows, unsigned count)
{
    unsigned ink = 0;
    for (unsigned i = 0; i < count; i++)
        ink += (unsigned)__builtin_popcount(rows[i]);
    return ink;
}

static void assert_has(uint32_t first, uint32_t last)
{
    for (uint32_t code_point = first; code_point <= last; code_point++) {
        if (is_replacement(font_find(code_point)))
            fail_msg("the font has no U+%04X", code_point);
    }
}

static void required_ranges_are_there(void **)
{
    assert_has(0x20, 0x7e);
    assert_has(0xa0, 0x17f); // Latin-1, Latin Extended-A
    assert_has(u'Ά', u'Ά');  // Greek
    assert_has(u'Έ', u'Ί');
    assert_has(u'Ό', u'Ό');
    assert_has(u'Ύ', u'Ρ');
    assert_has(u'Σ', u'ώ');
    assert_has(u'Ѐ', u'џ');     // Cyrillic
    assert_has(0x2500, 0x259f); // box drawing, block elements
    for (unsigned byte = 0; byte < 256; byte++)
        assert_has(code_page_code_points[byte], code_page_code_points[byte]);
}

static void letters_have_ink_and_blanks_have_none(void **)
{
    for (uint32_t code_point = 0x21; code_point <= 0x7e; code_point++)
        assert_in_range(ink_of(font_find(code_point)->rows, FONT_HEIGHT), 2, 64);
    assert_int_equal(ink_of(font_find(' ')->rows, FONT_HEIGHT), 0);
    assert_int_equal(ink_of(font_find(0)->rows, FONT_HEIGHT), 0);
    assert_int_equal(ink_of(font_find(0xa0)->rows, FONT_HEIGHT), 0);
    assert_int_equal(ink_of(font_find(u'█')->rows, FONT_HEIGHT), 128);
    assert_int_equal(ink_of(font_find(u'▚')->rows, FONT_HEIGHT), 64);
}

static void ascii_characters_differ(void **)
{
    for (uint32_t left = 0x20; left <= 0x7e; left++) {
        for (uint32_t right = left + 1; right <= 0x7e; right++)
            assert_memory_not_equal(font_find(left), font_find(right), sizeof(struct font_glyph));
    }
}

static void letter_a_is_upright(void **)
{
    static const uint8_t expected[FONT_HEIGHT] = {0,    0,    0x3c, 0x42, 0x42, 0x42, 0x42, 0x7e,
                                                  0x42, 0x42, 0x42, 0x42, 0,    0,    0,    0};
    assert_memory_equal(font_find('A')->rows, expected, FONT_HEIGHT);
    assert_memory_equal(font_find(u'Α'), font_find('A'), FONT_HEIGHT); // Greek
    assert_memory_equal(font_find(u'А'), font_find('A'), FONT_HEIGHT); // Cyrillic
}

static void all_else_is_the_replacement(void **)
{
    assert_true(is_replacement(font_find(0xfffd)));
    assert_true(ink_of(font_find(0xfffd)->rows, FONT_HEIGHT) > 0);
    static const uint32_t missing[] = {1, 0x1f, 0x7f, 0x80, u'ع', u'あ', 0x2800, 0xe000, 0xffff, 0x1'0041, 0x1f'ffff};
    for (unsigned i = 0; i < sizeof missing / sizeof *missing; i++)
        assert_true(is_replacement(font_find(missing[i])));
}

static bool is_left(unsigned byte)
{
    return font_small_glyphs[byte][3] & 0x80;
}

// Lines meet at the edges, with 8 lines a character as with 16.
static void small_lines_meet(void **)
{
    assert_int_equal(font_small_glyphs[0xc4][3], 0xff); // ─
    static const uint8_t to_both_sides[] = {0xc4, 0xc5, 0xc1, 0xc2, 0xd0, 0xd2};
    for (unsigned i = 0; i < sizeof to_both_sides; i++) {
        assert_true(is_left(to_both_sides[i]));
        assert_true(font_small_glyphs[to_both_sides[i]][3] & 1);
    }
    for (unsigned line = 0; line < FONT_SMALL_HEIGHT; line++) {
        assert_int_equal(font_small_glyphs[0xb3][line], 0x10); // │
        assert_int_equal(font_small_glyphs[0xba][line], 0x28); // ║
        assert_int_equal(font_small_glyphs[0xdb][line], 0xff); // █
    }
    assert_int_equal(font_small_glyphs[0xce][0], font_small_glyphs[0xba][0]); // ╬ goes on as ║
    assert_int_equal(font_small_glyphs[0xce][2] & 0x83, 0x83);                // and as ═
}

static void small_characters_are_there_and_differ(void **)
{
    for (unsigned left = 0x21; left < 0xff; left++) {
        assert_true(ink_of(font_small_glyphs[left], FONT_SMALL_HEIGHT) > 0);
        for (unsigned right = left + 1; right < 0xff; right++)
            assert_memory_not_equal(font_small_glyphs[left], font_small_glyphs[right], FONT_SMALL_HEIGHT);
    }
    assert_int_equal(ink_of(font_small_glyphs[' '], FONT_SMALL_HEIGHT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_ranges_are_there),
        cmocka_unit_test(letters_have_ink_and_blanks_have_none),
        cmocka_unit_test(ascii_characters_differ),
        cmocka_unit_test(letter_a_is_upright),
        cmocka_unit_test(all_else_is_the_replacement),
        cmocka_unit_test(small_lines_meet),
        cmocka_unit_test(small_characters_are_there_and_differ),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
