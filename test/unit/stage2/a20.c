// SPDX-License-Identifier: MIT
// Tests of the A20 ladder on simulated machines: which rung opens the line, in what order, and that every wait ends.
#include <support/unit.h>

#include "simulated.h"
#include <stage2/a20.h>

constexpr uint8_t OUTPUT_PORT = 0xcd; // a controller's other output bits, all to be kept; bit 1 is the line
constexpr uint8_t NONE = 0xff;        // what a port without a device reads as

// On a real machine an access takes about 1 us: this is some seconds.
constexpr uint32_t ACCESS_LIMIT = 10'000'000;

enum controller {
    ABSENT,
    WORKING,
    STUCK_FULL,
    SILENT
};

static struct {
    bool bios_opens, has_port_92, is_slow;
    uint32_t port_92_writes_needed;
    enum controller controller;

    bool is_open;
    uint32_t accesses, bios_calls, port_92_writes, resets;
    uint32_t looks_until_open; // of a slow machine, once it was told to open
    uint8_t port_92;

    uint8_t command, data;
    uint32_t stale, busy; // keys that wait, and come when no command is at work; polls until the next one is taken
    bool has_answer, keyboard_off;
    uint8_t output_port;
} machine;

static void open_line(void)
{
    if (machine.is_slow)
        machine.looks_until_open = 1500;
    else
        machine.is_open = true;
}

bool address_line_20_is_open(void)
{
    if (machine.looks_until_open && --machine.looks_until_open == 0)
        machine.is_open = true;
    return machine.is_open;
}

void bios_call(uint8_t number, struct bios_registers *registers)
{
    assert_int_equal(number, 0x15);
    assert_int_equal((uint16_t)registers->eax, 0x2401);
    machine.bios_calls++;
    if (machine.bios_opens)
        open_line();
    registers->flags = machine.bios_opens ? 0 : FLAG_CARRY;
    ruin_registers(registers);
}

static uint8_t controller_status(void)
{
    if (machine.controller == ABSENT)
        return NONE;
    if (machine.controller == STUCK_FULL)
        return 2;
    if (machine.busy) {
        machine.busy--;
        return 2;
    }
    return machine.stale || machine.has_answer ? 1 : 0;
}

uint8_t port_read8(uint16_t port)
{
    machine.accesses++;
    switch (port) {
    case 0x80:
        return 0;
    case 0x92:
        return machine.has_port_92 ? machine.port_92 : NONE;
    case 0x64:
        return controller_status();
    case 0x60:
        if (machine.controller == ABSENT)
            return NONE;
        if (machine.stale) {
            machine.stale--;
            return 0x1e;
        }
        assert_true(machine.has_answer);
        machine.has_answer = false;
        return machine.output_port;
    default:
        fail_msg("read from port %x", port);
        return 0;
    }
}

static void controller_command(uint8_t command)
{
    assert_true(machine.controller == WORKING || machine.controller == SILENT);
    assert_int_equal(machine.busy, 0);
    machine.busy = 50;
    machine.command = command;
    if (command == 0xad || command == 0xae)
        machine.keyboard_off = command == 0xad;
    else if (command == 0xd0)
        machine.has_answer = machine.controller == WORKING;
    else
        assert_int_equal(command, 0xd1);
}

void port_write8(uint16_t port, uint8_t value)
{
    machine.accesses++;
    if (port == 0x92) {
        machine.resets += value & 1;
        machine.port_92_writes++;
        if (machine.has_port_92 && machine.port_92_writes >= machine.port_92_writes_needed) {
            machine.port_92 = value;
            if (value & 2)
                open_line();
        }
    } else if (port == 0x64) {
        if (machine.controller != ABSENT)
            controller_command(value);
    } else {
        assert_int_equal(port, 0x60);
        assert_int_equal(machine.command, 0xd1);
        assert_int_equal(machine.busy, 0);
        assert_true(machine.keyboard_off); // or a key would come between
        machine.output_port = value;
        if (value & 2)
            open_line();
    }
}

static int make_closed_machine(void **)
{
    simulated_reset();
    machine = (typeof(machine)){.output_port = OUTPUT_PORT};
    return 0;
}

