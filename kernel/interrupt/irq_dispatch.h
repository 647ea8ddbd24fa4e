// SPDX-License-Identifier: MIT
// What irq.c offers to exception.c.
#pragma once
#include <stdint.h>

// Serve the interrupt VECTOR (32..255) with interrupts closed. Returns whether a controller can have raised it.
bool irq_dispatch(uint8_t vector);
