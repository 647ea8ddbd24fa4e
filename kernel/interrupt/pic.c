// SPDX-License-Identifier: MIT
// The 8259 driver. Called by irq.c; must not know what a line means.
#include "pic.h"
#include <arch/port.h>

constexpr uint16_t MASTER_DATA = 0x21;
constexpr uint16_t SLAVE_DATA = 0xa1;

// Initialisation and operation command words (8259A data sheet, figures 7 and 8).
constexpr uint8_t ICW1_INITIALISE = 0x11; // edge triggered, cascaded, ICW4 follows
constexpr uint8_t ICW4_8086 = 0x01;       // normal end of interrupt
constexpr uint8_t OCW3_READ_IN_SERVICE = 0x0b;
constexpr uint8_t ALL_MASKED = 0xff;

// A port that nobody decodes, on an old board as slow as the chip itself: time for the chip to follow.
constexpr uint16_t POST_CODE_PORT = 0x80;

static uint16_t masks = 0xffff; // as the chips have them

static void write_slowly(uint16_t port, uint8_t value)
{
    port_write8(port, value);
    port_write8(POST_CODE_PORT, 0);
}

bool pic_init(void)
{
    write_slowly(PIC_MASTER_COMMAND, ICW1_INITIALISE);
    write_slowly(PIC_SLAVE_COMMAND, ICW1_INITIALISE);
    write_slowly(MASTER_DATA, PIC_VECTOR_BASE);
    write_slowly(SLAVE_DATA, PIC_VECTOR_BASE + PIC_LINES_PER_CHIP);
    write_slowly(MASTER_DATA, 1 << PIC_CASCADE_LINE); // where the slave is,
    write_slowly(SLAVE_DATA, PIC_CASCADE_LINE);       // and who it is
    write_slowly(MASTER_DATA, ICW4_8086);
    write_slowly(SLAVE_DATA, ICW4_8086);
    constexpr uint8_t PATTERN = 0xfb; // all but the cascade; unlike what a port without a chip reads
    write_slowly(MASTER_DATA, PATTERN);
    write_slowly(SLAVE_DATA, ALL_MASKED);
    masks = (uint16_t)(ALL_MASKED << PIC_LINES_PER_CHIP | PATTERN);
    return port_read8(MASTER_DATA) == PATTERN && port_read8(SLAVE_DATA) == ALL_MASKED;
}

static void write_mask(uint8_t line)
{
    if (line < PIC_LINES_PER_CHIP)
        port_write8(MASTER_DATA, (uint8_t)masks);
    else
        port_write8(SLAVE_DATA, (uint8_t)(masks >> PIC_LINES_PER_CHIP));
}

void pic_mask(uint8_t line)
{
    masks |= (uint16_t)(1u << line);
    write_mask(line);
}

void pic_unmask(uint8_t line)
{
    masks &= (uint16_t)~(1u << line);
    write_mask(line);
}

bool pic_is_masked(uint8_t line)
{
    return (masks >> line & 1) != 0;
}

bool pic_is_in_service(uint8_t line)
{
    uint16_t command = line < PIC_LINES_PER_CHIP ? PIC_MASTER_COMMAND : PIC_SLAVE_COMMAND;
    port_write8(command, OCW3_READ_IN_SERVICE);
    return (port_read8(command) >> line % PIC_LINES_PER_CHIP & 1) != 0;
}

// The master has seen a real request of the slave behind a spurious interrupt 15, and waits for its end (data sheet,
// "Spurious interrupts" in the description of the interrupt sequence).
bool pic_is_spurious(uint8_t line)
{
    if ((line != PIC_LAST_OF_MASTER && line != PIC_LAST_OF_SLAVE) || pic_is_in_service(line))
        return false;
    if (line == PIC_LAST_OF_SLAVE)
        port_write8(PIC_MASTER_COMMAND, PIC_END_OF_INTERRUPT);
    return true;
}
