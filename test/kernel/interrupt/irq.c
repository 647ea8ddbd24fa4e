// SPDX-License-Identifier: MIT
// Interrupt lines under both controllers: what arrives, what is counted, and which end-of-interrupt is sent. The source
// is the RTC's periodic interrupt on line 8: nobody else wants it, and it comes through both chips of the 8259 pair.
#include "apic.h"
#include <arch/cpu.h>
#include <arch/port.h>
#include <arch/tsc.h>
#include <framework/int_instruction.h>
#include <framework/test.h>
#include <interrupt/irq.h>
#include <serial/serial.h>
#include <time/time.h>
#include <time/timer.h>

constexpr uint32_t RTC_LINE = 8;
constexpr uint16_t RTC_INDEX = 0x70;
constexpr uint16_t RTC_DATA = 0x71;
constexpr uint8_t RTC_A = 0x0a;
constexpr uint8_t RTC_B = 0x0b;
constexpr uint8_t RTC_C = 0x0c;      // reading it lets the line rise again (MC146818A data sheet, "Register C")
constexpr uint8_t RTC_A_RATE = 0x0f; // 32768 Hz >> (rate - 1)
constexpr uint8_t RTC_B_PERIODIC = 1 << 6;
constexpr uint8_t RATE_1024_HZ = 6;

constexpr uint64_t MILLISECOND_NS = 1'000'000;
constexpr uint64_t PATIENCE_NS = 5'000 * MILLISECOND_NS;

static volatile unsigned rtc_count;

static uint8_t rtc_read(uint8_t index)
{
    port_write8(RTC_INDEX, index);
    return port_read8(RTC_DATA);
}

static void rtc_write(uint8_t index, uint8_t value)
{
    port_write8(RTC_INDEX, index);
    port_write8(RTC_DATA, value);
}

static void rtc_start(uint8_t rate)
{
    uint64_t flags = cpu_interrupts_disable();
    rtc_count = 0;
    rtc_write(RTC_A, (uint8_t)((rtc_read(RTC_A) & ~RTC_A_RATE) | rate));
    rtc_write(RTC_B, rtc_read(RTC_B) | RTC_B_PERIODIC);
    (void)rtc_read(RTC_C);
    cpu_interrupts_restore(flags);
}

static void rtc_stop(void)
{
    uint64_t flags = cpu_interrupts_disable();
    rtc_write(RTC_B, rtc_read(RTC_B) & (uint8_t)~RTC_B_PERIODIC);
    (void)rtc_read(RTC_C);
    cpu_interrupts_restore(flags);
    irq_unregister(RTC_LINE);
}

static void count_rtc(void *context)
{
    (void)rtc_read(RTC_C);
    rtc_count = rtc_count + 1;
    if (context != nullptr)
        ++*(unsigned *)context;
}

static bool wait_for_rtc(unsigned count)
{
    uint64_t start = time_now_ns();
    while (rtc_count < count && time_now_ns() - start < PATIENCE_NS)
        __asm__ volatile("pause");
    return rtc_count >= count;
}

// With interrupts closed: wait until the RTC has asked for one.
static bool wait_for_rtc_request(void)
{
    constexpr uint8_t RTC_C_REQUEST = 1 << 7;
    uint64_t start = time_now_ns();
    while (time_now_ns() - start < PATIENCE_NS) {
        if (rtc_read(RTC_C) & RTC_C_REQUEST)
            return true;
    }
    return false;
}

static void wait_ms(unsigned milliseconds)
{
    uint64_t start = time_now_ns();
    while (time_now_ns() - start < milliseconds * MILLISECOND_NS)
        __asm__ volatile("pause");
}

static void need(enum irq_controller controller)
{
    if (irq_controller() != controller)
        SKIP("%s", controller == IRQ_CONTROLLER_PIC ? "needs the 8259 pair" : "needs APICs");
}

TEST(irq, line_interrupts_again_and_again)
{
    unsigned own_count = 0;
    enum status status = irq_register(RTC_LINE, count_rtc, &own_count);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(100);
    rtc_stop();
    CHECK_EQUAL(status, STATUS_OK);
    CHECK(has_come);
    CHECK_EQUAL(own_count, rtc_count);
}

