// SPDX-License-Identifier: MIT
// kernel/serial's way in, against a UART that the test plays: one with a FIFO of 16 bytes, one that never runs dry (as
// QEMU's), one without a FIFO, one that is stuck, one that is pulled out. Its line is what an ISA bus makes of it: only
// a rise is an interrupt.
#include <arch/cpu.h>
#include <arch/port.h>
#include <serial/serial.h>
#include <support/unit.h>

constexpr uint16_t PORT = 0x3f8;
constexpr unsigned FIFO_DEPTH = 16;
constexpr size_t QUEUE_LIMIT = 70'000;

static struct {
    bool is_absent, has_deep_fifo, is_stuck, is_flooding, has_silent_timeout;
    uint8_t other_cause; // that the UART raises by itself; 0xff: none
    bool has_no_fifo, has_broken_fifo;
    bool is_byte_late;   // one arrives while the UART is being set up
    unsigned busy_looks; // that the transmitter still has something to send
    unsigned room;       // of the transmitter, as far as the line status has told

    uint8_t queue[QUEUE_LIMIT]; // received
    size_t queue_first, queue_end;
    uint8_t enabled, scratch, line_control, modem_control;
    bool has_overrun;
    bool was_high; // the interrupt line
    unsigned rise_count;
    bool are_interrupts_closed, is_handler_registered, is_in_handler;
    unsigned long looks;
    size_t sent_count;
} uart;

static uint8_t received[QUEUE_LIMIT];

void log_sink_register(struct log_sink *)
{
}

uint64_t cpu_interrupts_disable(void)
{
    uint64_t was_closed = uart.are_interrupts_closed;
    uart.are_interrupts_closed = true;
    return was_closed;
}

static void deliver(void);

void cpu_interrupts_restore(uint64_t flags)
{
    uart.are_interrupts_closed = flags;
    deliver();
}

static bool has_byte(void)
{
    return uart.is_flooding || uart.queue_first < uart.queue_end;
}

static bool is_line_high(void)
{
    bool has_cause = has_byte() || uart.has_silent_timeout || uart.other_cause != 0xff;
    return !uart.is_absent && (uart.enabled & 1) && has_cause && (uart.modem_control & 0x08);
}

// The interrupt controller: remembers a rise until it can deliver it.
static void watch_line(void)
{
    bool is_high = is_line_high();
    if (is_high && !uart.was_high)
        uart.rise_count++;
    uart.was_high = is_high;
}

static void deliver(void)
{
    unsigned call_count = 0;
    while (uart.rise_count > 0 && uart.is_handler_registered && !uart.are_interrupts_closed && !uart.is_in_handler) {
        if (++call_count > 1000)
            fail_msg("the interrupt comes for ever");
        uart.rise_count = 0;
        uart.is_in_handler = uart.are_interrupts_closed = true;
        serial_interrupt(nullptr);
        uart.is_in_handler = uart.are_interrupts_closed = false;
        watch_line();
    }
}

static void arrive(uint8_t byte)
{
    if (!uart.has_deep_fifo && uart.queue_end - uart.queue_first == FIFO_DEPTH) {
        uart.has_overrun = true;
    } else {
        assert_true(uart.queue_end < QUEUE_LIMIT);
        uart.queue[uart.queue_end++] = byte;
    }
    watch_line();
}

static uint8_t read_line_status(void)
{
    uart.looks++;
    bool is_busy = uart.busy_looks > 0;
    uart.busy_looks -= is_busy;
    uint8_t status = uart.is_stuck || is_busy ? 0 : 0x60;
    uart.room = status == 0 ? 0 : uart.has_no_fifo || uart.has_broken_fifo ? 1 : FIFO_DEPTH;
    status |= has_byte() ? 0x01 : 0;
    status |= uart.has_overrun ? 0x02 : 0;
    uart.has_overrun = false;
    if (uart.other_cause == 0x06)
        uart.other_cause = 0xff;
    return status;
}

static uint8_t read_data(void)
{
    uart.has_silent_timeout = false;
    if (uart.is_flooding || uart.queue_first == uart.queue_end)
        return 0;
    return uart.queue[uart.queue_first++];
}

static uint8_t read_identification(void)
{
    if (uart.has_no_fifo)
        return has_byte() ? 0x04 : 0x01;
    if (uart.has_broken_fifo) // the plain 16550
        return has_byte() ? 0x84 : 0x81;
    uint8_t other = uart.other_cause;
    if (other == 0x02)
        uart.other_cause = 0xff;
    if (other != 0xff)
        return 0xc0 | other;
    if (uart.has_silent_timeout)
        return 0xcc;
    return has_byte() ? 0xc4 : 0xc1;
}

