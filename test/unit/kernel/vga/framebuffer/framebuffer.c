// SPDX-License-Identifier: MIT
// kernel/vga/framebuffer: every pixel after a flush, compared with glyphs painted one pixel at a time over a naive
// grid; that no other pixel is stored; and that an interruption anywhere leaves nothing wrong that is drawn once more.
#include <framebuffer/framebuffer.h>
#include <stdlib.h>
#include <support/grid_model.h>
#include <support/interrupted.h>
#include <support/random.h>
#include <support/unit.h>

constexpr uint32_t UNTOUCHED = 0xdead'beef;
constexpr unsigned NO_CURSOR = UINT32_MAX;

// The pixels come from the heap, where a store beyond them is noticed, at an address that is aligned to 4 bytes only.
static struct framebuffer framebuffer;
static struct framebuffer_mode mode;
static struct surface *surface;
static uint8_t *pixels;
static surface_cell_t *cells;

static uint32_t *pixel_at(uint32_t x, uint32_t y)
{
    return (uint32_t *)(void *)(pixels + 4 + (size_t)y * mode.pitch + x * sizeof(uint32_t));
}

static void leave_untouched(void)
{
    for (uint32_t y = 0; y < mode.height; y++) {
        for (uint32_t x = 0; x < mode.pitch / sizeof(uint32_t); x++)
            *pixel_at(x, y) = UNTOUCHED;
    }
}

static unsigned count_touched(void)
{
    unsigned touched = 0;
    for (uint32_t y = 0; y < mode.height; y++) {
        for (uint32_t x = 0; x < mode.pitch / sizeof(uint32_t); x++)
            touched += *pixel_at(x, y) != UNTOUCHED;
    }
    return touched;
}

static void end(void)
{
    free(pixels);
    free(cells);
    pixels = nullptr;
    cells = nullptr;
}

static void begin_with(uint32_t width, uint32_t height, uint32_t pitch, size_t cell_count)
{
    end();
    mode.width = width;
    mode.height = height;
    mode.pitch = pitch;
    pixels = malloc(4 + (size_t)pitch * height);
    cells = malloc(cell_count * sizeof *cells);
    assert_true(pixels != nullptr && cells != nullptr && cell_count > 0);
    mode.pixels = pixels + 4;
    leave_untouched();
    assert_int_equal(framebuffer_start(&framebuffer, &mode, cells, cell_count, &surface), STATUS_OK);
}

// With cells for all characters.
static void begin(uint32_t width, uint32_t height, uint32_t pitch)
{
    struct framebuffer_mode wanted = mode;
    wanted.width = width;
    wanted.height = height;
    wanted.pitch = pitch;
    begin_with(width, height, pitch, framebuffer_cell_count(framebuffer_size(&wanted)));
}

static const struct framebuffer_channel usual[] = {{16, 8}, {8, 8}, {0, 8}};

static void set_channels(const struct framebuffer_channel channels[3])
{
    mode.red = channels[0];
    mode.green = channels[1];
    mode.blue = channels[2];
}

static int set_up(void **)
{
    set_channels(usual);
    begin(320, 200, 320 * 4);
    return 0;
}

static int tear_down(void **)
{
    end();
    return 0;
}

static void flush(void)
{
    surface->card->flush(surface);
}

// ---- what should be seen

// As a monitor would show it, in 8 bits a channel.
static uint32_t light_of(uint32_t pixel)
{
    uint32_t light = 0;
    const struct framebuffer_channel channels[] = {mode.red, mode.green, mode.blue};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t most = (1u << channels[i].bits) - 1, value = pixel >> channels[i].shift & most;
        light = light << 8 | (value * 255 + most / 2) / most;
    }
    return light;
}

static uint32_t expected_light(surface_cell_t cell, unsigned x, unsigned y, bool has_cursor)
{
    bool is_ink = font_find(surface_code_point(cell))->rows[y] >> (7 - x) & 1;
    if (has_cursor && y >= 14)
        is_ink = true;
    return surface_palette[is_ink ? surface_foreground(cell) : surface_background(cell)];
}

static unsigned scale(void)
{
    return mode.width >= 2560 && mode.height >= 1440 ? 2 : 1;
}

