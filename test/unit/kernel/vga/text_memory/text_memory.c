// SPDX-License-Identifier: MIT
// kernel/vga/text_memory: what the card's memory holds from the start on, compared with a naive grid; that it is
// written no more than that takes; and that an interruption anywhere leaves it within its bounds.
#include <code_page/code_page.h>
#include <stdio.h>
#include <stdlib.h>
#include <support/grid_model.h>
#include <support/interrupted.h>
#include <support/random.h>
#include <support/unit.h>
#include <text_memory/text_memory.h>

constexpr unsigned COLUMNS = TEXT_MEMORY_COLUMNS;
constexpr uint16_t UNTOUCHED = 0xdead;

// The card's memory comes from the heap, where a write beyond it is noticed.
static uint16_t *card;
static struct text_memory *memory;
static struct surface surface;

static void draw(struct surface *, unsigned row, unsigned column, const surface_cell_t *cells, unsigned count)
{
    text_memory_draw(memory, row, column, cells, count);
}

static void fill(struct surface *, unsigned row, unsigned column, surface_cell_t cell, unsigned count)
{
    text_memory_fill(memory, row, column, cell, count);
}

static void scroll(struct surface *, unsigned top, unsigned bottom, int lines)
{
    text_memory_scroll(memory, top, bottom, lines);
}

static const struct surface_card functions = {.name = "test", .draw = draw, .fill = fill, .scroll = scroll};

static void leave_untouched(void)
{
    for (unsigned i = 0; i < TEXT_MEMORY_CELLS; i++)
        card[i] = UNTOUCHED;
}

static unsigned count_touched(void)
{
    unsigned touched = 0;
    for (unsigned i = 0; i < TEXT_MEMORY_CELLS; i++)
        touched += card[i] != UNTOUCHED;
    return touched;
}

static void begin(unsigned rows)
{
    leave_untouched();
    text_memory_init(memory, card, rows);
    surface = (struct surface){&functions, COLUMNS, rows};
}

static int set_up(void **)
{
    card = malloc(TEXT_MEMORY_CELLS * sizeof *card);
    memory = malloc(sizeof *memory);
    if (card == nullptr || memory == nullptr)
        return -1;
    begin(25);
    return 0;
}

static int tear_down(void **)
{
    free(card);
    free(memory);
    return 0;
}

static uint16_t shown_at(unsigned row, unsigned column)
{
    return card[memory->start + row * COLUMNS + column];
}

static uint16_t converted(surface_cell_t cell)
{
    return (uint16_t)(code_page_byte(surface_code_point(cell)) | surface_foreground(cell) << 8 |
                      surface_background(cell) << 12);
}

static void draw_text(unsigned row, unsigned column, const char *text)
{
    surface_cell_t cells[COLUMNS];
    unsigned count = 0;
    for (; text[count] != '\0'; count++)
        cells[count] = surface_cell((uint8_t)text[count], SURFACE_LIGHT_GREY, SURFACE_BLACK);
    text_memory_draw(memory, row, column, cells, count);
}

static unsigned count_differences(const struct grid_model *model)
{
    unsigned differences = 0;
    for (unsigned row = 0; row < model->rows; row++) {
        for (unsigned column = 0; column < COLUMNS; column++) {
            surface_cell_t cell = *grid_model_at(model, row, column);
            differences += cell != GRID_UNKNOWN && shown_at(row, column) != converted(cell);
        }
    }
    return differences;
}

// What the shadow says of the card is true, as far as it says anything.
static void assert_shadow_is_true(void)
{
    assert_true(memory->start % TEXT_MEMORY_CELLS_PER_WORD == 0);
    assert_true(memory->start + memory->rows * COLUMNS <= memory->written_end);
    assert_true(memory->written_end <= TEXT_MEMORY_CELLS);
    assert_memory_equal(memory->shadow, card, memory->written_end * sizeof *card);
    for (unsigned i = memory->written_end; i < TEXT_MEMORY_CELLS; i++)
        assert_int_equal(card[i], UNTOUCHED);
}

static void the_screen_is_blank_at_first_and_the_rest_is_left_alone(void **)
{
    for (unsigned i = 0; i < 25 * COLUMNS; i++)
        assert_int_equal(card[i], 0x0720);
    assert_int_equal(count_touched(), 25 * COLUMNS);
    assert_int_equal(memory->start, 0);
}

static void a_cell_has_its_byte_and_both_colours(void **)
{
    surface_cell_t cell = surface_cell(u'é', SURFACE_YELLOW, SURFACE_LIGHT_BLUE);
    text_memory_draw(memory, 3, 5, &cell, 1);
    assert_int_equal(card[3 * COLUMNS + 5], 0x9e82);
    assert_int_equal(card[3 * COLUMNS + 4], 0x0720);
    assert_int_equal(card[3 * COLUMNS + 6], 0x0720);
}

