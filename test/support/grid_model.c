// SPDX-License-Identifier: MIT
// The naive grid, and random steps that it and a card take together.
#include <stdlib.h>
#include <support/grid_model.h>
#include <support/random.h>
#include <support/unit.h>

static_assert(GRID_UNKNOWN == UINT32_MAX); // what memset() below makes

constexpr surface_cell_t BLANK = (surface_cell_t)SURFACE_LIGHT_GREY << 24 | ' ';

void grid_model_create(struct grid_model *model, unsigned rows, unsigned columns)
{
    size_t count = (size_t)rows * columns;
    *model = (struct grid_model){rows, columns, malloc(count * sizeof *model->cells)};
    assert_non_null(model->cells);
    for (size_t i = 0; i < count; i++)
        model->cells[i] = BLANK;
}

void grid_model_destroy(struct grid_model *model)
{
    free(model->cells);
}

surface_cell_t grid_random_cell(uint64_t *random)
{
    static const uint32_t others[] = {u'é', u'Ω', u'Ж', u'─', u'╬', u'█', u'■', u'€', 0xfffd, 0x1f600, 0x1f'ffff, 0};
    constexpr uint32_t OTHER_COUNT = sizeof others / sizeof *others;
    uint32_t code_point = ' ' + random_below(random, 95);
    if (random_below(random, 8) == 0)
        code_point = others[random_below(random, OTHER_COUNT)];
    // Few colours, so that neighbours often share theirs.
    unsigned foreground = random_below(random, 4) == 0 ? random_below(random, 16) : SURFACE_LIGHT_GREY;
    unsigned background = random_below(random, 8) == 0 ? random_below(random, 16) : SURFACE_BLACK;
    return surface_cell(code_point, (enum surface_colour)foreground, (enum surface_colour)background);
}

// Runs of one cell are as common as text.
static struct grid_step choose_draw(const struct grid_model *model, uint64_t *random)
{
    struct grid_step step = {.row = random_below(random, model->rows), .column = random_below(random, model->columns)};
    step.count = 1 + random_below(random, model->columns - step.column);
    step.cells = malloc(step.count * sizeof *step.cells); // exactly as long, so that reading beyond is seen
    assert_non_null(step.cells);
    bool is_run = random_below(random, 3) == 0;
    step.cells[0] = grid_random_cell(random);
    for (unsigned i = 1; i < step.count; i++)
        step.cells[i] = is_run ? step.cells[0] : grid_random_cell(random);
    step.is_fill = is_run && random_below(random, 2) == 0;
    return step;
}

// The whole screen, three times of four: what a log does.
static struct grid_step choose_scroll(const struct grid_model *model, uint64_t *random)
{
    struct grid_step step = {.top = 0, .bottom = model->rows};
    if (random_below(random, 4) == 0) {
        step.top = random_below(random, model->rows);
        step.bottom = step.top + 1 + random_below(random, model->rows - step.top);
    }
    step.lines = random_below(random, 3) == 0 ? 1 + (int)random_below(random, step.bottom - step.top) : 1;
    if (random_below(random, 4) == 0)
        step.lines = -step.lines;
    return step;
}

struct grid_step grid_choose_step(const struct grid_model *model, uint64_t *random)
{
    return random_below(random, 3) == 0 ? choose_scroll(model, random) : choose_draw(model, random);
}

static void scroll_model(struct grid_model *model, unsigned top, unsigned bottom, int lines)
{
    size_t count = bottom - top, row_bytes = model->columns * sizeof *model->cells;
    surface_cell_t *old = malloc(count * row_bytes);
    assert_non_null(old);
    memcpy(old, grid_model_at(model, top, 0), count * row_bytes);
    for (unsigned i = 0; i < count; i++) {
        long from = (long)i + lines;
        surface_cell_t *row = grid_model_at(model, top + i, 0);
        if (from >= 0 && from < (long)count)
            memcpy(row, old + (size_t)from * model->columns, row_bytes);
        else
            memset(row, 0xff, row_bytes);
    }
    free(old);
}

void grid_take_step(const struct grid_step *step, struct grid_model *model)
{
    if (step->cells != nullptr)
        memcpy(grid_model_at(model, step->row, step->column), step->cells, step->count * sizeof *step->cells);
    else
        scroll_model(model, step->top, step->bottom, step->lines);
}

void grid_release_step(struct grid_step *step)
{
    free(step->cells);
}

void grid_random_step(struct grid_model *model, struct surface *surface, uint64_t *random)
{
    struct grid_step step = grid_choose_step(model, random);
    grid_take_step(&step, model);
    grid_call_card(&step, surface);
    grid_release_step(&step);
}

void grid_draw_all(struct grid_model *model, struct surface *surface, uint64_t *random)
{
    for (unsigned row = 0; row < model->rows; row++) {
        for (unsigned column = 0; column < model->columns; column++)
            *grid_model_at(model, row, column) = grid_random_cell(random);
        surface->card->draw(surface, row, 0, grid_model_at(model, row, 0), model->columns);
    }
}
