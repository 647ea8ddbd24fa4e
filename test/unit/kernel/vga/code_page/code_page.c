// SPDX-License-Identifier: MIT
// kernel/vga/code_page: the whole page, written down once more, and what is not in it.
#include <code_page/code_page.h>
#include <support/unit.h>

// IBM's code page 437 with the graphic symbols of its first 32 bytes; a blank for byte 0.
static const uint16_t page[] = u" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
                               u" !\"#$%&'()*+,-./0123456789:;<=>?"
                               u"@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
                               u"`abcdefghijklmnopqrstuvwxyz{|}~⌂"
                               u"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
                               u"áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
                               u"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
                               u"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";
static_assert(sizeof page / sizeof *page == 256 + 1);

static void the_page_is_ibms(void **)
{
    for (unsigned byte = 1; byte < 256; byte++)
        assert_int_equal(code_page_code_points[byte], page[byte]);
    assert_int_equal(code_page_code_points[0], 0);
}

static void every_character_of_the_page_is_found(void **)
{
    for (unsigned byte = 1; byte < 256; byte++) {
        if (page[byte] >= 0x80)
            assert_int_equal(code_page_byte(page[byte]), byte);
    }
}

static void ascii_is_itself(void **)
{
    for (unsigned code_point = 0; code_point < 0x80; code_point++)
        assert_int_equal(code_page_byte(code_point), code_point);
}

static void what_looks_the_same_is_found_too(void **)
{
    assert_int_equal(code_page_byte(u'β'), 0xe1);
    assert_int_equal(code_page_byte(u'μ'), 0xe6);
    assert_int_equal(code_page_byte(u'\u2126'), 0xea);
    assert_int_equal(code_page_byte(u'’'), '\'');
    assert_int_equal(code_page_byte(u'−'), '-');
}

// Of a code point that the page has, or that looks like one it has, the byte is another.
static void all_else_is_the_replacement(void **)
{
    assert_int_equal(code_page_code_points[CODE_PAGE_REPLACEMENT], u'■');
    static const uint32_t missing[] = {u'\u0080', u'À', u'ő', u'Ж', u'€', u'╌', u'\u2800', 0xfffd, 0x1f600, 0x1fffff};
    for (unsigned i = 0; i < sizeof missing / sizeof *missing; i++)
        assert_int_equal(code_page_byte(missing[i]), CODE_PAGE_REPLACEMENT);
    unsigned found = 0;
    for (uint32_t code_point = 0x80; code_point < 0x20'0000; code_point++)
        found += code_page_byte(code_point) != CODE_PAGE_REPLACEMENT;
    assert_in_range(found, 128 + 32, 128 + 32 + 21); // U+25A0 is not counted, U+2302 is
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_ibms),
        cmocka_unit_test(every_character_of_the_page_is_found),
        cmocka_unit_test(ascii_is_itself),
        cmocka_unit_test(what_looks_the_same_is_found_too),
        cmocka_unit_test(all_else_is_the_replacement),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
