// SPDX-License-Identifier: MIT
// The prompt: reads a line, runs it, until a command ends it. Called by whoever starts the shell.
#include "run.h"
#include "table.h"
#include <console/console.h>
#include <line_editor/line_editor.h>
#include <shell/shell.h>
#include <syntax/completion.h>
#include <task/task.h>
#include <time/time.h>
#include <tty/tty.h>

static const char prompt[] = "hewn> ";
constexpr size_t HISTORY_BYTES = 8192;
constexpr uint64_t PAUSE_NS = 100'000'000; // after which Escape is a key, and the log is looked at

static struct line_editor editor;
static bool is_ready, is_ending;

// ---- completion

// What the words are is found out with the first one.
static const char *complete(void *, const char *line, size_t length, size_t index, size_t *start)
{
    static struct completion completion;
    static command_choice_fn *choice;
    static size_t word_start;
    if (index == 0)
        choice = completion_choice(&completion, line, length, command_table_name, command_table_find, &word_start);
    *start = word_start;
    return choice != nullptr ? choice(index) : nullptr;
}

// ---- lines

static void write_text(void *, const char *text, size_t length)
{
    console_write(text, length);
}

// A line of the log that came meanwhile has left the cursor below what was being typed: it is shown once more there.
static void look_at_the_log(uint32_t *seen)
{
    uint32_t count = console_log_line_count();
    if (count != *seen)
        line_editor_show(&editor);
    *seen = count;
}

static enum line_event read_line(void)
{
    uint32_t log_lines = console_log_line_count();
    struct console_size size = console_size();
    line_editor_start(&editor, prompt, size.columns, size.rows);
    enum line_event event = LINE_GOES_ON;
    while (event == LINE_GOES_ON) {
        uint8_t byte;
        task_set_deadline(time_now_ns() + PAUSE_NS);
        enum status status = tty_read(&byte);
        look_at_the_log(&log_lines);
        if (status == STATUS_OK)
            event = line_editor_push(&editor, byte);
        else
            line_editor_pause(&editor);
    }
    task_set_deadline(UINT64_MAX);
    return event;
}

static void run_shell(void *)
{
    while (!is_ending) {
        enum line_event event = read_line();
        if (event == LINE_IS_FINISHED && editor.is_cut)
            console_print("A line has %zu bytes at most. This one is not run.\n", WORDS_LINE_LIMIT - 1);
        else if (event == LINE_IS_FINISHED)
            run_line(editor.line);
        if (event == LINE_INPUT_ENDS)
            console_print("There is nobody to go back to. \"poweroff\" switches the machine off.\n");
    }
}

// What outlives a session: the history, and what is known of commands.
static void prepare(void)
{
    static char memory[LINE_EDITOR_MEMORY(WORDS_LINE_LIMIT, HISTORY_BYTES)];
    struct line_editor_options options = {
        .write = write_text,
        .complete = complete,
        .memory = memory,
        .line_bytes = WORDS_LINE_LIMIT,
        .history_bytes = HISTORY_BYTES,
    };
    line_editor_init(&editor, &options);
    command_table_init();
    is_ready = true;
}

enum status shell_start(void)
{
    if (!is_ready)
        prepare();
    is_ending = false;
    struct task_options options = {.name = "shell", .run = run_shell, .class = TASK_NORMAL};
    return task_spawn(&options, nullptr);
}

void shell_end(void)
{
    is_ending = true;
}