TEST(irq, counters_follow_the_handler)
{
    enum status status = irq_register(RTC_LINE, count_rtc, nullptr);
    struct irq_counters before;
    enum status status_before = irq_read_counters(RTC_LINE, &before);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(20);
    irq_mask(RTC_LINE);
    struct irq_counters after;
    enum status status_after = irq_read_counters(RTC_LINE, &after);
    unsigned count = rtc_count;
    rtc_stop();
    struct irq_counters gone = {.count = 77, .worst_ticks = 77};
    enum status status_gone = irq_read_counters(RTC_LINE, &gone);
    CHECK_EQUAL(status, STATUS_OK);
    CHECK_EQUAL(status_before, STATUS_OK);
    CHECK_EQUAL(before.count, 0);
    CHECK_EQUAL(before.worst_ticks, 0);
    CHECK(has_come);
    CHECK_EQUAL(status_after, STATUS_OK);
    CHECK_EQUAL(after.count, count);
    CHECK(after.worst_ticks > 0);
    CHECK_EQUAL(status_gone, STATUS_NOT_FOUND);
    CHECK_EQUAL(gone.count, 77);
}

// Takes longer each time, and knows how long.
static void dawdle(void *longest_ticks)
{
    uint64_t start = tsc_read();
    uint64_t start_ns = time_now_ns();
    while (time_now_ns() - start_ns < rtc_count % 4 * MILLISECOND_NS)
        __asm__ volatile("pause");
    (void)rtc_read(RTC_C);
    rtc_count = rtc_count + 1;
    uint64_t ticks = tsc_read() - start;
    uint64_t *longest = longest_ticks;
    if (ticks > *longest)
        *longest = ticks;
}

TEST(irq, worst_time_is_the_slowest_handlers)
{
    struct irq_counters counters;
    uint64_t longest_ticks = 0;
    CHECK_EQUAL(irq_register(RTC_LINE, dawdle, &longest_ticks), STATUS_OK);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(8);
    irq_mask(RTC_LINE);
    (void)irq_read_counters(RTC_LINE, &counters);
    rtc_stop();
    CHECK(has_come);
    CHECK(longest_ticks > 0);
    CHECK(counters.worst_ticks >= longest_ticks);
}

TEST(irq, masked_line_is_silent_until_it_is_unmasked)
{
    CHECK_EQUAL(irq_register(RTC_LINE, count_rtc, nullptr), STATUS_OK);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(5);
    irq_mask(RTC_LINE);
    unsigned at_mask = rtc_count;
    wait_ms(30);
    unsigned while_masked = rtc_count;
    irq_unmask(RTC_LINE);
    uint64_t flags = cpu_interrupts_disable();
    (void)rtc_read(RTC_C); // the edge that came while the line was masked is lost at an I/O APIC
    cpu_interrupts_restore(flags);
    bool has_come_again = wait_for_rtc(at_mask + 5);
    rtc_stop();
    CHECK(has_come);
    CHECK_EQUAL(while_masked, at_mask);
    CHECK(has_come_again);
}

TEST(irq, unregistered_line_is_silent)
{
    CHECK_EQUAL(irq_register(RTC_LINE, count_rtc, nullptr), STATUS_OK);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(5);
    irq_unregister(RTC_LINE);
    unsigned at_end = rtc_count;
    wait_ms(30);
    unsigned later = rtc_count;
    irq_unregister(RTC_LINE); // nothing happens
    irq_mask(RTC_LINE);
    irq_unmask(RTC_LINE);
    rtc_stop();
    CHECK(has_come);
    CHECK_EQUAL(later, at_end);
}

static volatile uint64_t handler_flags;

static void record_flags(void *context)
{
    uint64_t flags = cpu_interrupts_disable();
    handler_flags = flags;
    cpu_interrupts_restore(flags);
    count_rtc(context);
}