static void assert_opened(void)
{
    a20_open();
    assert_true(machine.is_open);
    assert_int_equal(machine.resets, 0);
    assert_in_range(machine.accesses, 0, ACCESS_LIMIT);
}

static void open_line_is_left_alone(void **)
{
    machine.is_open = true;
    assert_opened();
    assert_int_equal(machine.accesses + machine.bios_calls, 0);
}

static void bios_that_opens_is_enough(void **)
{
    machine.bios_opens = true;
    machine.has_port_92 = true;
    machine.controller = WORKING;
    assert_opened();
    assert_int_equal(machine.bios_calls, 1);
    assert_int_equal(machine.accesses, 0);
}

static void slow_machine_is_given_time(void **)
{
    machine.bios_opens = true;
    machine.is_slow = true;
    assert_opened();
    assert_int_equal(machine.bios_calls, 1);
    assert_int_equal(machine.port_92_writes, 0);
}

static void port_92_comes_second(void **)
{
    machine.has_port_92 = true;
    machine.port_92 = 0x35; // bit 0 would reset the machine and must not be written back
    machine.controller = WORKING;
    assert_opened();
    assert_int_equal(machine.bios_calls, 1);
    assert_int_equal(machine.port_92, 0x36);
    assert_int_equal(machine.command, 0);
}

static void port_92_that_works_at_the_third_try(void **)
{
    machine.has_port_92 = true;
    machine.port_92_writes_needed = 3;
    assert_opened();
    assert_int_equal(machine.port_92_writes, 3);
}

static void keyboard_controller_comes_third(void **)
{
    machine.controller = WORKING;
    assert_opened();
    assert_int_equal(machine.output_port, OUTPUT_PORT | 2);
    assert_false(machine.keyboard_off);
    assert_int_equal(machine.port_92_writes, 0); // FFh says that the line is open: there is no such port
}

static void keys_that_wait_are_thrown_away(void **)
{
    machine.controller = WORKING;
    machine.stale = 16;
    assert_opened();
    assert_int_equal(machine.output_port, OUTPUT_PORT | 2);
    assert_int_equal(machine.stale, 0);
}

static void assert_refused(void)
{
    ASSERT_STOPS(a20_open(), "A20", "BIOS", "92h", "keyboard controller");
    assert_false(machine.is_open);
    assert_int_equal(machine.resets, 0);
    assert_in_range(machine.accesses, 1, ACCESS_LIMIT);
    assert_in_range(machine.bios_calls, 2, 100);
}

static void machine_with_nothing_is_refused(void **)
{
    assert_refused();
}

static void stuck_keyboard_controller_is_refused(void **)
{
    machine.controller = STUCK_FULL;
    assert_refused();
}

static void silent_keyboard_controller_is_refused(void **)
{
    machine.controller = SILENT;
    assert_refused();
    assert_false(machine.keyboard_off); // the keyboard is not left switched off
}

static void port_92_without_effect_is_refused(void **)
{
    machine.has_port_92 = true;
    machine.port_92_writes_needed = UINT32_MAX;
    assert_refused();
    assert_in_range(machine.port_92_writes, 2, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(open_line_is_left_alone, make_closed_machine),
        cmocka_unit_test_setup(bios_that_opens_is_enough, make_closed_machine),
        cmocka_unit_test_setup(slow_machine_is_given_time, make_closed_machine),
        cmocka_unit_test_setup(port_92_comes_second, make_closed_machine),
        cmocka_unit_test_setup(port_92_that_works_at_the_third_try, make_closed_machine),
        cmocka_unit_test_setup(keyboard_controller_comes_third, make_closed_machine),
        cmocka_unit_test_setup(keys_that_wait_are_thrown_away, make_closed_machine),
        cmocka_unit_test_setup(machine_with_nothing_is_refused, make_closed_machine),
        cmocka_unit_test_setup(stuck_keyboard_controller_is_refused, make_closed_machine),
        cmocka_unit_test_setup(silent_keyboard_controller_is_refused, make_closed_machine),
        cmocka_unit_test_setup(port_92_without_effect_is_refused, make_closed_machine),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
