// SPDX-License-Identifier: MIT
// kernel/vga/text_mode, on a VGA that the test plays: which registers it leaves how, that none is written at the wrong
// time, and what happens when nobody answers. The same on real and emulated cards: test/kernel/vga.
#include <arch/port.h>
#include <code_page/code_page.h>
#include <font/font.h>
#include <stdlib.h>
#include <support/unit.h>
#include <vga/text_mode.h>

constexpr size_t TEXT_OFFSET = 0x1'8000; // of B8000 in the card's memory

// What the test plays. A register of ATTRIBUTE is written by two writes to one port.
static struct {
    bool is_absent, forgets; // nobody there; registers that read as zero
    uint8_t miscellaneous;
    uint8_t sequencer[8], crtc[32], graphics[16], attribute[32], dac[256][3];
    uint8_t sequencer_index, crtc_index, graphics_index, attribute_index, dac_mask;
    bool is_attribute_data;
    unsigned dac_at;
    unsigned writes, interrupted_write; // which of them is the last; 0: none
} card;

static jmp_buf way_out;

static uint8_t *memory;
static struct vga_text text;
static struct surface *surface;

static bool is_crtc(uint16_t port)
{
    return (port & 0xfffe) == (card.miscellaneous & 1 ? 0x3d4 : 0x3b4);
}

uint8_t port_read8(uint16_t port)
{
    if (card.is_absent)
        return 0xff;
    if (port == 0x3cc)
        return card.miscellaneous;
    if (port == 0x3da) {
        card.is_attribute_data = false;
        return 0;
    }
    assert_true(is_crtc(port) && port % 2 == 1); // nothing else has to be read
    return card.forgets ? 0 : card.crtc[card.crtc_index];
}

static void write_crtc(uint8_t value)
{
    assert_in_range(card.crtc_index, 0, 0x18);
    if (card.crtc_index <= 7)
        assert_false(card.crtc[0x11] & 0x80);
    card.crtc[card.crtc_index] = value;
}

static void write_attribute(uint8_t value)
{
    if (card.is_attribute_data)
        card.attribute[card.attribute_index & 31] = value;
    else
        card.attribute_index = value;
    card.is_attribute_data = !card.is_attribute_data;
}

static void write_miscellaneous(uint8_t value)
{
    assert_int_not_equal(card.sequencer[0] & 3, 3); // the clock may not change under a running sequencer
    card.miscellaneous = value;
}

static void write_dac(uint8_t value)
{
    assert_in_range(value, 0, 63);
    card.dac[card.dac_at / 3][card.dac_at % 3] = value;
    card.dac_at++;
}

void port_write8(uint16_t port, uint8_t value)
{
    card.writes++;
    if (is_crtc(port)) {
        if (port % 2 == 0)
            card.crtc_index = value & 31;
        else
            write_crtc(value);
        return;
    }
    switch (port) {
    case 0x3c0:
        write_attribute(value);
        break;
    case 0x3c2:
        write_miscellaneous(value);
        break;
    case 0x3c4:
        card.sequencer_index = value & 7;
        break;
    case 0x3c5:
        card.sequencer[card.sequencer_index] = value;
        break;
    case 0x3c6:
        card.dac_mask = value;
        break;
    case 0x3c8:
        card.dac_at = 3u * value;
        break;
    case 0x3c9:
        write_dac(value);
        break;
    case 0x3ce:
        card.graphics_index = value & 15;
        break;
    case 0x3cf:
        card.graphics[card.graphics_index] = value;
        break;
    default:
        fail_msg("a write to port %03x", port);
    }
}

void port_write16(uint16_t port, uint16_t value)
{
    if (card.writes / 2 + 1 == card.interrupted_write)
        longjmp(way_out, 1);
    port_write8(port, (uint8_t)value);
    port_write8(port + 1, (uint8_t)(value >> 8));
}

// A card on which everything is as it should not be.
static int set_up(void **)
{
    memset(&card, 0xa5, sizeof card);
    card.is_absent = card.forgets = false;
    card.is_attribute_data = true;
    card.miscellaneous = 0xe3;
    card.writes = card.interrupted_write = 0;
    memory = malloc(VGA_MEMORY_SIZE);
    memset(&text, 0xa5, sizeof text);
    return memory != nullptr ? 0 : -1;
}

static int tear_down(void **)
{
    free(memory);
    return 0;
}

static void start(unsigned rows)
{
    assert_int_equal(vga_text_start(&text, memory, rows, &surface), STATUS_OK);
}

static unsigned shown_start(void)
{
    return (unsigned)card.crtc[0x0c] << 8 | card.crtc[0x0d];
}

static unsigned shown_cursor(void)
{
    return (unsigned)card.crtc[0x0e] << 8 | card.crtc[0x0f];
}

