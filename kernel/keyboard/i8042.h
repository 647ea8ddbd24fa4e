// SPDX-License-Identifier: MIT
// The keyboard controller's two ports, private to keyboard. Every wait is bounded by a number of looks at the status,
// about 1 us each on an ISA-timed bus. Where the firmware emulates the ports (USB legacy support), a look enters SMM
// and costs 50 us or more, so that a limit of 1 s becomes a minute: bounded all the same, and no clock is needed. Names
// start with i8042_.
// Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
#pragma once
#include <lib/status.h>
#include <stdint.h>

constexpr unsigned I8042_LOOKS_PER_MS = 1000;

// Bring the controller into a known state: both devices off, no interrupts, nothing in its buffer, tested; then switch
// translation and the keyboard's port on. IS_TRANSLATING: it turns set 2 into set 1; controllers that cannot do so pass
// the bytes through. STATUS_NOT_FOUND: nobody drives the ports. STATUS_TIMEOUT: somebody does, but does not answer like
// a controller. The line must be masked, or interrupts closed.
[[nodiscard]] enum status i8042_init(bool *is_translating);

// Raise IRQ 1 for each byte from here on.
[[nodiscard]] enum status i8042_enable_interrupt(void);

// Send BYTE to the keyboard. STATUS_TIMEOUT: the controller does not take it.
[[nodiscard]] enum status i8042_send(uint8_t byte);

// The same without waiting. Returns whether the controller took it.
[[nodiscard]] bool i8042_try_send(uint8_t byte);

// Wait for a byte of the keyboard for LIMIT_MS. STATUS_TIMEOUT: none came.
[[nodiscard]] enum status i8042_receive(unsigned limit_ms, uint8_t *byte);

// Take a byte if there is one. IS_KEY is false for what a mouse sent.
[[nodiscard]] bool i8042_take(uint8_t *byte, bool *is_key);
