// SPDX-License-Identifier: MIT
// A task for the keyboard and one for the serial line, each of which shows what is typed there. Called by
// kernel_ready() of the test kernel; must not know who looks.
#include "echo.h"
#include <console/console.h>
#include <lib/panic.h>
#include <log/log.h>
#include <task/input.h>
#include <task/task.h>

constexpr uint8_t DELETE = 0x7f; // what the backspace key of a terminal sends; the keyboard's sends '\b'

struct echo {
    size_t length;
    char text[4]; // a character in UTF-8 at most
};

static struct echo encode_utf8(uint32_t character)
{
    if (character < 0x80)
        return (struct echo){1, {(char)character}};
    struct echo echo = {.length = character < 0x800 ? 2 : character < 0x1'0000 ? 3 : 4};
    for (size_t i = echo.length - 1; i > 0; i--, character >>= 6)
        echo.text[i] = (char)(0x80 | (character & 0x3f));
    echo.text[0] = (char)((0xf00 >> echo.length & 0xff) | character);
    return echo;
}

// Control characters are shown as terminals show them: Ctrl+C as ^C.
static struct echo echo_of(uint32_t character)
{
    if (character == '\b' || character == DELETE)
        return (struct echo){3, "\b \b"};
    if (character < ' ' && character != '\n' && character != '\t')
        return (struct echo){2, {'^', (char)(character ^ 0x40)}};
    return encode_utf8(character);
}

// Input that does not end must not keep the other task from its own.
static void show(const struct echo *echo)
{
    console_write(echo->text, echo->length);
    task_yield();
}

// Shift+PageUp and Shift+PageDown look back and forth. Returns whether EVENT is one of them.
static bool is_look_back(const struct key_event *event)
{
    bool is_up = event->key == KEY_PAGE_UP, is_down = event->key == KEY_PAGE_DOWN;
    if (!event->is_pressed || !(event->modifiers & KEY_MODIFIER_SHIFT) || (!is_up && !is_down))
        return false;
    console_look_back(is_up ? 1 : -1);
    return true;
}

// Keys that give no character are passed over.
static void echo_keyboard(void *)
{
    struct key_event event;
    while (input_read_key(&event) == STATUS_OK) {
        if (is_look_back(&event) || !event.is_pressed || event.codepoint == 0)
            continue;
        struct echo echo = echo_of(event.codepoint);
        show(&echo);
    }
}

// A terminal sends UTF-8 in pieces, which pass as they are.
static void echo_serial(void *)
{
    uint8_t byte;
    while (input_read_serial(&byte) == STATUS_OK) {
        struct echo echo = byte < 0x80 ? echo_of(byte == '\r' ? '\n' : byte) : (struct echo){1, {(char)byte}};
        show(&echo);
    }
}

static void start(const char *name, task_function *run)
{
    struct task_options options = {.name = name, .run = run, .class = TASK_NORMAL};
    if (task_spawn(&options, nullptr) != STATUS_OK)
        panic("the kernel has no memory for the task \"%s\"", name);
}

void echo_for_ever(void)
{
    input_init();
    start("keyboard", echo_keyboard);
    start("serial", echo_serial);
    log_info("main", "Hewn is up; what you type is echoed");
    task_run();
    panic("no task is left");
}