// IBM's own table for mode 3, but for the cursor, blinking, and what 50 rows need.
static void every_register_is_set(void **)
{
    static const uint8_t sequencer[] = {0x03, 0x00, 0x03, 0x00, 0x02};
    static const uint8_t crtc[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0e, 0x0f, 0x00,
                                   0x00, 0x40, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
    static const uint8_t graphics[] = {0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff};
    static const uint8_t attribute[] = {0,  1,  2,  3,  4,  5, 6,    7,    8,    9,   10,
                                        11, 12, 13, 14, 15, 4, 0x00, 0x0f, 0x08, 0x00};
    start(25);
    assert_int_equal(card.miscellaneous, 0x67);
    assert_memory_equal(card.sequencer, sequencer, sizeof sequencer);
    assert_memory_equal(card.crtc, crtc, sizeof crtc);
    assert_memory_equal(card.graphics, graphics, sizeof graphics);
    assert_memory_equal(card.attribute, attribute, sizeof attribute);
    assert_true(card.attribute_index & 0x20); // the screen has the palette
    assert_int_equal(card.dac_mask, 0xff);
    for (unsigned i = 0; i < SURFACE_COLOUR_COUNT; i++) {
        for (unsigned channel = 0; channel < 3; channel++) {
            unsigned light = surface_palette[i] >> (16 - 8 * channel) & 0xff;
            assert_int_equal(card.dac[i][channel] * 255 / 63, light);
        }
    }
}

static void fifty_rows_have_eight_lines_each(void **)
{
    start(50);
    assert_int_equal(card.crtc[0x09], 0x47);
    assert_int_equal(card.crtc[0x0a], 6);
    assert_int_equal(card.crtc[0x0b], 7);
    assert_int_equal(surface->rows, 50);
    assert_int_equal(surface->columns, 80);
    for (unsigned byte = 0; byte < 256; byte++)
        assert_memory_equal(memory + 32 * byte, font_small_glyphs[byte], FONT_SMALL_HEIGHT);
}

static void the_font_is_in_place_and_the_screen_blank(void **)
{
    start(25);
    for (unsigned byte = 0; byte < 256; byte++)
        assert_memory_equal(memory + 32 * byte, font_find(code_page_code_points[byte])->rows, FONT_HEIGHT);
    for (unsigned cell = 0; cell < 80 * 25; cell++) {
        assert_int_equal(memory[TEXT_OFFSET + 2 * cell], ' ');
        assert_int_equal(memory[TEXT_OFFSET + 2 * cell + 1], 0x07);
    }
}

static void a_monochrome_card_becomes_one_with_colours(void **)
{
    card.miscellaneous = 0xa6;
    start(25);
    assert_int_equal(card.miscellaneous, 0x67);
    assert_int_equal(card.crtc[0x09], 0x4f);
}

static void flushing_tells_start_and_cursor_once(void **)
{
    start(25);
    surface->card->move_cursor(surface, 3, 7, true);
    assert_int_equal(shown_cursor(), 0x4000); // beyond all that can be seen
    surface->card->flush(surface);
    assert_int_equal(shown_cursor(), 3 * 80 + 7);
    for (unsigned line = 1; line < 500; line++) {
        surface->card->scroll(surface, 0, 25, 1);
        surface->card->flush(surface);
        assert_int_equal(shown_start(), text.memory.start);
        assert_int_equal(shown_cursor(), text.memory.start + 3 * 80 + 7);
    }
    unsigned writes = card.writes;
    surface->card->flush(surface);
    assert_int_equal(card.writes, writes);
    surface->card->move_cursor(surface, 3, 7, false);
    surface->card->flush(surface);
    assert_true(shown_cursor() >= 0x4000);
}

static void drawing_touches_no_register(void **)
{
    start(25);
    unsigned writes = card.writes;
    surface_cell_t cell = surface_cell('x', SURFACE_WHITE, SURFACE_BLUE);
    surface->card->draw(surface, 24, 79, &cell, 1);
    assert_int_equal(memory[TEXT_OFFSET + 2 * (24 * 80 + 79)], 'x');
    assert_int_equal(memory[TEXT_OFFSET + 2 * (24 * 80 + 79) + 1], 0x1f);
    assert_int_equal(card.writes, writes);
}

// Each of the four writes of a flush may be the last, and another flush, with another screen, comes from a panic.
static void an_interruption_between_two_registers_is_made_good(void **)
{
    for (unsigned last = 1; last <= 4; last++) {
        for (int lines = -2; lines <= 2; lines++) {
            start(25);
            for (unsigned line = 0; line < 5; line++)
                surface->card->scroll(surface, 0, 25, 1);
            surface->card->move_cursor(surface, 3, 7, true);
            surface->card->flush(surface);
            surface->card->scroll(surface, 0, 25, 1);
            card.writes = 0;
            card.interrupted_write = last;
            if (setjmp(way_out) == 0) {
                surface->card->flush(surface);
                fail();
            }
            card.interrupted_write = 0;
            if (lines != 0)
                surface->card->scroll(surface, 0, 25, lines);
            surface->card->flush(surface);
            assert_int_equal(shown_start(), (unsigned)(6 + lines) * 80);
            assert_int_equal(shown_cursor(), (unsigned)(6 + lines + 3) * 80 + 7);
        }
    }
}

static void an_absent_card_is_not_found_and_not_written_to(void **)
{
    card.is_absent = true;
    assert_int_equal(vga_text_start(&text, memory, 25, &surface), STATUS_NOT_FOUND);
    assert_int_equal(card.writes, 0);
}

static void registers_that_forget_are_no_card(void **)
{
    card.forgets = true;
    assert_int_equal(vga_text_start(&text, memory, 25, &surface), STATUS_NOT_FOUND);
    assert_int_equal(card.miscellaneous, 0xe3);
}

static void other_numbers_of_rows_are_refused(void **)
{
    static const unsigned numbers[] = {0, 1, 24, 26, 43, 60, 400};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(vga_text_start(&text, memory, numbers[i], &surface), STATUS_INVALID);
    assert_int_equal(card.writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_register_is_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fifty_rows_have_eight_lines_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_font_is_in_place_and_the_screen_blank, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_monochrome_card_becomes_one_with_colours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flushing_tells_start_and_cursor_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drawing_touches_no_register, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interruption_between_two_registers_is_made_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_absent_card_is_not_found_and_not_written_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(registers_that_forget_are_no_card, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_numbers_of_rows_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