static uint8_t read_register(uint16_t offset)
{
    switch (offset) {
    case 0:
        return read_data();
    case 2:
        return read_identification();
    case 5:
        return read_line_status();
    case 6:
        if (uart.other_cause == 0x00)
            uart.other_cause = 0xff;
        return 0;
    case 7:
        return uart.scratch;
    default:
        fail_msg("register %u was read", offset);
        return 0;
    }
}

uint8_t port_read8(uint16_t port)
{
    if (uart.is_absent) {
        uart.looks++;
        return 0xff;
    }
    uint8_t value = read_register(port & 7);
    watch_line();
    return value;
}

static void write_data(void)
{
    if (uart.line_control & 0x80) {
        assert_int_equal(uart.busy_looks, 0); // the divisor changes under what is being sent
        return;
    }
    if (!uart.is_stuck && !uart.is_absent) {
        assert_true(uart.room > 0);
        uart.room--;
    }
    uart.sent_count++;
}

void port_write8(uint16_t port, uint8_t value)
{
    switch (port & 7) {
    case 0:
        write_data();
        break;
    case 1:
        if (!(uart.line_control & 0x80))
            uart.enabled = value;
        break;
    case 2:
        if (!uart.has_deep_fifo)
            uart.queue_first = uart.queue_end; // turning the FIFO on empties it
        break;
    case 3:
        uart.line_control = value;
        break;
    case 4:
        uart.modem_control = value;
        if (uart.is_byte_late)
            arrive(0x77);
        break;
    case 7:
        uart.scratch = value;
        break;
    default:
        fail_msg("%02xh was written to register %u", value, port & 7);
    }
    watch_line();
    deliver();
}

// ---- the other end

static int working(void **)
{
    memset(&uart, 0, sizeof uart);
    uart.other_cause = 0xff;
    assert_int_equal(serial_init(PORT), STATUS_OK);
    uint8_t byte;
    while (serial_read(&byte))
        ;
    return 0;
}

static void use_interrupts(void)
{
    assert_int_equal(serial_irq_line(), 4);
    uart.is_handler_registered = true;
    serial_input_enable();
}

static uint8_t nth_byte(size_t n)
{
    return (uint8_t)(n * 2654435761u >> 11);
}

// Bytes that arrive one after the other, each with its chance of an interrupt.
static void arrive_many(size_t first, size_t count)
{
    for (size_t n = first; n < first + count; n++) {
        arrive(nth_byte(n));
        deliver();
    }
}

static size_t read_all(void)
{
    size_t count = 0;
    while (count < QUEUE_LIMIT && serial_read(&received[count]))
        count++;
    return count;
}

static void assert_read(size_t count)
{
    assert_int_equal(read_all(), count);
    for (size_t n = 0; n < count; n++)
        if (received[n] != nth_byte(n))
            fail_msg("byte %zu is %02xh instead of %02xh", n, received[n], nth_byte(n));
}

static void assert_counted(uint32_t pause_count, uint32_t overrun_count, struct serial_input_counters before)
{
    struct serial_input_counters now = serial_read_input_counters();
    assert_int_equal(now.pause_count - before.pause_count, pause_count);
    assert_int_equal(now.overrun_count - before.overrun_count, overrun_count);
}

// ---- cases

static void a_polled_read_takes_what_is_there(void **)
{
    uint8_t byte = 0x5a;
    assert_false(serial_read(&byte));
    assert_int_equal(byte, 0x5a);
    arrive_many(0, 10);
    assert_read(10);
    assert_int_equal(uart.enabled, 0);
}

static void early_bytes_come_first(void **)
{
    arrive_many(0, FIFO_DEPTH);
    assert_int_equal(serial_init(PORT), STATUS_OK);
    arrive_many(FIFO_DEPTH, 5);
    use_interrupts();
    arrive_many(FIFO_DEPTH + 5, 20);
    assert_read(FIFO_DEPTH + 25);
}

static void interrupts_bring_64_kib_without_loss(void **)
{
    struct serial_input_counters before = serial_read_input_counters();
    use_interrupts();
    size_t done = 0;
    for (size_t n = 0; n < 65536; n += 512) {
        arrive_many(n, 512);
        uint8_t byte;
        while (serial_read(&byte))
            assert_int_equal(byte, nth_byte(done++));
    }
    assert_int_equal(done, 65536);
    assert_counted(0, 0, before);
}

