// SPDX-License-Identifier: MIT
// What the product does once everything is up: it echoes what is typed, on the keyboard or into the serial line. Called
// by main, last; the shell takes its place one day.
#include "kernel_ready.h"
#include <arch/cpu.h>
#include <keyboard/keyboard.h>
#include <log/log.h>
#include <serial/serial.h>
#include <vga/vga.h>

constexpr size_t UTF8_LIMIT = 4;     // bytes of a character
constexpr uint32_t BACKSPACE = 0x7f; // what a terminal's key sends; the keyboard's sends '\b'

static size_t encode_utf8(uint32_t character, char bytes[static UTF8_LIMIT])
{
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    size_t length = character < 0x800 ? 2 : character < 0x1'0000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, character >>= 6)
        bytes[i] = (char)(0x80 | (character & 0x3f));
    bytes[0] = (char)((0xf00 >> length & 0xff) | character);
    return length;
}

static void echo(const char *text, size_t length)
{
    serial_write(text, length);
    vga_write(text, length);
}

static void echo_character(uint32_t character)
{
    constexpr char ERASE[] = {'\b', ' ', '\b'};
    char bytes[UTF8_LIMIT];
    if (character == '\b' || character == BACKSPACE)
        echo(ERASE, sizeof ERASE);
    else if (character >= ' ' || character == '\n' || character == '\t')
        echo(bytes, encode_utf8(character, bytes));
}

// One thing typed, if there is any; the key that gives no character is none to echo.
static bool take_input(uint32_t *character)
{
    struct key_event event;
    uint8_t byte;
    if (serial_read(&byte)) {
        *character = byte == '\r' ? '\n' : byte;
        return true;
    }
    if (!keyboard_read(&event))
        return false;
    *character = event.is_pressed ? event.codepoint : 0;
    return true;
}

void kernel_ready(const char *)
{
    log_info("main", "Hewn is up; what you type is echoed");
    for (;;) {
        uint32_t character;
        (void)cpu_interrupts_disable(); // between the look and the sleep nothing may arrive unnoticed
        if (!take_input(&character)) {
            cpu_wait_for_interrupt();
            continue;
        }
        cpu_interrupts_enable();
        echo_character(character);
    }
}
