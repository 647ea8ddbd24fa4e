// SPDX-License-Identifier: MIT
// kernel/time/rtc against chips that QEMU does not have: stuck in an update, never the same twice, missing. The test
// plays the two ports and the clock; an access to a port takes a microsecond.
#include <arch/cpu.h>
#include <arch/port.h>
#include <support/unit.h>
#include <time/time.h>

constexpr uint16_t PORT_INDEX = 0x70;
constexpr uint16_t PORT_DATA = 0x71;
constexpr uint64_t NS_PER_ACCESS = 1000;
constexpr uint64_t MS = 1'000'000;
constexpr uint8_t CENTURY = 0x32;
constexpr uint8_t STATUS_A = 0x0a;
constexpr uint8_t STATUS_B = 0x0b;
constexpr uint8_t UPDATING = 0x80;
constexpr uint64_t UPDATE_NS = 2'228'000; // 244 us of warning, 1984 us of update (data sheet, figure 16)

static struct {
    bool is_absent, has_no_clock;
    bool is_never_the_same;
    uint64_t updating_until_ns;
    unsigned change_at_read; // of the seconds: from then on they are another; 0: never
    uint64_t away_ns;        // the CPU is taken away for so long, after the first look at the update bit

    uint8_t registers[0x80];
    uint8_t index;
    uint64_t now_ns;
    unsigned access_count, second_reads;
    bool are_interrupts_closed;
} pc;

// 2026-11-22 18:34:56, decimal digits, 24 hours.
static int healthy(void **)
{
    memset(&pc, 0, sizeof pc);
    pc.now_ns = 5 * MS;
    pc.registers[0x00] = 0x56;
    pc.registers[0x02] = 0x34;
    pc.registers[0x04] = 0x18;
    pc.registers[0x07] = 0x22;
    pc.registers[0x08] = 0x11;
    pc.registers[0x09] = 0x26;
    pc.registers[STATUS_A] = 0x26;
    pc.registers[STATUS_B] = RTC_STATUS_B_24_HOURS;
    pc.registers[CENTURY] = 0x20;
    return 0;
}

// ---- what the driver calls

uint64_t time_now_ns(void)
{
    return pc.has_no_clock ? 0 : pc.now_ns;
}

uint64_t cpu_interrupts_disable(void)
{
    uint64_t was_closed = pc.are_interrupts_closed;
    pc.are_interrupts_closed = true;
    return was_closed;
}

void cpu_interrupts_restore(uint64_t flags)
{
    pc.are_interrupts_closed = flags;
}

static void pass(void)
{
    pc.now_ns += NS_PER_ACCESS;
    pc.access_count++;
}

void port_write8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, PORT_INDEX);
    assert_int_equal(value & 0x80, 0); // NMIs stay open
    pc.index = value;
    pass();
}

static uint8_t read_status_a(void)
{
    uint8_t updating = pc.now_ns < pc.updating_until_ns ? UPDATING : 0;
    pc.now_ns += pc.away_ns;
    pc.away_ns = 0;
    return pc.registers[STATUS_A] | updating;
}

// The seconds of a chip whose update comes between two of its registers.
static uint8_t read_second(void)
{
    pc.second_reads++;
    if (pc.is_never_the_same)
        return (uint8_t)(pc.second_reads % 10);
    return pc.change_at_read != 0 && pc.second_reads >= pc.change_at_read ? 0x57 : pc.registers[0];
}

uint8_t port_read8(uint16_t port)
{
    assert_int_equal(port, PORT_DATA);
    assert_true(pc.are_interrupts_closed); // else somebody sets the index in between
    pass();
    if (pc.is_absent)
        return 0xff;
    if (pc.index == STATUS_A)
        return read_status_a();
    if (pc.now_ns < pc.updating_until_ns)
        return 0xc3; // as an update may leave them: no digit
    return pc.index == 0 ? read_second() : pc.registers[pc.index];
}

// ---- the cases

static const struct acpi_fadt with_century = {.rtc_century_index = CENTURY};

static enum status read_date(struct time_date *date)
{
    *date = (struct time_date){.year = 4711};
    enum status status = time_read_date(&with_century, date);
    assert_int_equal(date->year == 4711, status != STATUS_OK);
    assert_false(pc.are_interrupts_closed);
    return status;
}

static void assert_usual(const struct time_date *date, unsigned second)
{
    assert_int_equal(date->year, 2026);
    assert_int_equal(date->month, 11);
    assert_int_equal(date->day, 22);
    assert_int_equal(date->hour, 18);
    assert_int_equal(date->minute, 34);
    assert_int_equal(date->second, second);
}

static void date_is_read_in_less_than_a_millisecond(void **)
{
    uint64_t start_ns = pc.now_ns;
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_OK);
    assert_usual(&date, 56);
    assert_true(pc.now_ns - start_ns < MS);
    assert_int_equal(pc.index, 0x0d); // status D, where nothing can be done wrong
}

static void twelve_hour_clock_is_understood(void **)
{
    pc.registers[STATUS_B] = 0;
    pc.registers[0x04] = 0x86; // 6 PM
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_OK);
    assert_usual(&date, 56);
}

