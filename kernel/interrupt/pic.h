// SPDX-License-Identifier: MIT
// The 8259 pair of a PC: lines 0..7 on the master, 8..15 on the slave, which hangs on the master's line 2. For irq.c.
// Interrupts are closed in every call. Source: Intel 8259A data sheet.
#pragma once
#include <stdint.h>

constexpr uint8_t PIC_LINE_COUNT = 16;
constexpr uint8_t PIC_CASCADE_LINE = 2;
constexpr uint8_t PIC_LAST_OF_MASTER = 7;
constexpr uint8_t PIC_LAST_OF_SLAVE = 15;
constexpr uint8_t PIC_VECTOR_BASE = 0x20; // of line 0; the first vector that is not an exception

// Move both from the exceptions' vectors to PIC_VECTOR_BASE and mask every line. Returns whether a pair answers.
bool pic_init(void);

void pic_mask(uint8_t line);
void pic_unmask(uint8_t line);

// Whether the interrupt of LINE was delivered and has not been acknowledged.
bool pic_is_in_service(uint8_t line);

// Whether nothing stands behind the interrupt that LINE seems to have raised: 7 and 15 come for a request that vanished
// before it was acknowledged. Acknowledges what such a one leaves behind.
bool pic_is_spurious(uint8_t line);

// Tell that the interrupt of LINE has been served.
void pic_acknowledge(uint8_t line);
