// SPDX-License-Identifier: MIT
// Tests of stage 2's voice on a simulated UART and a simulated BIOS screen: how the UART is set up, that text reaches
// both, and that a UART that never gets ready costs time but no life.
#include <support/unit.h>

#include <stage2/console.c> // NOLINT(bugprone-suspicious-include)

constexpr uint32_t TEXT_LIMIT = 1024;

static struct {
    bool is_absent, is_stuck;
    uint8_t scratch, line_control, interrupt_enable;
    uint16_t divisor;
    uint32_t reads;
    char serial[TEXT_LIMIT], screen[TEXT_LIMIT];
    size_t serial_length, screen_length;
    uint32_t text_modes;
    jmp_buf halted;
} machine;

static bool latch_is_open(void)
{
    return machine.line_control & LINE_CONTROL_DLAB;
}

uint8_t port_read8(uint16_t port)
{
    machine.reads++;
    if (machine.is_absent)
        return 0xff;
    if (port == COM1 + UART_SCRATCH)
        return machine.scratch;
    assert_int_equal(port, COM1 + UART_LINE_STATUS);
    return machine.is_stuck ? 0 : LINE_STATUS_TRANSMITTER_EMPTY;
}

void port_write8(uint16_t port, uint8_t value)
{
    if (port == COM1 + UART_SCRATCH) {
        machine.scratch = value;
    } else if (port == COM1 + UART_LINE_CONTROL) {
        machine.line_control = value;
    } else if (port == COM1 + UART_INTERRUPT_ENABLE) {
        if (latch_is_open())
            machine.divisor = (uint16_t)((machine.divisor & 0xff) | value << 8);
        else
            machine.interrupt_enable = value;
    } else {
        assert_int_equal(port, COM1 + UART_DATA);
        if (latch_is_open())
            machine.divisor = (machine.divisor & 0xff00) | value;
        else
            machine.serial[machine.serial_length++] = (char)value;
    }
}

void bios_call(uint8_t number, struct bios_registers *registers)
{
    assert_int_equal(number, 0x10);
    if (registers->eax == 3) {
        machine.text_modes++;
        machine.screen_length = 0;
    } else {
        assert_int_equal(registers->eax >> 8, 0x0e);
        machine.screen[machine.screen_length++] = (char)registers->eax;
    }
    *registers = (struct bios_registers){};
}

void halt_forever(void)
{
    longjmp(machine.halted, 1);
}

static int make_machine(void **)
{
    uart = 0;
    has_left_screen = false;
    machine = (typeof(machine)){.interrupt_enable = 0x0f, .divisor = 0x1234, .line_control = 0x1b};
    return 0;
}

static void uart_is_set_to_115200_8n1_without_interrupts(void **)
{
    console_init();
    assert_int_equal(console_uart_port(), COM1);
    assert_int_equal(machine.divisor, 1);
    assert_int_equal(machine.line_control, LINE_CONTROL_8N1);
    assert_int_equal(machine.interrupt_enable, 0);
}

static void text_reaches_both(void **)
{
    console_init();
    say("LBA %u\n", 7);
    assert_string_equal(machine.serial, "LBA 7\r\n");
    assert_string_equal(machine.screen, "LBA 7\r\n");
}

static void absent_uart_is_left_alone(void **)
{
    machine.is_absent = true;
    console_init();
    say("x");
    assert_int_equal(console_uart_port(), 0);
    assert_int_equal(machine.serial_length, 0);
    assert_string_equal(machine.screen, "x");
    assert_int_equal(machine.interrupt_enable, 0x0f);
}

static void stuck_uart_is_waited_for_only_so_long(void **)
{
    console_init();
    machine.is_stuck = true;
    machine.reads = 0;
    say("abc");
    assert_string_equal(machine.screen, "abc");
    assert_in_range(machine.reads, 3, 3 * TRANSMIT_POLLS);
}

static void stop_leaves_a_text_screen_as_it_is(void **)
{
    if (setjmp(machine.halted) == 0)
        stop("number %u", 7);
    assert_int_equal(machine.text_modes, 0);
    assert_non_null(strstr(machine.screen, "Hewn cannot start: number 7.\r\nThe machine is halted"));
}

// Text would be pixels of some colour there.
static void stop_brings_the_text_screen_back(void **)
{
    const struct problem problem = {"sector %llu of %llu", {7, 9}};
    say("gone");
    console_leave_screen();
    if (setjmp(machine.halted) == 0)
        stop_for("disk", &problem);
    assert_int_equal(machine.text_modes, 1);
    assert_string_equal(machine.screen, "\r\nHewn cannot start: disk: sector 7 of 9.\r\n"
                                        "The machine is halted; switch it off or reset it.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(uart_is_set_to_115200_8n1_without_interrupts, make_machine),
        cmocka_unit_test_setup(text_reaches_both, make_machine),
        cmocka_unit_test_setup(absent_uart_is_left_alone, make_machine),
        cmocka_unit_test_setup(stuck_uart_is_waited_for_only_so_long, make_machine),
        cmocka_unit_test_setup(stop_leaves_a_text_screen_as_it_is, make_machine),
        cmocka_unit_test_setup(stop_brings_the_text_screen_back, make_machine),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