TEST(irq, handlers_run_with_interrupts_closed)
{
    handler_flags = CPU_RFLAGS_INTERRUPT;
    CHECK_EQUAL(irq_register(RTC_LINE, record_flags, nullptr), STATUS_OK);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(2);
    rtc_stop();
    CHECK(has_come);
    CHECK_EQUAL(handler_flags & CPU_RFLAGS_INTERRUPT, 0);
}

TEST(irq, taken_line_is_busy)
{
    CHECK_EQUAL(irq_register(RTC_LINE, count_rtc, nullptr), STATUS_OK);
    enum status second = irq_register(RTC_LINE, record_flags, nullptr);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(3); // the first handler still has it
    rtc_stop();
    CHECK_EQUAL(second, STATUS_BUSY);
    CHECK(has_come);
}

TEST(irq, line_that_no_controller_has_is_out_of_range)
{
    CHECK_EQUAL(irq_register(5000, count_rtc, nullptr), STATUS_RANGE);
    CHECK_EQUAL(irq_register(UINT32_MAX, count_rtc, nullptr), STATUS_RANGE);
    CHECK_EQUAL(irq_register(IRQ_LINE_LOCAL_TIMER + 1, count_rtc, nullptr), STATUS_RANGE);
    if (irq_controller() == IRQ_CONTROLLER_PIC) {
        CHECK_EQUAL(irq_register(2, count_rtc, nullptr), STATUS_RANGE); // the slave's
        CHECK_EQUAL(irq_register(16, count_rtc, nullptr), STATUS_RANGE);
        CHECK_EQUAL(irq_register(IRQ_LINE_LOCAL_TIMER, count_rtc, nullptr), STATUS_RANGE);
    }
}

TEST(irq, line_can_be_taken_a_thousand_times)
{
    for (unsigned i = 0; i < 1000; i++) {
        CHECK_EQUAL(irq_register(RTC_LINE, count_rtc, nullptr), STATUS_OK);
        irq_unregister(RTC_LINE);
    }
}

static trap_handler_fn *kernels_handler;
static volatile uint64_t last_vector, rtc_vector;

static void remember_vector(struct trap_frame *frame)
{
    last_vector = frame->vector;
    kernels_handler(frame);
}

static void learn_vector(void *context)
{
    rtc_vector = last_vector;
    count_rtc(context);
}

// Interrupts by the INT instruction count like others, come as fast as the CPU can, and no timer comes between.
static void raise(uint64_t vector, unsigned count)
{
    void (*instruction)(void) = (void (*)(void))(uintptr_t)int_instructions[vector];
    for (unsigned i = 0; i < count; i++)
        instruction();
}

TEST(irq, storm_is_masked)
{
    constexpr unsigned LIMIT = 20'000;
    CHECK_EQUAL(irq_register(RTC_LINE, learn_vector, nullptr), STATUS_OK);
    kernels_handler = interrupt_handler; // before one arrives
    int_set_interrupt_handler(remember_vector);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(1);
    uint64_t flags = cpu_interrupts_disable();
    int_set_interrupt_handler(kernels_handler);
    uint64_t vector = rtc_vector; // from here on the handler learns nothing new
    (void)irq_mask_storms(UINT64_MAX);
    raise(vector, LIMIT);
    unsigned masked_at_limit = irq_mask_storms(LIMIT);
    raise(vector, LIMIT + 1);
    unsigned masked_beyond = irq_mask_storms(LIMIT);
    unsigned masked_again = irq_mask_storms(LIMIT);
    cpu_interrupts_restore(flags); // one that was on its way when the line was masked may arrive now
    wait_ms(2);
    unsigned at_mask = rtc_count;
    flags = cpu_interrupts_disable();
    (void)rtc_read(RTC_C);
    cpu_interrupts_restore(flags);
    wait_ms(20);
    unsigned later = rtc_count;
    rtc_stop();
    CHECK(has_come);
    CHECK_EQUAL(masked_at_limit, 0);
    CHECK_EQUAL(masked_beyond, 1);
    CHECK_EQUAL(masked_again, 0);
    CHECK_EQUAL(later, at_mask);
}

// ---- a storm