static void nothing_is_read_from_the_uart_by_a_reader_once_interrupts_do(void **)
{
    use_interrupts();
    unsigned long looks = uart.looks;
    assert_int_equal(read_all(), 0);
    assert_int_equal(uart.looks, looks);
}

// A call takes no more than it may, and what is left is not forgotten though the line never fell.
static void a_flood_comes_in_pieces(void **)
{
    uart.has_deep_fifo = true;
    use_interrupts();
    uart.is_handler_registered = false;
    arrive_many(0, 1000);
    assert_int_equal(uart.rise_count, 1);
    uart.rise_count = 0;
    serial_interrupt(nullptr);
    assert_in_range(uart.queue_first, 16, 68);
    assert_int_equal(uart.rise_count, 1);
    uart.is_handler_registered = true;
    deliver();
    assert_int_equal(uart.queue_first, 1000);
    assert_read(1000);
}

static void a_uart_that_is_pulled_out_ends_everything(void **)
{
    struct serial_input_counters before = serial_read_input_counters();
    use_interrupts();
    uart.is_absent = true;
    unsigned long looks = uart.looks;
    serial_interrupt(nullptr);
    assert_int_equal(uart.looks - looks, 1);
    serial_write("text", 4);
    assert_true(uart.looks - looks < 10);
    assert_counted(0, 0, before);
    assert_int_equal(read_all(), 0);
    assert_int_equal(serial_init(PORT), STATUS_NOT_FOUND);
    assert_int_equal(read_all(), 0);
}

static void a_line_status_of_all_ones_is_no_byte(void **)
{
    uart.is_absent = true;
    assert_int_equal(read_all(), 0);
}

static void a_timeout_without_a_byte_ends(void **)
{
    use_interrupts();
    uart.has_silent_timeout = true;
    watch_line();
    deliver();
    assert_false(uart.has_silent_timeout);
    assert_int_equal(read_all(), 0);
    arrive_many(0, 3);
    assert_read(3);
}

static void causes_that_nobody_asked_for_end(void **)
{
    static const uint8_t causes[] = {0x00, 0x02, 0x06};
    for (size_t i = 0; i < sizeof causes; i++) {
        working(nullptr);
        use_interrupts();
        uart.other_cause = causes[i];
        arrive_many(0, 3);
        assert_int_equal(uart.other_cause, 0xff);
        assert_read(3);
    }
}

static void overruns_are_counted_whoever_sees_them(void **)
{
    struct serial_input_counters before = serial_read_input_counters();
    arrive_many(0, FIFO_DEPTH + 3);
    assert_read(FIFO_DEPTH);
    assert_counted(0, 1, before);
    arrive_many(0, FIFO_DEPTH + 3);
    serial_write("x", 1); // looks at the line status for another reason
    assert_read(FIFO_DEPTH);
    assert_counted(0, 2, before);
    uart.has_overrun = true;
    serial_drain();
    assert_counted(0, 3, before);
}

// As an emulator does it: what the UART does not take stays with the sender. The reader takes a few bytes at a time.
static void send_to_a_slow_reader(size_t count)
{
    size_t done = 0;
    uart.has_deep_fifo = true;
    arrive_many(0, count);
    while (done < count) {
        uint8_t byte = 0;
        for (unsigned i = 0; i < 100 && done < count; i++) {
            if (!serial_read(&byte))
                fail_msg("nothing comes after byte %zu", done);
            if (byte != nth_byte(done))
                fail_msg("byte %zu is %02xh instead of %02xh", done, byte, nth_byte(done));
            done++;
        }
        deliver();
    }
    assert_int_equal(read_all(), 0);
}

static void a_slow_reader_gets_every_byte(void **)
{
    struct serial_input_counters before = serial_read_input_counters();
    use_interrupts();
    send_to_a_slow_reader(65536);
    assert_true(serial_read_input_counters().pause_count - before.pause_count >= 65536 / 4096);
    assert_int_equal(serial_read_input_counters().overrun_count, before.overrun_count);
    assert_int_equal(uart.modem_control, 0x0b);
    assert_int_equal(uart.enabled, 1);
}

static void a_slow_poller_gets_every_byte(void **)
{
    send_to_a_slow_reader(65536);
    assert_int_equal(uart.enabled, 0); // never, not even when the sender goes on
    assert_int_equal(uart.modem_control, 0x0b);
}

static bool is_ready_to_receive(void)
{
    return uart.modem_control & 0x02;
}