static void assert_cell(const struct grid_model *model, unsigned row, unsigned column, bool has_cursor)
{
    surface_cell_t cell = *grid_model_at(model, row, column);
    if (cell == GRID_UNKNOWN)
        return;
    for (unsigned y = 0; y < 16 * scale(); y++) {
        for (unsigned x = 0; x < 8 * scale(); x++) {
            uint32_t pixel = *pixel_at(column * 8 * scale() + x, row * 16 * scale() + y);
            uint32_t expected = expected_light(cell, x / scale(), y / scale(), has_cursor);
            if (light_of(pixel) != expected)
                fail_msg("row %u, column %u, pixel %u, %u: %08x instead of %06x", row, column, x, y, pixel, expected);
        }
    }
}

static void assert_screen(const struct grid_model *model, unsigned cursor)
{
    for (unsigned row = 0; row < model->rows; row++) {
        for (unsigned column = 0; column < model->columns; column++)
            assert_cell(model, row, column, row * model->columns + column == cursor);
    }
    unsigned right = surface->columns * 8 * scale(), bottom = surface->rows * 16 * scale();
    for (uint32_t y = 0; y < mode.height; y++) {
        for (uint32_t x = 0; x < mode.pitch / sizeof(uint32_t); x++) {
            if (x >= mode.width)
                assert_int_equal(*pixel_at(x, y), UNTOUCHED);
            else if (x >= right || y >= bottom)
                assert_int_equal(*pixel_at(x, y), 0);
        }
    }
}

static void create_model(struct grid_model *model)
{
    grid_model_create(model, surface->rows, surface->columns);
}

static void draw_text(unsigned row, unsigned column, const uint16_t *text)
{
    for (unsigned i = 0; text[i] != 0; i++) {
        surface_cell_t cell = surface_cell(text[i], SURFACE_LIGHT_GREY, SURFACE_BLACK);
        surface->card->draw(surface, row, column + i, &cell, 1);
    }
}

// ---- decoding

// The first code point that looks like the pixels.
static uint32_t decode_cell(unsigned row, unsigned column)
{
    struct font_glyph glyph = {};
    for (unsigned y = 0; y < FONT_HEIGHT; y++) {
        for (unsigned x = 0; x < FONT_WIDTH; x++) {
            if (*pixel_at((column * 8 + x) * scale(), (row * 16 + y) * scale()) != 0)
                glyph.rows[y] |= 0x80 >> x;
        }
    }
    for (uint32_t code_point = ' '; code_point < font_limit; code_point++) {
        if (memcmp(font_find(code_point), &glyph, sizeof glyph) == 0)
            return code_point;
    }
    return UINT32_MAX;
}

// Latin and Cyrillic have letters that look the same.
static void assert_text(unsigned row, const uint16_t *text)
{
    for (unsigned i = 0; text[i] != 0; i++)
        assert_ptr_equal(font_find(decode_cell(row, i)), font_find(text[i]));
}

static void text_can_be_read_off_the_pixels(void **)
{
    draw_text(0, 0, u"The quick brown fox, 0123456789");
    draw_text(1, 0, u"Grüße, Ωδ, Жук ┌─┐ █▌ €");
    flush();
    assert_text(0, u"The quick brown fox, 0123456789");
    assert_text(1, u"Grüße, Ωδ, Жук ┌─┐ █▌ €");
}

static void doubled_text_can_be_read_off_the_pixels(void **)
{
    begin(2560, 1440, 2560 * 4);
    assert_int_equal(surface->columns, 160);
    assert_int_equal(surface->rows, 45);
    draw_text(0, 0, u"The quick brown fox");
    draw_text(44, 0, u"the last row");
    flush();
    assert_text(0, u"The quick brown fox");
    assert_text(44, u"the last row");
}

// ---- modes

static void grids_are_as_large_as_fits(void **)
{
    static const struct {
        uint32_t width, height;
        unsigned columns, rows;
    } sizes[] = {
        {640, 400, 80, 25},     {800, 600, 100, 37},     {1024, 768, 128, 48},  {1366, 768, 170, 48},
        {1920, 1080, 240, 67},  {2560, 1080, 320, 67},   {2560, 1440, 160, 45}, {3840, 2160, 240, 67},
        {8192, 8192, 512, 256}, {16384, 9000, 512, 256}, {8, 16, 1, 1},
    };
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        mode.width = sizes[i].width;
        mode.height = sizes[i].height;
        mode.pitch = sizes[i].width * 4;
        struct framebuffer_size size = framebuffer_size(&mode);
        assert_int_equal(size.columns, sizes[i].columns);
        assert_int_equal(size.rows, sizes[i].rows);
        assert_int_equal(framebuffer_cell_count(size), 2 * sizes[i].columns * sizes[i].rows);
    }
}

