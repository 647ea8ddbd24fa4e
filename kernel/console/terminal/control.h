// SPDX-License-Identifier: MIT
// What characters and control functions do to the screen: private to terminal. The parser calls it, and has left in the
// terminal what it read of the sequence: prefix, intermediate and parameters.
#pragma once
#include <terminal/terminal.h>

constexpr uint32_t CONTROL_REPLACEMENT = 0xfffd; // what stands for bytes that are no character

// As RIS leaves it; the cells stay, and nothing is shown.
void control_reset(struct terminal *terminal);

// One character at the cursor.
void control_put(struct terminal *terminal, uint32_t code_point);

// A control character but ESC, CAN and SUB; those without a meaning do nothing.
void control_execute(struct terminal *terminal, uint8_t byte);

// ESC, an intermediate character or none, FINAL.
void control_escape(struct terminal *terminal, uint8_t final);

// CSI, parameters, an intermediate character or none, FINAL.
void control_sequence(struct terminal *terminal, uint8_t final);
