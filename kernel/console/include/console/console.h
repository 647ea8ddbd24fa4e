// SPDX-License-Identifier: MIT
// The console: what a person reads. Text goes to the screen, where a terminal makes of it what a VT100 would, and, byte
// for byte, to the serial line, where whoever is at the other end does the same. Owns the terminal; knows no card.
// Exported names start with console_.
//
// Not for interrupt handlers. What must be seen at any price goes through log/emergency.h, which ends here too.
#pragma once
#include <log/log.h>
#include <stddef.h>
#include <stdint.h>
#include <surface/surface.h>

// Show text on SURFACE from here on, a blank screen first. CELLS, CELL_COUNT of them (TERMINAL_CELLS() of
// terminal/terminal.h), are the console's for the life of the kernel; those beyond a screen are lines to look back at.
// STATUS_NO_MEMORY and STATUS_INVALID as terminal_init() has them: then there is no screen.
[[nodiscard]] enum status console_start_screen(struct surface *surface, surface_cell_t *cells, size_t cell_count);

// Send text to the serial line, too, from here on. Carriage returns are added there.
void console_start_serial(void);

// Show the log from LEVEL upwards on the screen, a colour for each level, beginning with what the log still holds.
// Once, after console_start_screen().
void console_attach_log(enum log_level level);

// How many lines of the log have been shown on the screen. Who has left text in the row of the cursor sees by that that
// it has been disturbed. Any context.
[[nodiscard]] uint32_t console_log_line_count(void);

// Show TEXT: UTF-8 with control sequences (docs/terminal.md). A line feed begins a new line.
void console_write(const char *text, size_t length);

// The same on the screen alone.
void console_show(const char *text, size_t length);

// Takes what the screen answers to questions in a text (reports of position, state and kind; docs/terminal.md), LENGTH
// bytes that are not terminated and not its to keep. Called by the function that wrote the text, before it returns,
// when the text is shown: in the same task, with interrupts as they were. It must not wait. It may log and write to the
// console; what it asks there itself is not answered.
typedef void console_answer_fn(void *context, const char *text, size_t length);

// From here on give the screen's answers to ANSWER, all those of one text at once; nullptr: to nobody, as at first. The
// log and the report of a death are never answered, whatever stands in them. Whoever is at the other end of the serial
// line may answer the same question there, and without a screen nobody else does.
constexpr size_t CONSOLE_ANSWER_LIMIT = 256; // bytes; answers that would exceed it are dropped, each as a whole
void console_set_answer(console_answer_fn *answer, void *context);

// console_write() with a format (lib/format.h).
__attribute__((format(printf, 1, 2))) void console_print(const char *format, ...);

// Show text without colours of its own in FOREGROUND on BACKGROUND from here on: on the screen by terminal's usual
// colours, at the serial line by asking its terminal with OSC 10 and 11 (xterm), which some do not know. Back again:
// light grey on black, and what that terminal has. A report of the kernel's death goes back by itself.
void console_set_colours(enum surface_colour foreground, enum surface_colour background);
void console_reset_colours(void);

// Look back HALVES half screens, or forth where that is negative. Text that comes brings the end back.
void console_look_back(int halves);

// How much text can be seen at once, wherever it is shown: on the screen, and on a VT100 at the other end of the serial
// line.
struct console_size {
    unsigned columns, rows;
};
[[nodiscard]] struct console_size console_size(void);