static void a_sender_is_asked_to_pause_and_to_go_on(void **)
{
    struct serial_input_counters before = serial_read_input_counters();
    use_interrupts();
    arrive_many(0, 4096 - 1024);
    assert_true(is_ready_to_receive());
    arrive_many(4096 - 1024, 1);
    assert_false(is_ready_to_receive());
    assert_int_equal(uart.enabled, 1); // what is on its way still comes
    assert_counted(1, 0, before);
    for (unsigned left = 3073; left > 2049; left--)
        assert_true(serial_read(received));
    assert_false(is_ready_to_receive());
    assert_true(serial_read(received));
    assert_true(is_ready_to_receive());
    assert_int_equal(read_all(), 2048);
    assert_counted(1, 0, before);
}

// The ring, and the FIFO, are full; no more than what overruns them is lost.
static void a_sender_that_does_not_pause_overruns_the_uart(void **)
{
    struct serial_input_counters before = serial_read_input_counters();
    use_interrupts();
    arrive_many(0, 5000);
    assert_int_equal(uart.enabled, 0);
    assert_read(4096 + FIFO_DEPTH);
    assert_counted(1, 1, before);
    assert_int_equal(uart.enabled, 1);
    arrive_many(0, 100);
    assert_read(100);
}

static void a_full_ring_takes_nothing_from_the_uart(void **)
{
    static char text[100];
    use_interrupts();
    arrive_many(0, 4096 + 10);
    assert_int_equal(uart.queue_end - uart.queue_first, 10);
    serial_write(text, sizeof text); // looks at the line status
    assert_int_equal(uart.sent_count, sizeof text);
    assert_int_equal(uart.queue_end - uart.queue_first, 10);
    uart.has_silent_timeout = true; // and this is none: there are bytes
    serial_interrupt(nullptr);
    assert_int_equal(uart.queue_end - uart.queue_first, 10);
    assert_int_equal(uart.enabled, 0);
    assert_read(4096 + 10);
}

// A rise that is gone before it is answered would be a spurious interrupt.
static void letting_the_sender_go_on_raises_no_line_in_vain(void **)
{
    use_interrupts();
    arrive_many(0, 4096 + 10);
    uart.is_handler_registered = false;
    uart.rise_count = 0;
    assert_read(4096 + 10);
    assert_int_equal(uart.enabled, 1);
    assert_int_equal(uart.rise_count, 0);
}

static void a_uart_that_is_set_up_again_forgets_the_pause(void **)
{
    use_interrupts();
    arrive_many(0, 4096);
    assert_int_equal(uart.enabled, 0);
    assert_int_equal(serial_init(PORT), STATUS_OK);
    assert_int_equal(uart.enabled, 0);
    serial_input_enable();
    arrive_many(4096, FIFO_DEPTH); // there is still no room
    assert_read(4096 + FIFO_DEPTH);
    assert_int_equal(uart.enabled, 1);
    assert_true(is_ready_to_receive());
}

static void count_call(void *context)
{
    ++*(unsigned *)context;
}

static void a_listener_is_told_of_what_the_uart_has_kept(void **)
{
    unsigned call_count = 0;
    use_interrupts();
    arrive_many(0, 4096 + 10);
    serial_set_listener(count_call, &call_count);
    for (unsigned i = 0; i < 2048; i++)
        assert_true(serial_read(received));
    assert_int_equal(call_count, 1);
    serial_set_listener(nullptr, nullptr);
}

// Text goes out with interrupts closed, as the log does it.
static void what_arrives_while_text_goes_out_is_kept(void **)
{
    static char text[400];
    struct serial_input_counters before = serial_read_input_counters();
    use_interrupts();
    uint64_t flags = cpu_interrupts_disable();
    for (unsigned i = 0; i < 100; i++) {
        arrive_many(i * 4, 4);
        serial_write(text, 4);
    }
    assert_int_equal(uart.sent_count, sizeof text);
    cpu_interrupts_restore(flags);
    assert_counted(0, 0, before);
    assert_read(sizeof text);
}

static void a_stuck_sender_that_is_flooded_is_given_up(void **)
{
    uart.is_stuck = true;
    uart.is_flooding = true;
    serial_write("x", 1);
    assert_true(uart.looks < 2'200'000);
    unsigned long looks = uart.looks;
    serial_write("x", 1);
    assert_true(uart.looks - looks < 50);
}

// From then on it is waited for again, not only looked at.
static void a_sender_that_recovers_sends_again(void **)
{
    uart.is_stuck = true;
    serial_write("lost", 4);
    assert_int_equal(uart.sent_count, 0);
    uart.is_stuck = false;
    serial_write("x", 1);
    assert_int_equal(uart.sent_count, 1);
    uart.busy_looks = 100;
    serial_write("y", 1);
    assert_int_equal(uart.sent_count, 2);
}