// The first serial port's transmitter asks for an interrupt whenever it is empty and may ask: enough for a line that is
// high again before its handler has ended (PC16550D data sheet, table III).
constexpr uint32_t COM1_LINE = 4;
constexpr uint16_t COM1_INTERRUPT_ENABLE = 0x3f9;
constexpr uint8_t UART_TRANSMITTER_EMPTY = 1 << 1;
constexpr uint64_t STORM_LIMIT_NS = 2'000 * MILLISECOND_NS;

static volatile struct {
    uint64_t start_ns;
    unsigned tick_count;
    bool is_over; // because nobody has ended it
} storm;

static void raise_once_more(void *)
{
    port_write8(COM1_INTERRUPT_ENABLE, 0);
    if (time_now_ns() - storm.start_ns < STORM_LIMIT_NS)
        port_write8(COM1_INTERRUPT_ENABLE, UART_TRANSMITTER_EMPTY);
    else
        storm.is_over = true;
}

static void count_tick(void *)
{
    storm.tick_count = storm.tick_count + 1;
}

static uint64_t interrupts_of(uint32_t line)
{
    struct irq_counters counters = {};
    (void)irq_read_counters(line, &counters);
    return counters.count;
}

// Return whether LINE is silent for 20 ms, now or before long.
static bool wait_for_silence(uint32_t line)
{
    uint64_t start = time_now_ns();
    while (time_now_ns() - start < PATIENCE_NS) {
        uint64_t before = interrupts_of(line);
        wait_ms(20);
        if (interrupts_of(line) == before)
            return true;
    }
    return false;
}

// While it lasts, nothing but handlers runs: the code below goes on when the kernel's own watch has masked the line.
TEST(irq, storm_is_ended_by_the_kernels_watch)
{
    static struct timer ticker;
    if (serial_irq_line() != COM1_LINE)
        SKIP("needs a UART at COM1");
    irq_unregister(COM1_LINE);
    enum status status = irq_register(COM1_LINE, raise_once_more, nullptr);
    storm.is_over = false;
    storm.start_ns = time_now_ns();
    storm.tick_count = 0;
    timer_start(&ticker, MILLISECOND_NS, MILLISECOND_NS, count_tick, nullptr);
    port_write8(COM1_INTERRUPT_ENABLE, UART_TRANSMITTER_EMPTY);
    bool is_silent = wait_for_silence(COM1_LINE);
    uint64_t count = interrupts_of(COM1_LINE);
    unsigned ticks_before = storm.tick_count;
    wait_ms(20);
    unsigned ticks_after = storm.tick_count;
    bool is_over = storm.is_over;
    timer_cancel(&ticker);
    irq_unregister(COM1_LINE);
    port_write8(COM1_INTERRUPT_ENABLE, 0);
    enum status status_after = irq_register(COM1_LINE, serial_interrupt, nullptr);
    serial_input_enable();
    CHECK_EQUAL(status, STATUS_OK);
    CHECK_EQUAL(status_after, STATUS_OK);
    CHECK(!is_over);
    CHECK(is_silent);
    CHECK(count > 1000); // it was one
    CHECK(ticks_before > 0);
    CHECK(ticks_after > ticks_before);
    test_note("masked after %llu interrupts", (unsigned long long)count);
}

// ---- interrupts that nobody asked for

constexpr uint16_t PIC_MASTER = 0x20;
constexpr uint16_t PIC_SLAVE = 0xa0;
constexpr uint16_t PIC_SLAVE_MASKS = 0xa1;
constexpr uint8_t PIC_READ_IN_SERVICE = 0x0b; // OCW3 (8259A data sheet, figure 8)

static uint8_t pic_in_service(uint16_t command_port)
{
    port_write8(command_port, PIC_READ_IN_SERVICE);
    return port_read8(command_port);
}

TEST(irq, spurious_lines_of_the_8259s_are_counted)
{
    uint64_t before = irq_spurious_count();
    __asm__ volatile("int $0x27"); // line 7 without a request: its bit is not in service
    CHECK_EQUAL(irq_spurious_count(), before + 1);
    __asm__ volatile("int $0x2f");
    CHECK_EQUAL(irq_spurious_count(), before + 2);
    if (irq_controller() == IRQ_CONTROLLER_PIC) {
        CHECK_EQUAL(pic_in_service(PIC_MASTER), 0);
        CHECK_EQUAL(pic_in_service(PIC_SLAVE), 0);
    }
}