static void modes_that_cannot_be_are_refused(void **)
{
    static const struct framebuffer_mode good = {
        .width = 640, .height = 400, .pitch = 2560, .red = {16, 8}, .green = {8, 8}, .blue = {0, 8}};
    struct framebuffer_mode bad[6] = {good, good, good, good, good, good};
    bad[0].width = 7;
    bad[1].height = 15;
    bad[2].pitch = 2559;
    bad[3].red.bits = 0;
    bad[4].green.shift = 25;
    bad[5].blue.bits = 33;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(framebuffer_cell_count(framebuffer_size(&bad[i])), 0);
        assert_int_equal(framebuffer_start(&framebuffer, &bad[i], cells, SIZE_MAX, &surface), STATUS_UNSUPPORTED);
    }
}

static void the_screen_is_black_at_first_and_flushing_stores_nothing(void **)
{
    begin(333, 100, 340 * 4);
    struct grid_model model;
    create_model(&model);
    assert_screen(&model, NO_CURSOR);
    leave_untouched();
    flush();
    assert_int_equal(count_touched(), 0);
    grid_model_destroy(&model);
}

// ---- what is stored

static void cells_that_do_not_change_are_not_stored(void **)
{
    draw_text(1, 1, u"unchanged");
    flush();
    leave_untouched();
    draw_text(1, 1, u"unchanged");
    flush();
    assert_int_equal(count_touched(), 0);
}

static void only_rows_of_a_glyph_that_differ_are_stored(void **)
{
    draw_text(0, 0, u"O");
    flush();
    leave_untouched();
    draw_text(0, 0, u"Q");
    flush();
    unsigned differing = 0;
    for (unsigned y = 0; y < FONT_HEIGHT; y++)
        differing += font_find('O')->rows[y] != font_find('Q')->rows[y];
    assert_in_range(differing, 1, 4);
    assert_int_equal(count_touched(), differing * FONT_WIDTH);
    surface_cell_t red = surface_cell('Q', SURFACE_RED, SURFACE_BLACK);
    leave_untouched();
    surface->card->draw(surface, 0, 0, &red, 1);
    flush();
    assert_int_equal(count_touched(), FONT_HEIGHT * FONT_WIDTH);
}

static void scrolled_lines_that_look_the_same_are_not_stored(void **)
{
    for (unsigned row = 0; row < surface->rows; row++)
        draw_text(row, 0, u"every line is the same, but for one");
    draw_text(5, 0, u"E");
    flush();
    leave_untouched();
    surface->card->scroll(surface, 0, surface->rows, 1);
    draw_text(surface->rows - 1, 0, u"every line is the same, but for one");
    flush();
    assert_in_range(count_touched(), 1, 2 * FONT_HEIGHT * FONT_WIDTH);
}

// ---- the cursor

static void the_cursor_is_an_underline_and_leaves_nothing_behind(void **)
{
    struct grid_model model;
    create_model(&model);
    uint64_t random = 5;
    grid_draw_all(&model, surface, &random);
    flush();
    assert_screen(&model, NO_CURSOR);
    static const unsigned places[][2] = {{0, 0}, {0, 1}, {11, 39}, {11, 39}, {3, 7}};
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        surface->card->move_cursor(surface, places[i][0], places[i][1], true);
        flush();
        assert_screen(&model, places[i][0] * model.columns + places[i][1]);
    }
    grid_draw_all(&model, surface, &random); // under the cursor, too
    flush();
    assert_screen(&model, 3 * model.columns + 7);
    surface->card->move_cursor(surface, 3, 7, false);
    flush();
    assert_screen(&model, NO_CURSOR);
    leave_untouched();
    surface->card->move_cursor(surface, 3, 7, true);
    flush();
    assert_int_equal(count_touched(), 2 * FONT_WIDTH);
    leave_untouched();
    flush();
    assert_int_equal(count_touched(), 0);
    grid_model_destroy(&model);
}

// ---- any steps

static void random_steps(uint64_t seed, unsigned count)
{
    struct grid_model model;
    create_model(&model);
    uint64_t random = seed;
    unsigned cursor = NO_CURSOR;
    for (unsigned step = 0; step < count; step++) {
        grid_random_step(&model, surface, &random);
        if (random_below(&random, 4) == 0) {
            unsigned row = random_below(&random, model.rows), column = random_below(&random, model.columns);
            bool is_visible = random_below(&random, 4) != 0;
            surface->card->move_cursor(surface, row, column, is_visible);
            cursor = is_visible ? row * model.columns + column : NO_CURSOR;
        }
        if (random_below(&random, 4) == 0) {
            flush();
            assert_screen(&model, cursor);
        }
    }
    grid_model_destroy(&model);
}

