// SPDX-License-Identifier: MIT
// A text surface as simple as it can be: what the cards of kernel/vga are compared with. For tests only.
#pragma once
#include <stdint.h>
#include <surface/surface.h>

constexpr surface_cell_t GRID_UNKNOWN = UINT32_MAX; // of a cell that scrolling set free and nobody has drawn since

struct grid_model {
    unsigned rows, columns;
    surface_cell_t *cells; // from the heap
};

// All blank, light grey on black.
void grid_model_create(struct grid_model *model, unsigned rows, unsigned columns);
void grid_model_destroy(struct grid_model *model);

static inline surface_cell_t *grid_model_at(const struct grid_model *model, unsigned row, unsigned column)
{
    return &model->cells[(size_t)row * model->columns + column];
}

// Any cell that a terminal may have; most are ASCII.
surface_cell_t grid_random_cell(uint64_t *random);

// A call of a card, chosen at random: draw() of COUNT cells from the heap, fill() with the first of them, or scroll()
// when there are none.
struct grid_step {
    unsigned row, column, count;
    surface_cell_t *cells;
    bool is_fill;
    unsigned top, bottom;
    int lines;
};
struct grid_step grid_choose_step(const struct grid_model *model, uint64_t *random);
void grid_take_step(const struct grid_step *step, struct grid_model *model);
void grid_release_step(struct grid_step *step);

// The same on the card; calls nothing else.
static inline void grid_call_card(const struct grid_step *step, struct surface *surface)
{
    if (step->is_fill)
        surface->card->fill(surface, step->row, step->column, step->cells[0], step->count);
    else if (step->cells != nullptr)
        surface->card->draw(surface, step->row, step->column, step->cells, step->count);
    else
        surface->card->scroll(surface, step->top, step->bottom, step->lines);
}

// One step of both.
void grid_random_step(struct grid_model *model, struct surface *surface, uint64_t *random);

// Draw every cell of both at random.
void grid_draw_all(struct grid_model *model, struct surface *surface, uint64_t *random);
