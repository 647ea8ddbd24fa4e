// SPDX-License-Identifier: MIT
// The prompt: reads a line, runs it, for ever. Called by whoever starts the shell.
#include "run.h"
#include "table.h"
#include <console/console.h>
#include <shell/shell.h>
#include <syntax/words.h>
#include <task/task.h>
#include <tty/tty.h>

static char line[WORDS_LINE_LIMIT];

static bool read_line(void)
{
    size_t length = 0;
    uint8_t byte;
    while (tty_read(&byte) == STATUS_OK) {
        if (byte == '\r' || byte == '\n') {
            console_print("\n");
            line[length] = '\0';
            return true;
        }
        if (length + 1 < sizeof line) {
            line[length++] = (char)byte;
            console_write((const char *)&byte, 1);
        }
    }
    return false;
}

static void run_shell(void *)
{
    while (true) {
        console_print("hewn> ");
        if (read_line())
            run_line(line);
    }
}

enum status shell_start(void)
{
    command_table_init();
    struct task_options options = {.name = "shell", .run = run_shell, .class = TASK_NORMAL};
    return task_spawn(&options, nullptr);
}
