// SPDX-License-Identifier: MIT
// The ladder, gentlest rung first: it is open already; the BIOS opens it; the chipset's port 92h; the keyboard
// controller. Each rung is tested, and given time, before the next, and the ladder is climbed several times, because
// some machines are slow to follow and some mind the order.
#include "a20.h"
#include "console.h"
#include "hardware.h"

constexpr uint32_t ROUNDS = 8;
constexpr uint32_t TEST_POLLS = 2'000; // about 4 ms: each poll is a port read and a few memory accesses

constexpr uint16_t SYSTEM_CONTROL_A = 0x92; // PS/2: bit 1 opens, bit 0 resets the machine
constexpr uint16_t POST_CODE = 0x80;        // a write-only diagnostics port: reading it takes about 1 us

// 8042 keyboard controller (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
// Controller").
constexpr uint16_t KBC_DATA = 0x60;
constexpr uint16_t KBC_STATUS = 0x64;
constexpr uint16_t KBC_COMMAND = 0x64;
constexpr uint8_t KBC_OUTPUT_FULL = 0x01;
constexpr uint8_t KBC_INPUT_FULL = 0x02;
constexpr uint8_t KBC_DISABLE_KEYBOARD = 0xad;
constexpr uint8_t KBC_ENABLE_KEYBOARD = 0xae;
constexpr uint8_t KBC_READ_OUTPUT_PORT = 0xd0;
constexpr uint8_t KBC_WRITE_OUTPUT_PORT = 0xd1;
constexpr uint8_t OUTPUT_PORT_A20 = 0x03; // bit 1; bit 0 stays set, because clearing it resets the machine
constexpr uint32_t KBC_BUFFER = 32;       // more than any controller holds back
constexpr uint32_t KBC_POLLS = 20'000;    // some 20 ms; without a controller the port reads FFh for ever

static bool opens_in_time(void)
{
    for (uint32_t poll = 0; poll < TEST_POLLS; poll++) {
        if (address_line_20_is_open())
            return true;
        port_read8(POST_CODE);
    }
    return false;
}

static void ask_bios(void)
{
    struct bios_registers registers = {.eax = 0x2401};
    bios_call(0x15, &registers);
}

static void use_system_control_port(void)
{
    uint8_t value = port_read8(SYSTEM_CONTROL_A);
    if (!(value & 2))
        port_write8(SYSTEM_CONTROL_A, (uint8_t)((value | 2) & ~1u));
}

static bool kbc_wait(uint8_t mask, uint8_t wanted)
{
    for (uint32_t poll = 0; poll < KBC_POLLS; poll++)
        if ((port_read8(KBC_STATUS) & mask) == wanted)
            return true;
    return false;
}

static bool kbc_command(uint8_t command)
{
    if (!kbc_wait(KBC_INPUT_FULL, 0))
        return false;
    port_write8(KBC_COMMAND, command);
    return true;
}

static void use_keyboard_controller(void)
{
    if (!kbc_command(KBC_DISABLE_KEYBOARD))
        return;
    (void)kbc_wait(KBC_INPUT_FULL, 0); // until then a key may still come
    for (uint32_t stale = 0; stale < KBC_BUFFER && port_read8(KBC_STATUS) & KBC_OUTPUT_FULL; stale++)
        port_read8(KBC_DATA);
    if (kbc_command(KBC_READ_OUTPUT_PORT) && kbc_wait(KBC_OUTPUT_FULL, KBC_OUTPUT_FULL)) {
        uint8_t output_port = port_read8(KBC_DATA);
        if (kbc_command(KBC_WRITE_OUTPUT_PORT) && kbc_wait(KBC_INPUT_FULL, 0))
            port_write8(KBC_DATA, output_port | OUTPUT_PORT_A20);
    }
    (void)kbc_command(KBC_ENABLE_KEYBOARD);
}

void a20_open(void)
{
    static void (*const rungs[])(void) = {ask_bios, use_system_control_port, use_keyboard_controller};

    if (address_line_20_is_open())
        return;
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t rung = 0; rung < sizeof rungs / sizeof rungs[0]; rung++) {
            rungs[rung]();
            if (opens_in_time())
                return;
        }
    stop("address line A20 stays closed: BIOS (INT 15h AX=2401h), port 92h and keyboard controller all failed. "
         "Look for it in the BIOS setup");
}
