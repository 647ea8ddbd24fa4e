// SPDX-License-Identifier: MIT
// Text for the few instructions before any sink exists, and for a fault in all of them: COM1 as the firmware or the
// loader left it, polled with a bound. Called by the emergency path only; must not know the serial module, which is
// above this one.
#include "log_state.h"
#include <arch/port.h>

constexpr uint16_t COM1 = 0x3f8;
constexpr uint16_t LINE_STATUS = COM1 + 5; // PC16550D data sheet, 8.6.3
constexpr uint8_t LINE_STATUS_HOLDING_EMPTY = 1 << 5;
constexpr uint8_t LINE_STATUS_SHIFT_EMPTY = 1 << 6;
constexpr uint8_t NO_DEVICE = 0xff;
constexpr unsigned WAIT_LIMIT = 100'000; // reads of about 1 us each on real buses; a byte takes 87 us at 115200 baud

static bool wait_for(uint8_t status_bit)
{
    for (unsigned i = 0; i < WAIT_LIMIT; i++) {
        uint8_t status = port_read8(LINE_STATUS);
        if (status == NO_DEVICE)
            return false;
        if (status & status_bit)
            return true;
    }
    return false;
}

void last_resort_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' && wait_for(LINE_STATUS_HOLDING_EMPTY))
            port_write8(COM1, '\r');
        if (!wait_for(LINE_STATUS_HOLDING_EMPTY))
            return;
        port_write8(COM1, (uint8_t)text[i]);
    }
    (void)wait_for(LINE_STATUS_SHIFT_EMPTY); // an emulator's exit may follow at once
}
