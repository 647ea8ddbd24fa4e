// SPDX-License-Identifier: MIT
// The i8042 and what passes for one today: firmware that plays keyboard controller for a USB keyboard, virtual
// machines. Called by keyboard.c; must not know what the keyboard's bytes mean.
#include "i8042.h"
#include <arch/port.h>
#include <log/log.h>

constexpr uint16_t PORT_DATA = 0x60;
constexpr uint16_t PORT_STATUS = 0x64;  // read
constexpr uint16_t PORT_COMMAND = 0x64; // write

constexpr uint8_t STATUS_ABSENT = 0xff; // nobody drives the bus
constexpr uint8_t STATUS_OUTPUT_FULL = 1 << 0;
constexpr uint8_t STATUS_INPUT_FULL = 1 << 1;
constexpr uint8_t STATUS_FROM_MOUSE = 1 << 5;

constexpr uint8_t COMMAND_READ_CONFIGURATION = 0x20;
constexpr uint8_t COMMAND_WRITE_CONFIGURATION = 0x60;
constexpr uint8_t COMMAND_DISABLE_MOUSE = 0xa7;
constexpr uint8_t COMMAND_SELF_TEST = 0xaa;
constexpr uint8_t COMMAND_TEST_KEYBOARD_PORT = 0xab;
constexpr uint8_t COMMAND_DISABLE_KEYBOARD = 0xad;
constexpr uint8_t COMMAND_ENABLE_KEYBOARD = 0xae;

constexpr uint8_t CONFIGURATION_KEYBOARD_INTERRUPT = 1 << 0;
constexpr uint8_t CONFIGURATION_MOUSE_INTERRUPT = 1 << 1;
constexpr uint8_t CONFIGURATION_KEYBOARD_DISABLED = 1 << 4;
constexpr uint8_t CONFIGURATION_TRANSLATION = 1 << 6;

constexpr uint8_t SELF_TEST_PASSED = 0x55;
constexpr uint8_t PORT_TEST_PASSED = 0x00;

static uint8_t configuration; // as the controller has it, but for the keyboard's interrupt

constexpr unsigned SEND_LIMIT_MS = 100;
constexpr unsigned ANSWER_LIMIT_MS = 100;
constexpr unsigned SELF_TEST_LIMIT_MS = 500;
constexpr unsigned DRAIN_LIMIT = 64; // bytes; a controller holds one, a virtual one up to 16 of each device
// After which nothing more comes: 11 bits on the wire take 1.1 ms at most, a controller's own refill some us.
constexpr unsigned QUIET_MS = 2;

bool i8042_take(uint8_t *byte, bool *is_key)
{
    uint8_t status = port_read8(PORT_STATUS);
    if (status == STATUS_ABSENT || !(status & STATUS_OUTPUT_FULL))
        return false;
    *byte = port_read8(PORT_DATA);
    *is_key = !(status & STATUS_FROM_MOUSE);
    return true;
}

static enum status wait_until_it_listens(void)
{
    for (unsigned i = 0; i < SEND_LIMIT_MS * I8042_LOOKS_PER_MS; i++) {
        if (!(port_read8(PORT_STATUS) & STATUS_INPUT_FULL))
            return STATUS_OK;
    }
    return STATUS_TIMEOUT;
}

enum status i8042_send(uint8_t byte)
{
    enum status status = wait_until_it_listens();
    if (status == STATUS_OK)
        port_write8(PORT_DATA, byte);
    return status;
}

bool i8042_try_send(uint8_t byte)
{
    if (port_read8(PORT_STATUS) & STATUS_INPUT_FULL)
        return false;
    port_write8(PORT_DATA, byte);
    return true;
}

enum status i8042_receive(unsigned limit_ms, uint8_t *byte)
{
    for (unsigned i = 0; i < limit_ms * I8042_LOOKS_PER_MS; i++) {
        bool is_key;
        if (i8042_take(byte, &is_key) && is_key)
            return STATUS_OK;
    }
    return STATUS_TIMEOUT;
}

// ---- commands for the controller itself

