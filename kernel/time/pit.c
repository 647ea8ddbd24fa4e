// SPDX-License-Identifier: MIT
// The 8254 driver. Called by time.c and tick.c; must not know what its interrupt does.
#include "pit.h"
#include <arch/cpu.h>
#include <arch/port.h>
#include <clock_math/scale.h>

constexpr uint64_t PIT_HZ = 1'193'182;
constexpr uint64_t MASK_16_BITS = 0xffff;

constexpr uint16_t PORT_CHANNEL_0 = 0x40;
constexpr uint16_t PORT_CHANNEL_2 = 0x42;
constexpr uint16_t PORT_CONTROL = 0x43;
// Control words: channel, low byte then high byte, mode 2 (count down, reload, one pulse a turn).
constexpr uint8_t CHANNEL_0_MODE_2 = 0x34;
constexpr uint8_t CHANNEL_2_MODE_2 = 0xb4;
constexpr uint8_t LATCH_CHANNEL_0 = 0x00;
constexpr uint8_t LATCH_CHANNEL_2 = 0x80;
constexpr uint16_t PORT_SPEAKER = 0x61;
constexpr uint8_t SPEAKER_GATE = 1 << 0;   // channel 2 counts
constexpr uint8_t SPEAKER_DATA = 1 << 1;   // its output is heard
constexpr uint8_t SPEAKER_WRITABLE = 0x0f; // the rest is status

// Each channel has a latch of its own, so a reader of one does not disturb a reader of the other.
static uint16_t read_count(uint8_t latch, uint16_t port)
{
    port_write8(PORT_CONTROL, latch);
    uint8_t low = port_read8(port);
    uint8_t high = port_read8(port);
    return (uint16_t)(high << 8 | low);
}

// The two bytes of a count belong together: nobody may read between them. An NMI cannot be kept out, so it gets the
// count of before. That one must not be older than what time.c knows of: it would look like a whole turn. So it is
// stored before anybody else may read, and LAST_COUNT is always the latest.
static volatile bool is_reading;
static volatile uint16_t last_count;

// It counts down; a count of 0 stands for 2^16.
static uint64_t read_channel_2(void)
{
    if (is_reading)
        return last_count;
    uint64_t flags = cpu_interrupts_disable();
    is_reading = true;
    uint16_t count = (uint16_t)-read_count(LATCH_CHANNEL_2, PORT_CHANNEL_2);
    last_count = count;
    is_reading = false;
    cpu_interrupts_restore(flags);
    return count;
}

// For pit_start_tick() alone: two readers would share bytes.
static uint64_t read_channel_0(void)
{
    return read_count(LATCH_CHANNEL_0, PORT_CHANNEL_0);
}

static void start(uint8_t control, uint16_t port, uint16_t count)
{
    port_write8(PORT_CONTROL, control);
    port_write8(port, (uint8_t)count);
    port_write8(port, (uint8_t)(count >> 8));
}

enum status pit_open(struct clock_source *source)
{
    uint8_t speaker = port_read8(PORT_SPEAKER) & SPEAKER_WRITABLE;
    port_write8(PORT_SPEAKER, (uint8_t)((speaker & ~SPEAKER_DATA) | SPEAKER_GATE));
    start(CHANNEL_2_MODE_2, PORT_CHANNEL_2, 0);
    if (!calibrate_is_running(read_channel_2))
        return STATUS_NOT_FOUND;
    *source = (struct clock_source){
        .read = read_channel_2,
        .mask = MASK_16_BITS,
        .hz = PIT_HZ,
        .multiplier = clock_multiplier(PIT_HZ),
    };
    return STATUS_OK;
}

bool pit_start_tick(uint32_t hz)
{
    start(CHANNEL_0_MODE_2, PORT_CHANNEL_0, (uint16_t)((PIT_HZ + hz / 2) / hz));
    return calibrate_is_running(read_channel_0);
}
