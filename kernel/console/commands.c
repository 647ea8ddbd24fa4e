// SPDX-License-Identifier: MIT
// The commands for what text looks like.
#include <console/console.h>
#include <lib/command.h>
#include <lib/string.h>

static const char *colour_name(size_t index)
{
    static const char *const names[SURFACE_COLOUR_COUNT] = {
        [SURFACE_BLACK] = "black",
        [SURFACE_BLUE] = "blue",
        [SURFACE_GREEN] = "green",
        [SURFACE_CYAN] = "cyan",
        [SURFACE_RED] = "red",
        [SURFACE_MAGENTA] = "magenta",
        [SURFACE_BROWN] = "brown",
        [SURFACE_LIGHT_GREY] = "light-grey",
        [SURFACE_DARK_GREY] = "dark-grey",
        [SURFACE_LIGHT_BLUE] = "light-blue",
        [SURFACE_LIGHT_GREEN] = "light-green",
        [SURFACE_LIGHT_CYAN] = "light-cyan",
        [SURFACE_LIGHT_RED] = "light-red",
        [SURFACE_LIGHT_MAGENTA] = "light-magenta",
        [SURFACE_YELLOW] = "yellow",
        [SURFACE_WHITE] = "white",
    };
    return index < SURFACE_COLOUR_COUNT ? names[index] : nullptr;
}

// A NAME that the choice has let through.
static enum surface_colour colour_called(const char *name)
{
    size_t index = 0;
    while (index + 1 < SURFACE_COLOUR_COUNT && strcmp(colour_name(index), name) != 0)
        index++;
    return (enum surface_colour)index;
}

static enum status run_color(struct command_call *call)
{
    if (call->argument_count == 0) {
        console_reset_colours();
        return STATUS_OK;
    }
    enum surface_colour foreground = colour_called(call->arguments[0].text), background = SURFACE_BLACK;
    if (call->argument_count == 2)
        background = colour_called(call->arguments[1].text);
    if (foreground == background)
        return command_fail(call, STATUS_INVALID, "%s on %s cannot be seen", colour_name(foreground),
                            colour_name(background));
    console_set_colours(foreground, background);
    return STATUS_OK;
}

COMMAND(color, .summary = "set the colours of text that has none of its own", .run = run_color,
        .details = "Without a name, back to light grey on black. On the screen they count for what\n"
                   "follows; a terminal at the serial line is told by OSC 10 and 11, and may\n"
                   "recolour what is there.\n",
        .parameters = {{"foreground", colour_name, .kind = COMMAND_WORD, .is_optional = true},
                       {"background", colour_name, .kind = COMMAND_WORD, .is_optional = true}});

static enum status run_clear(struct command_call *call)
{
    command_print(call, "\033[H\033[2J");
    return STATUS_OK;
}

COMMAND(clear, .summary = "clear the screen", .run = run_clear,
        .details = "Lines that had left it can still be looked back at.\n");
