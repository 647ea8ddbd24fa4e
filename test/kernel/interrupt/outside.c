// SPDX-License-Identifier: MIT
// Events that only somebody outside can cause: NMI, machine check, bytes on the serial line. test/kernel/run.py does,
// when a test prints "# ready".
#include <arch/cpu.h>
#include <arch/machine_check.h>
#include <arch/msr.h>
#include <arch/stack.h>
#include <framework/test.h>
#include <interrupt/exception.h>
#include <interrupt/irq.h>
#include <lib/string.h>
#include <serial/serial.h>
#include <time/time.h>

constexpr uint64_t PATIENCE_NS = 15'000'000'000;
constexpr uint8_t NON_MASKABLE_INTERRUPT = 2;
constexpr uint8_t MACHINE_CHECK = 18;

static volatile struct {
    unsigned count;
    uint64_t stack_pointer, status;
} seen;

static bool wait_for_events(unsigned count)
{
    uint64_t start = time_now_ns();
    while (seen.count < count && time_now_ns() - start < PATIENCE_NS)
        __asm__ volatile("pause");
    return seen.count == count;
}

static bool is_on_stack(const char *name, uint64_t address)
{
    const struct stack *stack;
    for (unsigned i = 0; (stack = stack_at(i)) != nullptr; i++) {
        if (strcmp(stack->name, name) == 0)
            return address >= stack->bottom && address < stack->top;
    }
    return false;
}

static bool count_event(struct trap_frame *frame)
{
    seen.stack_pointer = (uintptr_t)frame;
    seen.count = seen.count + 1;
    return true;
}

// The second one tells that the first one's IRETQ has opened the way again.
TEST(outside, nmi_arrives_on_its_own_stack_and_again)
{
    NEEDS_DRIVER();
    seen.count = 0;
    exception_set_handler(NON_MASKABLE_INTERRUPT, count_event);
    bool has_come = true;
    for (unsigned i = 1; i <= 3; i++) {
        test_note("ready");
        has_come = wait_for_events(i) && has_come;
    }
    exception_set_handler(NON_MASKABLE_INTERRUPT, nullptr);
    CHECK(has_come);
    CHECK(is_on_stack("NMI", seen.stack_pointer));
}

TEST(outside, nmi_arrives_while_interrupts_are_closed)
{
    NEEDS_DRIVER();
    seen.count = 0;
    exception_set_handler(NON_MASKABLE_INTERRUPT, count_event);
    uint64_t flags = cpu_interrupts_disable();
    test_note("ready");
    bool has_come = wait_for_events(1);
    cpu_interrupts_restore(flags);
    exception_set_handler(NON_MASKABLE_INTERRUPT, nullptr);
    CHECK(has_come);
}

TEST_DIES_BY(outside, nmi_without_handler_is_fatal, 2)
{
    NEEDS_DRIVER();
    test_note("ready");
    seen.count = 0;
    (void)wait_for_events(1);
}

constexpr uint32_t MCG_STATUS =
    0x17a; // machine check in progress: a second one resets the CPU (Intel SDM vol. 3, 16.3.1)
constexpr uint32_t MC1_STATUS = 0x405;

static bool take_machine_check(struct trap_frame *frame)
{
    seen.status = machine_check_status(1);
    msr_write(MC1_STATUS, 0);
    msr_write(MCG_STATUS, 0);
    return count_event(frame);
}

