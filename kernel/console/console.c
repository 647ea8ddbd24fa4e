// SPDX-License-Identifier: MIT
// The console's two ends, and the log's way to the screen. Called by main, by whoever talks to a person and, through
// the sink that it registers, by log.
#include <arch/cpu.h>
#include <console/console.h>
#include <lib/format.h>
#include <lib/string.h>
#include <serial/serial.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <terminal/terminal.h>

// Where text on the screen comes from.
enum origin : uint8_t {
    ORIGIN_CALLER, // whose questions are answered
    ORIGIN_LOG,
    ORIGIN_REPORT, // of a death
};

static struct {
    bool has_screen, has_serial;
    _Atomic uint32_t log_line_count; // shown
    bool is_writing;                 // to the terminal: what interrupts it for good finds it half-changed
    enum origin origin;              // of the last text
    struct terminal terminal;

    // What the terminal has answered waits here until the text that asked is shown.
    console_answer_fn *answer;
    void *answer_context;
    bool is_answering;
    size_t answer_length;
    char answers[CONSOLE_ANSWER_LIMIT];
} console;

// ---- text

// With interrupts closed, as the log writes: its lines may come from an interrupt handler.
static void show(const char *text, size_t length, enum origin origin)
{
    if (!console.has_screen)
        return;
    uint64_t flags = cpu_interrupts_disable();
    console.origin = origin;
    console.is_writing = true;
    terminal_write(&console.terminal, text, length);
    console.is_writing = false;
    cpu_interrupts_restore(flags);
}

// What the terminal calls, in the middle of a write.
static void keep_answer(void *, const char *text, size_t length)
{
    bool is_asked = console.origin == ORIGIN_CALLER && console.answer != nullptr;
    if (!is_asked || length > sizeof console.answers - console.answer_length)
        return;
    memcpy(console.answers + console.answer_length, text, length);
    console.answer_length += length;
}

// Behind the write, because whoever takes the answers may log. What they ask themselves is forgotten, or each question
// would lead to the next.
static void pass_answers_on(void)
{
    if (console.answer_length == 0 || console.is_answering)
        return;
    console.is_answering = true;
    console.answer(console.answer_context, console.answers, console.answer_length);
    console.answer_length = 0;
    console.is_answering = false;
}

void console_show(const char *text, size_t length)
{
    show(text, length, ORIGIN_CALLER);
    pass_answers_on();
}

void console_write(const char *text, size_t length)
{
    uint64_t flags = cpu_interrupts_disable();
    if (console.has_serial)
        serial_write(text, length);
    show(text, length, ORIGIN_CALLER);
    cpu_interrupts_restore(flags);
    pass_answers_on();
}

static void write_piece(void *, const char *text, size_t length)
{
    console_write(text, length);
}

void console_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_list(write_piece, nullptr, format, arguments);
    va_end(arguments);
}

// ---- colours

static void show_in(enum surface_colour foreground, enum surface_colour background)
{
    if (!console.has_screen)
        return;
    uint64_t flags = cpu_interrupts_disable();
    terminal_set_usual_colours(&console.terminal, foreground, background);
    cpu_interrupts_restore(flags);
}

static void tell_far_terminal(const char *sequences, size_t length)
{
    if (console.has_serial)
        serial_write(sequences, length);
}

void console_set_colours(enum surface_colour foreground, enum surface_colour background)
{
    char sequences[48];
    size_t length = format_string(sequences, sizeof sequences, "\033]10;#%06x\033\\\033]11;#%06x\033\\",
                                  (unsigned)surface_palette[foreground], (unsigned)surface_palette[background]);
    show_in(foreground, background);
    tell_far_terminal(sequences, length);
}

void console_reset_colours(void)
{
    static const char sequences[] = "\033]110\033\\\033]111\033\\";
    show_in(SURFACE_LIGHT_GREY, SURFACE_BLACK);
    tell_far_terminal(sequences, sizeof sequences - 1);
}

// ---- looking back

void console_look_back(int halves)
{
    if (!console.has_screen)
        return;
    uint64_t flags = cpu_interrupts_disable();
    console.is_writing = true;
    terminal_view(&console.terminal, halves * (int)(console.terminal.rows / 2));
    console.is_writing = false;
    cpu_interrupts_restore(flags);
}

uint32_t console_log_line_count(void)
{
    return console.log_line_count;
}

struct console_size console_size(void)
{
    constexpr struct console_size VT100 = {80, 24};
    if (!console.has_screen)
        return VT100;
    struct console_size size = {console.terminal.columns, console.terminal.rows};
    if (console.has_serial && size.columns > VT100.columns)
        size.columns = VT100.columns;
    if (console.has_serial && size.rows > VT100.rows)
        size.rows = VT100.rows;
    return size;
}

// ---- the log

// One write a line: the terminal shows what has changed at the end of each.
static void sink_write(enum log_level level, const char *text, size_t length)
{
    static const char *const colours[] = {
        [LOG_LEVEL_ERROR] = "\033[91m",
        [LOG_LEVEL_WARNING] = "\033[93m",
        [LOG_LEVEL_INFO] = "\033[m",
        [LOG_LEVEL_DEBUG] = "\033[90m",
    };
    constexpr size_t COLOURS_BYTES = 8;
    static char line[COLOURS_BYTES + 2 * LOG_TEXT_LIMIT];
    console.log_line_count++;
    size_t colour_length = strlen(colours[level]);
    if (length > sizeof line - COLOURS_BYTES) {
        show(text, length, ORIGIN_LOG);
        return;
    }
    memcpy(line, colours[level], colour_length);
    memcpy(line + colour_length, text, length);
    memcpy(line + colour_length + length, "\033[m", 3);
    show(line, colour_length + length + 3, ORIGIN_LOG);
}

// A report finds a terminal that somebody may have left in any state, the scroll region of a program included; and what
// interrupted a write, one that is half-changed. It gets a row of its own, and nothing below it.
static void begin_report(void)
{
    static const char start[] = "\n\033[J\033[97m";
    terminal_repair(&console.terminal);
    size_t skipped = console.terminal.cursor.column == 0 ? 1 : 0;
    show(start + skipped, sizeof start - 1 - skipped, ORIGIN_REPORT);
}

static void sink_write_emergency(enum log_level, const char *text, size_t length)
{
    if (console.origin != ORIGIN_REPORT || console.is_writing)
        begin_report();
    show(text, length, ORIGIN_REPORT);
}

void console_attach_log(enum log_level level)
{
    static struct log_sink sink = {.write = sink_write, .write_emergency = sink_write_emergency, .is_brief = true};
    sink.level = level;
    log_sink_register(&sink);
}

// ---- start

enum status console_start_screen(struct surface *surface, surface_cell_t *cells, size_t cell_count)
{
    enum status status = terminal_init(&console.terminal, surface, cells, cell_count, true);
    console.has_screen = status == STATUS_OK;
    console.terminal.answer = keep_answer;
    return status;
}

void console_start_serial(void)
{
    console.has_serial = true;
}

void console_set_answer(console_answer_fn *answer, void *context)
{
    console.answer = answer;
    console.answer_context = context;
}
