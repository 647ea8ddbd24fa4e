// SPDX-License-Identifier: MIT
// Stage 2's voice: the screen through the BIOS, and COM1 where a 16550 answers. What all of stage 2 reports with.
#pragma once
#include <lib/problem.h>
#include <stdint.h>

// Find and set up COM1 (115200 baud, 8N1; FIFOs are left alone, so a byte that waits there stays). Before it, text goes
// to the screen only.
void console_init(void);

// I/O port of the UART in use, 0 when there is none.
uint16_t console_uart_port(void);

// printf-like, see lib/format.h.
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

// Have the BIOS set mode 3: 80 x 25 characters in colour, empty.
void console_set_text_mode(void);

// From now on the screen shows pixels and nothing is said any more, unless something stops: that sets mode 3 first.
void console_leave_screen(void);

// Say "Hewn cannot start: ..." and halt for good.
[[noreturn]] __attribute__((format(printf, 1, 2), cold)) void stop(const char *format, ...);

// stop() with what a parser found wrong with WHAT.
[[noreturn]] void stop_for(const char *what, const struct problem *problem);
