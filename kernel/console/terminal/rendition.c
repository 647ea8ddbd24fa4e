// SPDX-License-Identifier: MIT
// SGR (ECMA-48 8.3.117): from its parameters to two of sixteen colours. Called by control.c; must not know the grid.
#include "rendition.h"
#include <limits.h>

constexpr uint8_t BRIGHT = 8;
constexpr unsigned EXTENDED_BY_RGB = 2; // ITU-T T.416 13.1.8, as xterm reads it
constexpr unsigned EXTENDED_BY_INDEX = 5;

// ECMA-48 numbers colours by red, green, blue in bits 0, 1, 2; VGA by blue, green, red.
static uint8_t colour_of(unsigned number)
{
    static const uint8_t colours[] = {SURFACE_BLACK, SURFACE_RED,     SURFACE_GREEN, SURFACE_BROWN,
                                      SURFACE_BLUE,  SURFACE_MAGENTA, SURFACE_CYAN,  SURFACE_LIGHT_GREY};
    return colours[number % 8];
}

void rendition_apply(struct terminal *terminal)
{
    const struct terminal_pen *pen = &terminal->cursor.pen;
    unsigned foreground = pen->foreground, background = pen->background;
    // A cursor has the foreground of its cell, and must be seen.
    unsigned blank_foreground = background == SURFACE_BLACK ? SURFACE_LIGHT_GREY : foreground;
    terminal->blank = ' ' | blank_foreground << 24 | background << 28;
    if (pen->is_bold)
        foreground |= BRIGHT;
    terminal->colours = pen->is_reverse ? background << 24 | foreground << 28 : foreground << 24 | background << 28;
}

// ---- more colours than there are

static unsigned square_of_difference(uint32_t one, uint32_t other, unsigned shift)
{
    int difference = (int)(one >> shift & 0xff) - (int)(other >> shift & 0xff);
    return (unsigned)(difference * difference);
}

static uint8_t nearest_to(uint32_t rgb)
{
    unsigned best = UINT_MAX;
    uint8_t nearest = 0;
    for (uint8_t colour = 0; colour < SURFACE_COLOUR_COUNT; colour++) {
        unsigned distance = 0;
        for (unsigned shift = 0; shift < 24; shift += 8)
            distance += square_of_difference(rgb, surface_palette[colour], shift);
        if (distance < best) {
            best = distance;
            nearest = colour;
        }
    }
    return nearest;
}

// xterm's 256 colours: the sixteen, a cube of six steps a side, and greys.
static uint8_t nearest_to_index(unsigned index)
{
    constexpr unsigned CUBE = 16, GREYS = CUBE + 6 * 6 * 6;
    static const uint8_t steps[] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    if (index < 8)
        return colour_of(index);
    if (index < CUBE)
        return colour_of(index) | BRIGHT;
    if (index >= GREYS)
        return nearest_to((8 + 10 * (index - GREYS)) * 0x01'0101u);
    index -= CUBE;
    return nearest_to((uint32_t)steps[index / 36] << 16 | (uint32_t)steps[index / 6 % 6] << 8 | steps[index % 6]);
}

// The parameters from FIRST on that belong to the one before it, because a colon precedes each.
static unsigned count_sub_parameters(const struct terminal *terminal, unsigned first)
{
    unsigned count = 0;
    while (first + count < terminal->parameter_count && terminal->sub_parameters >> (first + count) & 1)
        count++;
    return count;
}

// 38 or 48 and what follows: 5 and an index, or 2 and red, green and blue; after colons the number of a colour space
// may stand before red. Returns how many parameters that were; what makes no sense leaves COLOUR alone.
static unsigned extended_colour(const struct terminal *terminal, unsigned at, uint8_t *colour)
{
    const uint16_t *parameters = terminal->parameters + at;
    unsigned count = terminal->parameter_count - at;
    unsigned sub_parameters = count_sub_parameters(terminal, at + 1);
    unsigned first = 2;
    if (sub_parameters > 0) {
        count = 1 + sub_parameters;
        first = parameters[1] == EXTENDED_BY_RGB && sub_parameters > 4 ? 3 : 2;
    }
    unsigned kind = count > 1 ? parameters[1] : 0;
    unsigned length = kind == EXTENDED_BY_INDEX ? first + 1 : kind == EXTENDED_BY_RGB ? first + 3 : count;
    if (length > count)
        return count;
    if (kind == EXTENDED_BY_INDEX && parameters[2] <= UINT8_MAX)
        *colour = nearest_to_index(parameters[2]);
    uint32_t rgb = 0;
    bool is_rgb = kind == EXTENDED_BY_RGB;
    for (unsigned i = first; is_rgb && i < length; i++) {
        is_rgb = parameters[i] <= UINT8_MAX;
        rgb = rgb << 8 | parameters[i];
    }
    if (is_rgb)
        *colour = nearest_to(rgb);
    return sub_parameters > 0 ? count : length;
}

// ---- one parameter

static void select_colour(struct terminal_pen *pen, unsigned value)
{
    if (value >= 30 && value <= 37)
        pen->foreground = colour_of(value - 30);
    else if (value >= 40 && value <= 47)
        pen->background = colour_of(value - 40);
    else if (value >= 90 && value <= 97)
        pen->foreground = colour_of(value - 90) | BRIGHT;
    else if (value >= 100 && value <= 107)
        pen->background = colour_of(value - 100) | BRIGHT;
}

static void select_one(struct terminal_pen *pen, const struct terminal_pen *usual, unsigned value)
{
    switch (value) {
    case 0:
        *pen = *usual;
        break;
    case 1:
        pen->is_bold = true;
        break;
    case 7:
        pen->is_reverse = true;
        break;
    case 22:
        pen->is_bold = false;
        break;
    case 27:
        pen->is_reverse = false;
        break;
    case 39:
        pen->foreground = usual->foreground;
        break;
    case 49:
        pen->background = usual->background;
        break;
    default:
        select_colour(pen, value);
    }
}

void rendition_select(struct terminal *terminal)
{
    struct terminal_pen *pen = &terminal->cursor.pen;
    unsigned at = 0;
    while (at < terminal->parameter_count) {
        unsigned value = terminal->parameters[at];
        if (value == 38) {
            at += extended_colour(terminal, at, &pen->foreground);
        } else if (value == 48) {
            at += extended_colour(terminal, at, &pen->background);
        } else {
            unsigned sub_parameters = count_sub_parameters(terminal, at + 1);
            if (sub_parameters == 0)
                select_one(pen, &terminal->usual, value);
            at += 1 + sub_parameters;
        }
    }
    rendition_apply(terminal);
}
