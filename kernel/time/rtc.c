// SPDX-License-Identifier: MIT
// The RTC driver: reads its registers when they stand still. Called through time.h; what they mean is clock_math's
// business. Source: Motorola MC146818A data sheet; the ports, and that bit 7 of the first one masks NMI: Intel ICH data
// sheets, "Real Time Clock Registers".
#include <arch/cpu.h>
#include <arch/port.h>
#include <lib/string.h>
#include <time/time.h>

constexpr uint16_t PORT_INDEX = 0x70; // bit 7 clear: NMI open
constexpr uint16_t PORT_DATA = 0x71;

constexpr uint8_t SECOND = 0x00;
constexpr uint8_t MINUTE = 0x02;
constexpr uint8_t HOUR = 0x04;
constexpr uint8_t DAY = 0x07;
constexpr uint8_t MONTH = 0x08;
constexpr uint8_t YEAR = 0x09;
constexpr uint8_t STATUS_A = 0x0a;
constexpr uint8_t STATUS_B = 0x0b;
constexpr uint8_t STATUS_D = 0x0d; // reading and writing it does nothing
constexpr uint8_t FIRST_FREE = 0x0e;
constexpr uint8_t INDEX_LIMIT = 0x80;
constexpr uint8_t STATUS_A_UPDATING = 1 << 7; // or about to, within 244 us; for 2.2 ms at most

constexpr uint64_t WAIT_LIMIT_NS = 10'000'000;
constexpr uint32_t LOOK_LIMIT = 10'000; // where no clock runs: 20 ms, when an access to a port takes 1 us
constexpr unsigned READ_ATTEMPTS = 5;   // an update in between is seen once a second

// Of one reading of the date, all its waits together.
struct patience {
    uint64_t start_ns;
    uint32_t looks;
};

static uint8_t read_register(uint8_t index)
{
    uint64_t flags = cpu_interrupts_disable();
    port_write8(PORT_INDEX, index);
    uint8_t value = port_read8(PORT_DATA);
    cpu_interrupts_restore(flags);
    return value;
}

// The limit is looked at before the register, which so has the last word when the CPU was away in between.
static bool wait_until_still(struct patience *patience)
{
    bool is_over;
    do {
        is_over = patience->looks++ >= LOOK_LIMIT || time_now_ns() - patience->start_ns > WAIT_LIMIT_NS;
        if (!(read_register(STATUS_A) & STATUS_A_UPDATING))
            return true;
    } while (!is_over);
    return false;
}

static struct rtc_registers read_all(uint8_t century_index)
{
    return (struct rtc_registers){
        .second = read_register(SECOND),
        .minute = read_register(MINUTE),
        .hour = read_register(HOUR),
        .day = read_register(DAY),
        .month = read_register(MONTH),
        .year = read_register(YEAR),
        .century = century_index != 0 ? read_register(century_index) : 0,
        .status_b = read_register(STATUS_B),
    };
}

// Until two readings agree.
static enum status read_still(uint8_t century_index, struct rtc_registers *registers)
{
    struct patience patience = {.start_ns = time_now_ns()};
    for (unsigned i = 0; i < READ_ATTEMPTS && wait_until_still(&patience); i++) {
        struct rtc_registers first = read_all(century_index);
        *registers = read_all(century_index);
        if (memcmp(&first, registers, sizeof first) == 0)
            return STATUS_OK;
    }
    return STATUS_TIMEOUT;
}

enum status time_read_date(const struct acpi_fadt *fadt, struct time_date *date)
{
    if (fadt != nullptr && fadt->has_no_rtc)
        return STATUS_NOT_FOUND;
    uint8_t century_index = fadt != nullptr ? fadt->rtc_century_index : 0;
    if (century_index < FIRST_FREE || century_index >= INDEX_LIMIT)
        century_index = 0;
    struct time_date found;
    struct rtc_registers registers = read_all(century_index);
    enum status status = rtc_date_decode(&registers, &found);
    if (status != STATUS_NOT_FOUND) { // an empty bus would look busy, too
        status = read_still(century_index, &registers);
        if (status == STATUS_OK)
            status = rtc_date_decode(&registers, &found);
    }
    port_write8(PORT_INDEX, STATUS_D); // where stray accesses of the data port hurt least
    if (status == STATUS_OK)
        *date = found;
    return status;
}
