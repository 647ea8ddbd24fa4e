// SPDX-License-Identifier: MIT
// kernel/console/terminal fed with anything, on screens of any size. The input is
//
//   columns, rows, lines of scrollback, a byte each; then text, in which FFh does something else, which the byte behind
//   it chooses: end a write, look up or down, repair, or overwrite everything that a write may leave half done, and
//   repair that.
//
// After each write the terminal must be sound and the surface show what it has; so must another terminal that gets the
// same text one byte at a time, and it must show the same.
#include <grid.h>
#include <lib/panic.h>
#include <stdlib.h>
#include <string.h>
#include <support/mirror_surface.h>
#include <support/random.h>
#include <support/terminal_check.h>

constexpr uint8_t COMMAND = 0xff;

struct screen {
    struct mirror_surface mirror;
    struct terminal terminal;
    surface_cell_t *cells; // from the heap, so that the sanitizer stands around them
    size_t cell_count;
    size_t answered_bytes;
};

static struct screen whole, bytewise;
static bool are_alike;

static void count_answer(void *context, const char *text, size_t length)
{
    struct screen *screen = context;
    if (length == 0 || text[0] != '\x1b')
        panic("an answer that is none");
    screen->answered_bytes += length;
}

static void open_screen(struct screen *screen, const uint8_t *header)
{
    unsigned columns = 1 + header[0] % 100, rows = 1 + header[1] % 30, history = header[2] % 12;
    mirror_surface_init(&screen->mirror, columns, rows);
    screen->cell_count = TERMINAL_CELLS(columns, rows + history);
    screen->cells = malloc(screen->cell_count * sizeof *screen->cells);
    if (screen->cells == nullptr)
        panic("no memory");
    bool does_line_feed_return = header[2] & 0x80;
    if (terminal_init(&screen->terminal, &screen->mirror.surface, screen->cells, screen->cell_count,
                      does_line_feed_return) != STATUS_OK)
        panic("no terminal of %u x %u", columns, rows);
    screen->terminal.answer = count_answer;
    screen->terminal.answer_context = screen;
    screen->answered_bytes = 0;
}

static void check_screen(const struct screen *screen)
{
    const char *problem = terminal_check(&screen->terminal, &screen->mirror);
    if (problem != nullptr)
        panic("%s", problem);
}

static void check(void)
{
    check_screen(&whole);
    check_screen(&bytewise);
    if (!are_alike)
        return;
    if (memcmp(whole.mirror.cells, bytewise.mirror.cells, sizeof whole.mirror.cells) != 0)
        panic("the screen depends on how the text comes in pieces");
    if (whole.answered_bytes != bytewise.answered_bytes)
        panic("the answers depend on how the text comes in pieces");
}

static void write(const uint8_t *text, size_t length)
{
    if (length > 0) // an empty write shows the screen, too
        terminal_write(&whole.terminal, (const char *)text, length);
    for (size_t i = 0; i < length; i++)
        terminal_write(&bytewise.terminal, (const char *)text + i, 1);
}

// All but what is set once.
static void scribble(struct screen *screen, uint64_t *random)
{
    uint8_t *bytes = (uint8_t *)&screen->terminal;
    for (size_t i = offsetof(struct terminal, first_at); i < sizeof screen->terminal; i++)
        bytes[i] = (uint8_t)random_next(random);
    for (size_t i = 0; i < screen->cell_count; i++)
        screen->cells[i] = (surface_cell_t)random_next(random);
}

static void repair(void)
{
    terminal_repair(&whole.terminal);
    terminal_repair(&bytewise.terminal);
    terminal_write(&whole.terminal, "", 0);
    terminal_write(&bytewise.terminal, "", 0);
    are_alike = are_alike && whole.terminal.first_at == bytewise.terminal.first_at;
}

static void look(int lines)
{
    terminal_view(&whole.terminal, lines);
    terminal_view(&bytewise.terminal, lines);
}

static void do_command(uint8_t command)
{
    uint64_t random = 1u + command;
    switch (command % 8) {
    case 0:
        look(1 + command / 8);
        break;
    case 1:
        look(-1 - command / 8);
        break;
    case 2:
        repair();
        break;
    case 3:
        are_alike = false;
        scribble(&whole, &random);
        scribble(&bytewise, &random);
        repair();
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    constexpr size_t HEADER = 3;
    if (size < HEADER)
        return 0;
    open_screen(&whole, data);
    open_screen(&bytewise, data);
    are_alike = true;
    check();
    for (size_t at = HEADER; at < size;) {
        const uint8_t *command = memchr(data + at, COMMAND, size - at);
        size_t length = command != nullptr ? (size_t)(command - data) - at : size - at;
        write(data + at, length);
        check();
        at += length + 1;
        if (at < size) {
            do_command(data[at++]);
            check();
        }
    }
    free(whole.cells);
    free(bytewise.cells);
    return 0;
}
