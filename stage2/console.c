// SPDX-License-Identifier: MIT
// Writes each character to COM1 first, because that cannot go through a broken BIOS, then to the screen with INT 10h.
#include "console.h"
#include "hardware.h"
#include <lib/format.h>
#include <lib/panic.h>
#include <stdarg.h>
#include <stddef.h>

// 16550 registers and bits (National Semiconductor PC16550D, section 8).
constexpr uint16_t COM1 = 0x3f8;
constexpr uint16_t UART_DATA = 0;
constexpr uint16_t UART_INTERRUPT_ENABLE = 1; // with DLAB: divisor, high byte
constexpr uint16_t UART_LINE_CONTROL = 3;
constexpr uint16_t UART_LINE_STATUS = 5;
constexpr uint16_t UART_SCRATCH = 7;
constexpr uint8_t LINE_CONTROL_8N1 = 0x03;
constexpr uint8_t LINE_CONTROL_DLAB = 0x80;
constexpr uint8_t LINE_STATUS_TRANSMITTER_EMPTY = 0x20;
constexpr uint32_t TRANSMIT_POLLS = 5'000; // a byte takes 87 us at 115200 baud; a port read about 1 us

// IBM PS/2 BIOS Interface Technical Reference, INT 10h.
constexpr uint32_t BIOS_SET_MODE = 0x0000;
constexpr uint32_t BIOS_TELETYPE = 0x0e00;
constexpr uint32_t MODE_TEXT_80X25 = 3;

static uint16_t uart;
static bool has_left_screen;

// A port without a device reads back FFh, or what was last on the bus: two different values tell.
static bool scratch_keeps(uint8_t value)
{
    port_write8(COM1 + UART_SCRATCH, value);
    return port_read8(COM1 + UART_SCRATCH) == value;
}

void console_init(void)
{
    if (!scratch_keeps(0x5a) || !scratch_keeps(0xa5))
        return;
    uart = COM1;
    port_write8(uart + UART_LINE_CONTROL, LINE_CONTROL_8N1 | LINE_CONTROL_DLAB);
    port_write8(uart + UART_DATA, 1); // 115200 / 1
    port_write8(uart + UART_INTERRUPT_ENABLE, 0);
    port_write8(uart + UART_LINE_CONTROL, LINE_CONTROL_8N1);
    port_write8(uart + UART_INTERRUPT_ENABLE, 0);
}

uint16_t console_uart_port(void)
{
    return uart;
}

static void put_character(char character)
{
    if (uart) {
        uint32_t polls = TRANSMIT_POLLS;
        while (!(port_read8(uart + UART_LINE_STATUS) & LINE_STATUS_TRANSMITTER_EMPTY) && --polls)
            ;
        port_write8(uart + UART_DATA, (uint8_t)character);
    }
    struct bios_registers teletype = {.eax = BIOS_TELETYPE | (uint8_t)character, .ebx = 0x0007};
    bios_call(0x10, &teletype);
}

static void put_text(void *, const char *text, size_t length)
{
    for (; length; text++, length--) {
        if (*text == '\n')
            put_character('\r');
        put_character(*text);
    }
}

void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_list(put_text, nullptr, format, arguments);
    va_end(arguments);
}

void console_set_text_mode(void)
{
    struct bios_registers registers = {.eax = BIOS_SET_MODE | MODE_TEXT_80X25};
    bios_call(0x10, &registers);
}

void console_leave_screen(void)
{
    has_left_screen = true;
}

static void begin_stop(void)
{
    if (has_left_screen)
        console_set_text_mode();
    say("\nHewn cannot start: ");
}

[[noreturn]] static void end_stop(void)
{
    say(".\nThe machine is halted; switch it off or reset it.\n");
    halt_forever();
}

[[noreturn]] __attribute__((format(printf, 1, 0))) static void stop_list(const char *format, va_list arguments)
{
    begin_stop();
    format_to_list(put_text, nullptr, format, arguments);
    end_stop();
}

void stop(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    stop_list(format, arguments);
}

void stop_for(const char *what, const struct problem *problem)
{
    begin_stop();
    say("%s: ", what);
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral" // problem.h promises what the format may hold
    say(problem->format, problem->values[0], problem->values[1]);
#pragma clang diagnostic pop
    end_stop();
}

// lib's assertions end here.
void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    stop_list(format, arguments);
}