static enum status command(uint8_t code)
{
    enum status status = wait_until_it_listens();
    if (status == STATUS_OK)
        port_write8(PORT_COMMAND, code);
    return status;
}

static enum status command_with_answer(uint8_t code, unsigned limit_ms, uint8_t *answer)
{
    enum status status = command(code);
    return status == STATUS_OK ? i8042_receive(limit_ms, answer) : status;
}

static enum status write_configuration(uint8_t value)
{
    enum status status = command(COMMAND_WRITE_CONFIGURATION);
    return status == STATUS_OK ? i8042_send(value) : status;
}

static enum status read_configuration(uint8_t *value)
{
    return command_with_answer(COMMAND_READ_CONFIGURATION, ANSWER_LIMIT_MS, value);
}

// A byte that came late would be taken for the answer to the next command, and each answer for that of the one after.
static void drain(void)
{
    unsigned taken_count = 0;
    for (unsigned quiet = 0; quiet < QUIET_MS * I8042_LOOKS_PER_MS && taken_count < DRAIN_LIMIT; quiet++) {
        uint8_t byte;
        bool is_key;
        if (i8042_take(&byte, &is_key)) {
            taken_count++;
            quiet = 0;
        }
    }
}

// Both devices silent, and nothing of what they said before left.
static enum status silence(void)
{
    enum status status = command(COMMAND_DISABLE_KEYBOARD);
    if (status == STATUS_OK)
        status = command(COMMAND_DISABLE_MOUSE);
    if (status == STATUS_OK)
        status = wait_until_it_listens();
    drain();
    return status;
}

// Some controllers fall back to their power-on state after the test, some answer late. One that answers wrongly may
// still work (laptops after resume), so that is said and the keyboard's own test decides.
static enum status self_test(void)
{
    uint8_t answer;
    enum status status = command_with_answer(COMMAND_SELF_TEST, SELF_TEST_LIMIT_MS, &answer);
    if (status == STATUS_OK && answer != SELF_TEST_PASSED)
        log_warning("keyboard", "the i8042's self-test says 0x%x instead of 0x%x; trying on", answer, SELF_TEST_PASSED);
    return status;
}

static enum status test_keyboard_port(void)
{
    uint8_t answer;
    enum status status = command_with_answer(COMMAND_TEST_KEYBOARD_PORT, ANSWER_LIMIT_MS, &answer);
    if (status == STATUS_OK && answer != PORT_TEST_PASSED)
        log_warning("keyboard", "the i8042 finds fault 0x%x with the keyboard's wires; trying on", answer);
    return status;
}

// What is to be tried in this order, each step only if the one before worked.
static enum status prepare(void)
{
    enum status status = silence();
    if (status == STATUS_OK)
        status = read_configuration(&configuration);
    if (status != STATUS_OK)
        return status;
    configuration &=
        (uint8_t)~(CONFIGURATION_KEYBOARD_INTERRUPT | CONFIGURATION_MOUSE_INTERRUPT | CONFIGURATION_TRANSLATION);
    status = write_configuration(configuration);
    if (status == STATUS_OK)
        status = self_test();
    if (status == STATUS_OK)
        status = silence();
    if (status == STATUS_OK)
        status = test_keyboard_port();
    return status;
}

// The configuration is read back while the port is still off: later, a key could be taken for it.
enum status i8042_init(bool *is_translating)
{
    if (port_read8(PORT_STATUS) == STATUS_ABSENT)
        return STATUS_NOT_FOUND;
    enum status status = prepare();
    if (status == STATUS_OK)
        status = write_configuration(configuration | CONFIGURATION_TRANSLATION);
    if (status == STATUS_OK)
        status = read_configuration(&configuration);
    if (status == STATUS_OK)
        status = command(COMMAND_ENABLE_KEYBOARD);
    *is_translating = configuration & CONFIGURATION_TRANSLATION;
    return status;
}

enum status i8042_enable_interrupt(void)
{
    configuration &= (uint8_t)~CONFIGURATION_KEYBOARD_DISABLED;
    return write_configuration(configuration | CONFIGURATION_KEYBOARD_INTERRUPT);
}