static void a_full_fifo_is_sent_after_one_look(void **)
{
    static char text[160];
    unsigned long looks = uart.looks;
    serial_write(text, sizeof text);
    assert_int_equal(uart.sent_count, sizeof text);
    assert_int_equal(uart.looks - looks, sizeof text / FIFO_DEPTH);
}

static void without_a_working_fifo_each_byte_is_waited_for(void **)
{
    static char text[40];
    for (unsigned is_broken = 0; is_broken < 2; is_broken++) {
        working(nullptr);
        uart.has_no_fifo = !is_broken;
        uart.has_broken_fifo = is_broken;
        assert_int_equal(serial_init(PORT), STATUS_OK);
        serial_write(text, sizeof text);
        assert_int_equal(uart.sent_count, sizeof text);
        use_interrupts();
        arrive_many(0, 10);
        assert_read(10);
    }
}

static void what_is_being_sent_is_waited_for(void **)
{
    uart.busy_looks = 1000;
    assert_int_equal(serial_init(PORT), STATUS_OK);
    assert_int_equal(uart.busy_looks, 0);
}

// Turning on the FIFO would drop it.
static void a_byte_that_arrives_during_the_setup_is_kept(void **)
{
    uint8_t byte = 0;
    uart.is_byte_late = true;
    assert_int_equal(serial_init(PORT), STATUS_OK);
    assert_true(serial_read(&byte));
    assert_int_equal(byte, 0x77);
}

static void each_port_has_its_line(void **)
{
    static const struct {
        uint16_t port;
        uint32_t line;
    } cases[] = {{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}, {0x1000, SERIAL_IRQ_NONE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(serial_init(cases[i].port), STATUS_OK);
        assert_int_equal(serial_irq_line(), cases[i].line);
    }
}

static void without_a_uart_nothing_happens(void **)
{
    uart.is_absent = true;
    assert_int_equal(serial_init(PORT), STATUS_NOT_FOUND);
    assert_int_equal(serial_irq_line(), SERIAL_IRQ_NONE);
    unsigned long looks = uart.looks;
    serial_input_enable();
    serial_write("x", 1);
    assert_int_equal(read_all(), 0);
    assert_int_equal(uart.looks, looks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_polled_read_takes_what_is_there, working),
        cmocka_unit_test_setup(early_bytes_come_first, working),
        cmocka_unit_test_setup(interrupts_bring_64_kib_without_loss, working),
        cmocka_unit_test_setup(nothing_is_read_from_the_uart_by_a_reader_once_interrupts_do, working),
        cmocka_unit_test_setup(a_flood_comes_in_pieces, working),
        cmocka_unit_test_setup(a_uart_that_is_pulled_out_ends_everything, working),
        cmocka_unit_test_setup(a_line_status_of_all_ones_is_no_byte, working),
        cmocka_unit_test_setup(a_timeout_without_a_byte_ends, working),
        cmocka_unit_test_setup(causes_that_nobody_asked_for_end, working),
        cmocka_unit_test_setup(overruns_are_counted_whoever_sees_them, working),
        cmocka_unit_test_setup(a_slow_reader_gets_every_byte, working),
        cmocka_unit_test_setup(a_slow_poller_gets_every_byte, working),
        cmocka_unit_test_setup(a_sender_is_asked_to_pause_and_to_go_on, working),
        cmocka_unit_test_setup(a_sender_that_does_not_pause_overruns_the_uart, working),
        cmocka_unit_test_setup(a_full_ring_takes_nothing_from_the_uart, working),
        cmocka_unit_test_setup(letting_the_sender_go_on_raises_no_line_in_vain, working),
        cmocka_unit_test_setup(a_uart_that_is_set_up_again_forgets_the_pause, working),
        cmocka_unit_test_setup(a_listener_is_told_of_what_the_uart_has_kept, working),
        cmocka_unit_test_setup(what_arrives_while_text_goes_out_is_kept, working),
        cmocka_unit_test_setup(a_stuck_sender_that_is_flooded_is_given_up, working),
        cmocka_unit_test_setup(a_sender_that_recovers_sends_again, working),
        cmocka_unit_test_setup(a_full_fifo_is_sent_after_one_look, working),
        cmocka_unit_test_setup(without_a_working_fifo_each_byte_is_waited_for, working),
        cmocka_unit_test_setup(what_is_being_sent_is_waited_for, working),
        cmocka_unit_test_setup(a_byte_that_arrives_during_the_setup_is_kept, working),
        cmocka_unit_test_setup(each_port_has_its_line, working),
        cmocka_unit_test_setup(without_a_uart_nothing_happens, working),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