static void an_update_is_waited_for(void **)
{
    for (unsigned i = 0; i < 2; i++) {
        healthy(nullptr);
        pc.has_no_clock = i == 1;
        pc.updating_until_ns = pc.now_ns + UPDATE_NS;
        struct time_date date;
        assert_int_equal(read_date(&date), STATUS_OK);
        assert_usual(&date, 56);
    }
}

// The first reading is one that only finds out whether there is a chip.
static void seconds_that_change_between_two_readings_are_read_again(void **)
{
    for (unsigned change_at = 1; change_at <= 6; change_at++) {
        healthy(nullptr);
        pc.change_at_read = change_at;
        struct time_date date;
        assert_int_equal(read_date(&date), STATUS_OK);
        assert_usual(&date, change_at <= 3 ? 57 : 56);
        assert_int_equal(pc.second_reads, change_at == 3 ? 5 : 3);
    }
}

static void registers_that_are_never_the_same_twice_time_out(void **)
{
    pc.is_never_the_same = true;
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_TIMEOUT);
    assert_true(pc.access_count <= 200);
}

static void a_stuck_update_bit_costs_ten_milliseconds(void **)
{
    pc.registers[STATUS_A] |= UPDATING;
    uint64_t start_ns = pc.now_ns;
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_TIMEOUT);
    assert_in_range(pc.now_ns - start_ns, 10 * MS, 10 * MS + 200 * NS_PER_ACCESS);
}

static void without_a_clock_a_stuck_update_bit_costs_a_number_of_looks(void **)
{
    pc.registers[STATUS_A] |= UPDATING;
    pc.has_no_clock = true;
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_TIMEOUT);
    assert_in_range(pc.access_count, 2 * UPDATE_NS / NS_PER_ACCESS, 20'200);
}

// Firmware takes the CPU away for longer than the limit, right after a look that found an update.
static void a_machine_that_stops_meanwhile_gets_another_look(void **)
{
    pc.updating_until_ns = pc.now_ns + UPDATE_NS;
    pc.away_ns = 50 * MS;
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_OK);
    assert_usual(&date, 56);
}

static void an_empty_bus_is_no_clock(void **)
{
    pc.is_absent = true;
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_NOT_FOUND);
    assert_true(pc.access_count <= 200); // though its update bit is set
}

static void a_clock_that_acpi_denies_is_not_touched(void **)
{
    struct acpi_fadt fadt = {.has_no_rtc = true};
    struct time_date date = {};
    assert_int_equal(time_read_date(&fadt, &date), STATUS_NOT_FOUND);
    assert_int_equal(pc.access_count, 0);
}

static void what_is_no_date_is_invalid(void **)
{
    pc.registers[0x08] = 0x13;
    struct time_date date;
    assert_int_equal(read_date(&date), STATUS_INVALID);
}

// The registers of the time itself, or one beyond the 128 that there are: the digits of the year must do.
static void an_impossible_century_register_is_not_read(void **)
{
    static const uint8_t indexes[] = {0x00, 0x02, 0x0d, 0x80, 0xff};
    for (unsigned i = 0; i < sizeof indexes; i++) {
        healthy(nullptr);
        struct acpi_fadt fadt = {.rtc_century_index = indexes[i]};
        struct time_date date = {};
        pc.registers[0x02] = 0x21;
        pc.registers[0x0d] = 0x21; // would make it the 22nd century
        assert_int_equal(time_read_date(&fadt, &date), STATUS_OK);
        assert_int_equal(date.year, 2026);
    }
    struct time_date date = {};
    assert_int_equal(time_read_date(nullptr, &date), STATUS_OK);
    assert_int_equal(date.year, 2026);
    pc.registers[CENTURY] = 0x21;
    assert_int_equal(time_read_date(&with_century, &date), STATUS_OK);
    assert_int_equal(date.year, 2126);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(date_is_read_in_less_than_a_millisecond, healthy),
        cmocka_unit_test_setup(twelve_hour_clock_is_understood, healthy),
        cmocka_unit_test_setup(an_update_is_waited_for, healthy),
        cmocka_unit_test_setup(seconds_that_change_between_two_readings_are_read_again, healthy),
        cmocka_unit_test_setup(registers_that_are_never_the_same_twice_time_out, healthy),
        cmocka_unit_test_setup(a_stuck_update_bit_costs_ten_milliseconds, healthy),
        cmocka_unit_test_setup(without_a_clock_a_stuck_update_bit_costs_a_number_of_looks, healthy),
        cmocka_unit_test_setup(a_machine_that_stops_meanwhile_gets_another_look, healthy),
        cmocka_unit_test_setup(an_empty_bus_is_no_clock, healthy),
        cmocka_unit_test_setup(a_clock_that_acpi_denies_is_not_touched, healthy),
        cmocka_unit_test_setup(what_is_no_date_is_invalid, healthy),
        cmocka_unit_test_setup(an_impossible_century_register_is_not_read, healthy),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
