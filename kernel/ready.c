// SPDX-License-Identifier: MIT
// What the product does once everything is up: it echoes what is typed, on the keyboard or into the serial line. Called
// by main, last; the shell takes its place one day.
#include "kernel_ready.h"
#include <arch/cpu.h>
#include <keyboard/keyboard.h>
#include <log/log.h>
#include <serial/serial.h>
#include <vga/vga.h>

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

// What to show for the next byte from the serial line. A terminal sends UTF-8 in pieces, which pass as they are.
static bool take_from_serial(struct echo *echo)
{
    uint8_t byte;
    if (!serial_read(&byte))
        return false;
    *echo = byte < 0x80 ? echo_of(byte == '\r' ? '\n' : byte) : (struct echo){1, {(char)byte}};
    return true;
}

// The same for the next key. Keys that give no character are passed over.
static bool take_from_keyboard(struct echo *echo)
{
    struct key_event event;
    while (keyboard_read(&event)) {
        if (event.is_pressed && event.codepoint != 0) {
            *echo = echo_of(event.codepoint);
            return true;
        }
    }
    return false;
}

// Each comes first in turn, so that a flood of the one does not keep the other waiting.
static bool take_input(struct echo *echo)
{
    static bool is_keyboards_turn;
    is_keyboards_turn = !is_keyboards_turn;
    if (is_keyboards_turn)
        return take_from_keyboard(echo) || take_from_serial(echo);
    return take_from_serial(echo) || take_from_keyboard(echo);
}

static void show(const struct echo *echo)
{
    serial_write(echo->text, echo->length);
    vga_write(echo->text, echo->length);
}

void kernel_ready(const char *)
{
    log_info("main", "Hewn is up; what you type is echoed");
    for (;;) {
        struct echo echo;
        while (take_input(&echo))
            show(&echo);
        (void)cpu_interrupts_disable(); // between the last look and the sleep nothing may arrive unnoticed
        bool has_input = take_input(&echo);
        if (!has_input)
            cpu_wait_for_interrupt();
        cpu_interrupts_enable();
        if (has_input)
            show(&echo);
    }
}
