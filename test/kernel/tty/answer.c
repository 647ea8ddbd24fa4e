// SPDX-License-Identifier: MIT
// kernel/tty: what the screen's terminal answers is typed. Its listeners never end, so the test ends the kernel.
#include <console/console.h>
#include <framework/test.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <task/task.h>
#include <tty/tty.h>

static void ask(void *)
{
    static const char question[] = "\033[3;5H\033[6n";
    char answer[64] = "";
    size_t length = 0;
    console_show(question, sizeof question - 1);
    while (tty_has_input() && length < sizeof answer) {
        uint8_t byte;
        if (tty_read(&byte) != STATUS_OK)
            break;
        length += format_string(answer + length, sizeof answer - length, " %02x", byte);
    }
    panic("the tty has:%s", answer);
}

TEST_DIES(tty, answer_of_the_screen_is_typed, "the tty has: 1b 5b 33 3b 35 52")
{
    CHECK_EQUAL(tty_init(), STATUS_OK);
    struct task_options options = {.name = "asks", .run = ask, .class = TASK_NORMAL};
    CHECK_EQUAL(task_spawn(&options, nullptr), STATUS_OK);
    task_run();
}
