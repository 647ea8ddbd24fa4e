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

constexpr uint64_t UPDATE_LIMIT_NS = 10'000'000;
constexpr uint32_t UPDATE_READ_LIMIT = 1'000'000; // where no clock runs: some two seconds
constexpr unsigned READ_ATTEMPTS = 5;             // an update in between is seen once a second

static uint8_t read_register(uint8_t index)
{
    uint64_t flags = cpu_interrupts_disable();
    port_write8(PORT_INDEX, index);
    uint8_t value = port_read8(PORT_DATA);
    cpu_interrupts_restore(flags);
    return value;
}

static bool wait_until_still(void)
{
    uint64_t start_ns = time_now_ns();
    for (uint32_t i = 0; i < UPDATE_READ_LIMIT && time_now_ns() - start_ns <= UPDATE_LIMIT_NS; i++) {
        if (!(read_register(STATUS_A) & STATUS_A_UPDATING))
            return true;
    }
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

enum status time_read_date(const struct acpi_fadt *fadt, struct time_date *date)
{
    if (fadt != nullptr && fadt->has_no_rtc)
        return STATUS_NOT_FOUND;
    uint8_t century_index = fadt != nullptr ? fadt->rtc_century_index : 0;
    if (century_index < FIRST_FREE || century_index >= INDEX_LIMIT)
        century_index = 0;
    struct time_date found;
    struct rtc_registers registers = read_all(century_index);
    if (rtc_date_decode(&registers, &found) == STATUS_NOT_FOUND)
        return STATUS_NOT_FOUND; // an empty bus would look busy, too
    for (unsigned i = 0; i < READ_ATTEMPTS; i++) {
        bool is_still = wait_until_still();
        struct rtc_registers first = read_all(century_index);
        struct rtc_registers second = read_all(century_index);
        port_write8(PORT_INDEX, STATUS_D); // where stray accesses of the data port hurt least
        if (!is_still || memcmp(&first, &second, sizeof first) != 0)
            continue;
        enum status status = rtc_date_decode(&second, &found);
        if (status == STATUS_OK)
            *date = found;
        return status;
    }
    return STATUS_TIMEOUT;
}