static void every_alignment_and_length_is_drawn_whole(void **)
{
    uint64_t random = 1;
    for (unsigned column = 0; column < 9; column++) {
        for (unsigned count = 0; count <= 13; count++) {
            begin(25);
            struct grid_model model;
            grid_model_create(&model, 25, COLUMNS);
            for (unsigned i = 0; i < count; i++)
                *grid_model_at(&model, 7, column + i) = grid_random_cell(&random);
            text_memory_draw(memory, 7, column, grid_model_at(&model, 7, column), count);
            assert_int_equal(count_differences(&model), 0);
            surface_cell_t cell = grid_random_cell(&random);
            for (unsigned i = 0; i < count; i++)
                *grid_model_at(&model, 8, column + i) = cell;
            text_memory_fill(memory, 8, column, cell, count);
            assert_int_equal(count_differences(&model), 0);
            assert_shadow_is_true();
            grid_model_destroy(&model);
        }
    }
}

static void cells_that_do_not_change_are_not_written(void **)
{
    draw_text(0, 0, "the same text, twice");
    leave_untouched();
    draw_text(0, 0, "the same text, twice");
    assert_int_equal(count_touched(), 0);
    draw_text(0, 0, "The same text, twice");
    assert_int_equal(count_touched(), TEXT_MEMORY_CELLS_PER_WORD);
    leave_untouched();
    draw_text(1, 2, "x");
    assert_int_equal(count_touched(), 1);
}

static void the_screen_scrolls_by_its_start_alone(void **)
{
    draw_text(1, 0, "second");
    text_memory_scroll(memory, 0, 25, 1); // writes the row that has never been
    leave_untouched();
    text_memory_scroll(memory, 0, 25, -1);
    text_memory_scroll(memory, 0, 25, 1);
    assert_int_equal(count_touched(), 0);
    assert_int_equal(memory->start, COLUMNS);
    assert_int_equal(memory->shadow[memory->start], 0x0700 | 's');
}

// The rows that stay are written once more, and no cell that is there already.
static void the_end_of_the_memory_is_met_once_in_179_lines(void **)
{
    unsigned lines_until_end = (TEXT_MEMORY_CELLS - 25 * COLUMNS) / COLUMNS, most = 0;
    for (unsigned line = 0; line < 3 * lines_until_end; line++) {
        char text[COLUMNS];
        snprintf(text, sizeof text, "line %u", line);
        draw_text(24, 0, text);
        leave_untouched();
        unsigned before = memory->start;
        text_memory_scroll(memory, 0, 25, 1);
        if (memory->start == 0)
            most = count_touched();
        else
            assert_true(count_touched() <= COLUMNS);
        assert_true(memory->start == before + COLUMNS || (memory->start == 0 && before == lines_until_end * COLUMNS));
    }
    assert_in_range(most, 1, 24 * 3 * TEXT_MEMORY_CELLS_PER_WORD);
}

static void a_part_scrolls_by_its_differences(void **)
{
    draw_text(10, 0, "same       A");
    draw_text(11, 0, "same       B");
    draw_text(12, 40, "below");
    leave_untouched();
    text_memory_scroll(memory, 10, 12, 1);
    assert_int_equal(count_touched(), TEXT_MEMORY_CELLS_PER_WORD);
    assert_int_equal(shown_at(10, 11), 0x0700 | 'B');
    assert_int_equal(memory->start, 0);
}

static void random_steps(unsigned rows, uint64_t seed, unsigned count)
{
    struct grid_model model;
    grid_model_create(&model, rows, COLUMNS);
    begin(rows);
    uint64_t random = seed;
    for (unsigned step = 0; step < count; step++) {
        grid_random_step(&model, &surface, &random);
        if (step % 16 == 0) {
            assert_int_equal(count_differences(&model), 0);
            assert_shadow_is_true();
        }
    }
    assert_int_equal(count_differences(&model), 0);
    assert_shadow_is_true();
    grid_model_destroy(&model);
}

static void any_steps_look_as_on_a_naive_grid(void **)
{
    random_steps(25, 1, 8000);
    random_steps(50, 2, 8000);
}

// ---- interruptions

static void take_step(void *context)
{
    grid_call_card(context, &surface);
}

// Whoever interrupts draws the screen anew; one word may keep what it had.
static void an_interruption_anywhere_is_survived(void **)
{
    if (!CAN_INTERRUPT)
        skip();
    struct grid_model model;
    grid_model_create(&model, 25, COLUMNS);
    uint64_t random = 3;
    unsigned interrupted = 0;
    for (unsigned round = 0; round < 400; round++) {
        struct grid_step step = grid_choose_step(&model, &random);
        interrupted += interrupted_after(random_below(&random, 1000), take_step, &step);
        grid_release_step(&step);
        assert_true(memory->start % TEXT_MEMORY_CELLS_PER_WORD == 0);
        assert_true(memory->start + 25 * COLUMNS <= TEXT_MEMORY_CELLS);
        text_memory_scroll(memory, 0, 25, 1);
        grid_draw_all(&model, &surface, &random);
        assert_in_range(count_differences(&model), 0, (round % 10 + 1) * TEXT_MEMORY_CELLS_PER_WORD);
        if (round % 10 == 9)
            begin(25);
    }
    assert_true(interrupted > 100);
    grid_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_screen_is_blank_at_first_and_the_rest_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cell_has_its_byte_and_both_colours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_alignment_and_length_is_drawn_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cells_that_do_not_change_are_not_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_screen_scrolls_by_its_start_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_the_memory_is_met_once_in_179_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_scrolls_by_its_differences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_steps_look_as_on_a_naive_grid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interruption_anywhere_is_survived, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