static void any_steps_look_as_on_a_naive_grid_in_any_mode(void **)
{
    static const struct {
        uint32_t width, height, pitch;
        struct framebuffer_channel channels[3];
    } modes[] = {
        {320, 200, 320 * 4, {{16, 8}, {8, 8}, {0, 8}}},     {323, 201, 323 * 4, {{0, 8}, {8, 8}, {16, 8}}},
        {333, 99, 340 * 4 + 4, {{24, 8}, {16, 8}, {8, 8}}}, {8, 16, 32, {{16, 8}, {8, 8}, {0, 8}}},
        {200, 64, 1024, {{20, 10}, {10, 10}, {0, 10}}},     {2567, 1450, 2568 * 4, {{8, 8}, {16, 8}, {24, 8}}},
    };
    for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
        set_channels(modes[i].channels);
        begin(modes[i].width, modes[i].height, modes[i].pitch);
        random_steps(i + 1, modes[i].width > 1000 ? 60 : 600);
    }
}

// The rest of the picture is black.
static void few_cells_are_a_small_screen(void **)
{
    static const struct {
        uint32_t width, height;
        size_t cell_count;
        unsigned columns, rows;
    } screens[] = {
        {1024, 768, 2 * 128 * 48 - 1, 80, 48}, {1024, 768, 2 * 80 * 48 - 1, 80, 47}, {1024, 768, 2 * 80, 80, 1},
        {320, 200, 2 * 40 * 12 - 1, 40, 11},   {2560, 1440, 2 * 80 * 45, 80, 45},
    };
    for (unsigned i = 0; i < sizeof screens / sizeof *screens; i++) {
        begin_with(screens[i].width, screens[i].height, screens[i].width * 4, screens[i].cell_count);
        assert_int_equal(surface->columns, screens[i].columns);
        assert_int_equal(surface->rows, screens[i].rows);
        random_steps(i, 20);
    }
    size_t too_few = 2 * 80 - 1;
    assert_int_equal(framebuffer_start(&framebuffer, &mode, cells, too_few, &surface), STATUS_RANGE);
}

static void few_bits_a_channel_are_rounded(void **)
{
    static const struct framebuffer_channel channels[] = {{10, 5}, {4, 6}, {0, 4}};
    set_channels(channels);
    begin(320, 200, 320 * 4);
    surface_cell_t cell = surface_cell(u'█', SURFACE_BROWN, SURFACE_BLACK); // aa 55 00
    surface->card->draw(surface, 0, 0, &cell, 1);
    flush();
    assert_int_equal(*pixel_at(0, 0), 21 << 10 | 21 << 4);
    cell = surface_cell(u'█', SURFACE_WHITE, SURFACE_BLACK);
    surface->card->draw(surface, 0, 0, &cell, 1);
    flush();
    assert_int_equal(*pixel_at(0, 0), 0x7fff);
}

// ---- interruptions

static void take_step(void *context)
{
    grid_call_card(context, surface);
    flush();
}

static void an_interruption_anywhere_is_survived(void **)
{
    if (!CAN_INTERRUPT)
        skip();
    begin(96, 80, 96 * 4);
    struct grid_model model;
    create_model(&model);
    uint64_t random = 7;
    unsigned interrupted = 0;
    for (unsigned round = 0; round < 150; round++) {
        struct grid_step step = grid_choose_step(&model, &random);
        interrupted += interrupted_after(random_below(&random, 3000), take_step, &step);
        grid_release_step(&step);
        surface->card->scroll(surface, 0, model.rows, 1);
        grid_draw_all(&model, surface, &random);
        unsigned cursor = random_below(&random, model.rows * model.columns);
        surface->card->move_cursor(surface, cursor / model.columns, cursor % model.columns, true);
        flush();
        assert_screen(&model, cursor);
    }
    assert_true(interrupted > 50);
    grid_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_can_be_read_off_the_pixels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(doubled_text_can_be_read_off_the_pixels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(grids_are_as_large_as_fits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(modes_that_cannot_be_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_screen_is_black_at_first_and_flushing_stores_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cells_that_do_not_change_are_not_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_rows_of_a_glyph_that_differ_are_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scrolled_lines_that_look_the_same_are_not_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cursor_is_an_underline_and_leaves_nothing_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_steps_look_as_on_a_naive_grid_in_any_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(few_cells_are_a_small_screen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(few_bits_a_channel_are_rounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interruption_anywhere_is_survived, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