TEST(outside, machine_check_arrives_on_its_own_stack)
{
    NEEDS_DRIVER();
    seen.count = 0;
    exception_set_handler(MACHINE_CHECK, take_machine_check);
    test_note("ready");
    bool has_come = wait_for_events(1);
    exception_set_handler(MACHINE_CHECK, nullptr);
    CHECK(has_come);
    CHECK(is_on_stack("machine check", seen.stack_pointer));
    CHECK_EQUAL(seen.status, 0xb200'0000'0000'0005); // what run.py injects
}

TEST_DIES_BY(outside, machine_check_without_handler_is_fatal, 18)
{
    NEEDS_DRIVER();
    test_note("ready");
    seen.count = 0;
    (void)wait_for_events(1);
}

// QEMU lets a bank be written; a CPU takes nothing but 0 (Intel SDM vol. 3, 16.3.2.2).
TEST(outside, machine_checks_of_before_are_forgotten)
{
    NEEDS_DRIVER();
    CHECK(machine_check_bank_count() > 1);
    msr_write(MC1_STATUS, MACHINE_CHECK_VALID | 5);
    uint64_t before = machine_check_status(1);
    machine_check_enable();
    CHECK_EQUAL(before, MACHINE_CHECK_VALID | 5);
    CHECK_EQUAL(machine_check_status(1), 0);
}

constexpr unsigned CHUNK = 2048;      // half of what the kernel keeps for a reader
constexpr unsigned BYTES_A_CALL = 68; // that an interrupt takes, at most
constexpr uint64_t ABSENCE_NS = 5'000'000;

static uint64_t serial_interrupt_count(void)
{
    struct irq_counters counters;
    CHECK_EQUAL(irq_read_counters(serial_irq_line(), &counters), STATUS_OK);
    return counters.count;
}

// Asleep, with nobody who looks at the UART: what arrives is the interrupt's.
static void stay_away(void)
{
    uint64_t start = time_now_ns();
    while (time_now_ns() - start < ABSENCE_NS)
        cpu_wait_for_interrupt();
}

constexpr unsigned WANTED = 65'536;

// Fletcher's sum with 64-bit words: order counts. The driver sends the next chunk when it is asked to, so that nothing
// has to be lost.
TEST(outside, serial_input_of_64_kib_arrives_whole)
{
    NEEDS_DRIVER();
    uint64_t interrupts_before = serial_interrupt_count();
    uint64_t first = 0;
    uint64_t second = 0;
    unsigned count = 0;
    unsigned asked_for = 0;
    uint64_t last = time_now_ns();
    while (count < WANTED && time_now_ns() - last < PATIENCE_NS / 3) {
        if (count == asked_for) {
            test_note("ready");
            asked_for += CHUNK;
        }
        stay_away();
        uint8_t byte;
        while (count < asked_for && serial_read(&byte)) {
            first += byte;
            second += first;
            count++;
            last = time_now_ns();
        }
    }
    struct serial_input_counters counters = serial_read_input_counters();
    uint64_t interrupts = serial_interrupt_count() - interrupts_before;
    test_note("received %u bytes, sums %llu %llu", count, (unsigned long long)first, (unsigned long long)second);
    CHECK_EQUAL(count, WANTED);
    CHECK_EQUAL(counters.pause_count, 0);
    CHECK_EQUAL(counters.overrun_count, 0);
    CHECK(interrupts >= WANTED / BYTES_A_CALL);
}

// Until the sender has been asked to pause and nothing more comes: the ring is full by then, however slow the host is.
static void let_the_ring_run_full(uint32_t pause_count_before)
{
    constexpr unsigned QUIET_LIMIT = 20; // of absences
    uint64_t start = time_now_ns();
    uint64_t interrupts = serial_interrupt_count();
    for (unsigned quiet = 0; quiet < QUIET_LIMIT && time_now_ns() - start < PATIENCE_NS; quiet++) {
        stay_away();
        uint64_t now = serial_interrupt_count();
        if (now != interrupts || serial_read_input_counters().pause_count == pause_count_before)
            quiet = 0;
        interrupts = now;
    }
}

// A portion at a time, with sleep between them, while the driver sends as fast as it can; the driver compares the echo.
// Returns how many bytes came.
static unsigned echo_slowly(unsigned wanted)
{
    constexpr unsigned PORTION = 400;
    unsigned count = 0;
    uint64_t last = time_now_ns();
    while (count < wanted && time_now_ns() - last < PATIENCE_NS / 3) {
        stay_away();
        uint8_t byte;
        for (unsigned i = 0; i < PORTION && count < wanted && serial_read(&byte); i++) {
            serial_write((const char *)&byte, 1);
            count++;
            last = time_now_ns();
        }
    }
    serial_write("\n", 1);
    return count;
}

TEST(outside, serial_input_of_64_kib_waits_for_a_slow_reader)
{
    NEEDS_DRIVER();
    struct serial_input_counters before = serial_read_input_counters();
    test_note("ready");
    let_the_ring_run_full(before.pause_count);
    unsigned count = echo_slowly(WANTED);
    struct serial_input_counters now = serial_read_input_counters();
    CHECK_EQUAL(count, WANTED);
    CHECK_EQUAL(now.overrun_count, before.overrun_count);
    CHECK(now.pause_count > before.pause_count);
}

// Text that goes out takes what comes in from the UART. The driver leaves out the dots.
static void talk_until_the_ring_is_full(uint32_t pause_count_before)
{
    constexpr uint64_t TALK_AFTERWARDS_NS = 200'000'000; // the rest of the ring, and more, wherever it does not stop
    uint64_t start = time_now_ns();
    uint64_t paused = start;
    for (uint64_t now = start; now - paused < TALK_AFTERWARDS_NS && now - start < PATIENCE_NS; now = time_now_ns()) {
        serial_write(".", 1);
        if (serial_read_input_counters().pause_count == pause_count_before)
            paused = now;
    }
}

// The driver has seen to it that nothing comes by interrupt: the UART is looked at when somebody reads or writes.
TEST(outside, serial_input_waits_for_a_slow_poller)
{
    constexpr unsigned POLLED = 8192; // twice the ring; without interrupts, 16 bytes come in each absence
    NEEDS_DRIVER();
    struct serial_input_counters before = serial_read_input_counters();
    uint64_t interrupts_before = serial_interrupt_count();
    test_note("ready");
    talk_until_the_ring_is_full(before.pause_count);
    unsigned count = echo_slowly(POLLED);
    struct serial_input_counters now = serial_read_input_counters();
    CHECK_EQUAL(count, POLLED);
    CHECK_EQUAL(now.overrun_count, before.overrun_count);
    CHECK(now.pause_count > before.pause_count);
    CHECK_EQUAL(serial_interrupt_count(), interrupts_before);
}