static struct {
    uint8_t master_before, slave_before, master_after, slave_after;
} in_service;

static void be_spurious_meanwhile(void *)
{
    in_service.master_before = pic_in_service(PIC_MASTER);
    in_service.slave_before = pic_in_service(PIC_SLAVE);
    __asm__ volatile("int $0x27");
    in_service.master_after = pic_in_service(PIC_MASTER);
    in_service.slave_after = pic_in_service(PIC_SLAVE);
    count_rtc(nullptr);
}

// An end-of-interrupt for it would end whatever is in service.
TEST(irq, spurious_line_7_is_not_acknowledged)
{
    need(IRQ_CONTROLLER_PIC);
    uint64_t before = irq_spurious_count();
    CHECK_EQUAL(irq_register(RTC_LINE, be_spurious_meanwhile, nullptr), STATUS_OK);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(3);
    rtc_stop();
    CHECK(has_come);
    CHECK(irq_spurious_count() >= before + 3);
    CHECK_EQUAL(in_service.master_before, 1u << 2);
    CHECK_EQUAL(in_service.slave_before, 1u << (RTC_LINE - 8));
    CHECK_EQUAL(in_service.master_after, in_service.master_before);
    CHECK_EQUAL(in_service.slave_after, in_service.slave_before);
}

// A real one: the slave asks, and its request is masked before the CPU looks. The master delivers the cascade, the
// slave has nothing to say, and the master alone waits for its end.
TEST(irq, spurious_line_15_is_acknowledged_at_the_master)
{
    need(IRQ_CONTROLLER_PIC);
    CHECK_EQUAL(irq_register(RTC_LINE, count_rtc, nullptr), STATUS_OK);
    uint64_t flags = cpu_interrupts_disable();
    uint64_t before = irq_spurious_count();
    rtc_start(RATE_1024_HZ);
    bool has_asked = wait_for_rtc_request();
    irq_mask(RTC_LINE);
    cpu_interrupts_restore(flags);
    wait_ms(2);
    uint64_t after = irq_spurious_count();
    uint8_t master = pic_in_service(PIC_MASTER);
    uint8_t slave = pic_in_service(PIC_SLAVE);
    irq_unmask(RTC_LINE);
    flags = cpu_interrupts_disable();
    (void)rtc_read(RTC_C);
    cpu_interrupts_restore(flags);
    bool goes_on = wait_for_rtc(3);
    rtc_stop();
    CHECK(has_asked);
    CHECK_EQUAL(after, before + 1);
    CHECK_EQUAL(master, 0);
    CHECK_EQUAL(slave, 0);
    CHECK(goes_on);
}

TEST(irq, spurious_vector_of_the_local_apic_is_counted)
{
    need(IRQ_CONTROLLER_APIC);
    uint64_t before = irq_spurious_count();
    __asm__ volatile("int $0xff");
    CHECK_EQUAL(irq_spurious_count(), before + 1);
}

static struct {
    unsigned count, before, after;
} in_service_at_apic;

static void be_spurious_at_the_local_apic(void *)
{
    in_service_at_apic.count++;
    in_service_at_apic.before += apic_in_service_count();
    __asm__ volatile("int $0xff");
    in_service_at_apic.after += apic_in_service_count();
    count_rtc(nullptr);
}

TEST(irq, spurious_vector_of_the_local_apic_is_not_acknowledged)
{
    need(IRQ_CONTROLLER_APIC);
    uint64_t before = irq_spurious_count();
    in_service_at_apic.count = in_service_at_apic.before = in_service_at_apic.after = 0;
    CHECK_EQUAL(irq_register(RTC_LINE, be_spurious_at_the_local_apic, nullptr), STATUS_OK);
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(3);
    rtc_stop();
    CHECK(has_come);
    CHECK_EQUAL(irq_spurious_count(), before + in_service_at_apic.count);
    CHECK_EQUAL(in_service_at_apic.before, in_service_at_apic.count);
    CHECK_EQUAL(in_service_at_apic.after, in_service_at_apic.count);
}

