// SPDX-License-Identifier: MIT
// The 8259 pair of a PC: lines 0..7 on the master, 8..15 on the slave, which hangs on the master's line 2. For irq.c.
// Interrupts are closed in every call. Source: Intel 8259A data sheet.
#pragma once
#include <arch/port.h>
#include <stdint.h>

constexpr uint16_t PIC_MASTER_COMMAND = 0x20;
constexpr uint16_t PIC_SLAVE_COMMAND = 0xa0;
constexpr uint8_t PIC_END_OF_INTERRUPT = 0x20; // operation command word 2, non-specific
constexpr uint8_t PIC_LINES_PER_CHIP = 8;
constexpr uint8_t PIC_LINE_COUNT = 16;
constexpr uint8_t PIC_CASCADE_LINE = 2;
constexpr uint8_t PIC_LAST_OF_MASTER = 7;
constexpr uint8_t PIC_LAST_OF_SLAVE = 15;
constexpr uint8_t PIC_VECTOR_BASE = 0x20; // of line 0; the first vector that is not an exception

// Move both from the exceptions' vectors to PIC_VECTOR_BASE and mask every line. Returns whether a pair answers.
bool pic_init(void);

void pic_mask(uint8_t line);
void pic_unmask(uint8_t line);
[[nodiscard]] bool pic_is_masked(uint8_t line);

// Whether the interrupt of LINE was delivered and has not been acknowledged.
bool pic_is_in_service(uint8_t line);

// Whether nothing stands behind the interrupt that LINE seems to have raised: 7 and 15 come for a request that vanished
// before it was acknowledged. Acknowledges what such a one leaves behind.
bool pic_is_spurious(uint8_t line);

// Tell that the interrupt of LINE has been served.
static inline void pic_acknowledge(uint8_t line)
{
    if (line >= PIC_LINES_PER_CHIP)
        port_write8(PIC_SLAVE_COMMAND, PIC_END_OF_INTERRUPT); // first: the master may pass on its next at once
    port_write8(PIC_MASTER_COMMAND, PIC_END_OF_INTERRUPT);
}