constexpr uint8_t UNCLAIMED_VECTOR = 0xe0; // of the wires' range, near its end

static bool wait_for_unclaimed(uint64_t count)
{
    uint64_t start = time_now_ns();
    while (irq_unclaimed_count() < count && time_now_ns() - start < PATIENCE_NS)
        __asm__ volatile("pause");
    return irq_unclaimed_count() == count;
}

// The local APIC delivers them, whoever is in charge of the lines.
TEST(irq, storm_of_unclaimed_interrupts_is_survived)
{
    if (!apic_is_present())
        SKIP("needs a local APIC");
    uint64_t before = irq_unclaimed_count();
    for (unsigned i = 1; i <= 20'000; i++) {
        apic_send_to_self(UNCLAIMED_VECTOR);
        CHECK(wait_for_unclaimed(before + i));
    }
    CHECK_EQUAL(irq_register(RTC_LINE, count_rtc, nullptr), STATUS_OK); // whose vector has a lower priority
    rtc_start(RATE_1024_HZ);
    bool has_come = wait_for_rtc(3);
    rtc_stop();
    CHECK(has_come);
}

// A line that fires between being masked and being forgotten: what is on its way arrives with nobody to take it.
TEST(irq, request_of_a_line_that_was_given_up_is_acknowledged)
{
    need(IRQ_CONTROLLER_APIC);
    uint64_t before = irq_unclaimed_count();
    uint64_t flags = cpu_interrupts_disable();
    CHECK_EQUAL(irq_register(RTC_LINE, count_rtc, nullptr), STATUS_OK);
    rtc_start(RATE_1024_HZ);
    bool has_asked = wait_for_rtc_request();
    irq_unregister(RTC_LINE);
    cpu_interrupts_restore(flags);
    bool has_come = wait_for_unclaimed(before + 1);
    unsigned count = rtc_count;
    rtc_stop();
    CHECK(has_asked);
    CHECK(has_come);
    CHECK_EQUAL(count, 0);
}

// As the firmware may have left it: open, with nobody behind it.
TEST(irq, open_line_of_the_8259s_is_masked_when_nobody_wants_it)
{
    constexpr uint8_t RTC_BIT = 1u << (RTC_LINE - 8);
    need(IRQ_CONTROLLER_PIC);
    uint64_t before = irq_unclaimed_count();
    uint64_t flags = cpu_interrupts_disable();
    uint8_t masks = port_read8(PIC_SLAVE_MASKS);
    port_write8(PIC_SLAVE_MASKS, masks & (uint8_t)~RTC_BIT);
    rtc_start(RATE_1024_HZ);
    bool has_asked = wait_for_rtc_request();
    cpu_interrupts_restore(flags);
    bool has_come = wait_for_unclaimed(before + 1);
    uint8_t masks_after = port_read8(PIC_SLAVE_MASKS);
    uint8_t master = pic_in_service(PIC_MASTER);
    uint8_t slave = pic_in_service(PIC_SLAVE);
    enum status status = irq_register(RTC_LINE, count_rtc, nullptr);
    flags = cpu_interrupts_disable();
    (void)rtc_read(RTC_C);
    cpu_interrupts_restore(flags);
    bool goes_on = wait_for_rtc(3);
    rtc_stop();
    CHECK(has_asked);
    CHECK(has_come);
    CHECK_EQUAL(masks & RTC_BIT, RTC_BIT);
    CHECK_EQUAL(masks_after, masks);
    CHECK_EQUAL(master, 0);
    CHECK_EQUAL(slave, 0);
    CHECK_EQUAL(status, STATUS_OK);
    CHECK(goes_on);
}

TEST_DIES_BY(irq, interrupt_instruction_with_a_vector_of_nobodys, 128)
{
    __asm__ volatile("int $0x80");
}

TEST_DIES_BY(irq, interrupt_instruction_with_the_vector_of_a_line, 41)
{
    __asm__ volatile("int $0x29"); // line 9 of the 8259s is not in service
}
