// SPDX-License-Identifier: MIT
// kernel/power against a board that the test plays: what is written where, in which order, and what is said when the
// board does not care. Ports and memory are traced as text, one letter for each kind of access.
#include <arch/cpu.h>
#include <arch/idt.h>
#include <arch/port.h>
#include <log/emergency.h>
#include <log/log.h>
#include <memory/device.h>
#include <power/parts.h>
#include <power/power.h>
#include <serial/serial.h>
#include <stdio.h>
#include <support/acpi_tables.h>
#include <support/unit.h>

constexpr uint32_t FADT = 0x3fe'3001, DSDT = 0x3fe'4003, SSDT = 0x3fe'5005;
constexpr size_t FADT_BYTES = 276;
constexpr uint16_t PM1A = 0x604, PM1B = 0x704, SMI = 0xb2, KEYBOARD = 0x64, DELAY = 0x80;
constexpr uint64_t REGISTERS = 0xfea0'0200;

static struct {
    uint16_t pm1a, pm1b;
    uint8_t keyboard;       // its status; 0xff: no controller
    unsigned keyboard_busy; // looks, until it listens
    bool enters_acpi_mode;  // when it is told to
    bool has_no_memory;     // to map a register
    unsigned mapped_count;  // of registers
    unsigned long looks;    // at the port that takes a microsecond
    bool are_interrupts_closed;
    bool is_over; // the CPU was halted, or shut down
} board;

static uint8_t memory[16]; // from REGISTERS on
static struct acpi acpi;
static uint8_t fadt[FADT_BYTES]; // with its header, so that offsets are those of the specification
static char trace[1024], said[2048];
static jmp_buf end;

[[gnu::format(printf, 1, 2)]] static void note(const char *format, ...)
{
    size_t length = strlen(trace);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trace + length, sizeof trace - length, format, arguments);
    va_end(arguments);
}

// ---- the board

uint8_t port_read8(uint16_t port)
{
    if (port == DELAY) {
        board.looks++;
        return 0xff;
    }
    if (port != KEYBOARD)
        fail_msg("port %xh was read", port);
    board.looks++;
    if (board.keyboard_busy > 0) {
        board.keyboard_busy--;
        return board.keyboard | 2;
    }
    return board.keyboard;
}

void port_write8(uint16_t port, uint8_t value)
{
    note("%x=%02x ", port, value);
    if (port == SMI && value == 0xf1 && board.enters_acpi_mode)
        board.pm1a |= 1;
}

uint16_t port_read16(uint16_t port)
{
    assert_true(port == PM1A || port == PM1B);
    return port == PM1A ? board.pm1a : board.pm1b;
}

void port_write16(uint16_t port, uint16_t value)
{
    note("%x=%04x ", port, value);
}

void port_write32(uint16_t port, uint32_t value)
{
    note("%x=%08x ", port, value);
}

volatile void *device_map(phys_addr_t address, size_t size_bytes, enum page_cache cache)
{
    assert_int_equal(cache, PAGE_UNCACHED);
    assert_in_range(address.value, REGISTERS, REGISTERS + sizeof memory - size_bytes);
    board.mapped_count++;
    return board.has_no_memory ? nullptr : memory + (address.value - REGISTERS);
}

uint64_t cpu_interrupts_disable(void)
{
    board.are_interrupts_closed = true;
    return 0;
}

void cpu_halt_forever(void)
{
    note("halt");
    board.is_over = true;
    longjmp(end, 1);
}

void idt_triple_fault(void)
{
    note("triple fault");
    board.is_over = true;
    longjmp(end, 1);
}

void serial_drain(void)
{
    note("drain ");
}

[[gnu::format(printf, 1, 0)]] static void say(const char *format, va_list arguments)
{
    size_t length = strlen(said);
    vsnprintf(said + length, sizeof said - length, format, arguments);
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    assert_string_equal(module, "power");
    if (level == LOG_LEVEL_DEBUG)
        return;
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void log_emergency(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

// ---- its tables

static void put_register(size_t offset, uint8_t space, uint64_t address)
{
    fadt[offset] = space;
    tables_write(fadt + offset + 4, address, 8);
}

// Tables of a PC: \_S5 is 7 and 5, both PM1 control registers are there, and the firmware has the machine.
static int a_pc(void **)
{
    memset(&board, 0, sizeof board);
    memset(memory, 0, sizeof memory);
    memset(fadt, 0, sizeof fadt);
    tables_write(fadt + 40, DSDT, 4);
    tables_write(fadt + 48, SMI, 4);
    fadt[52] = 0xf1;
    tables_write(fadt + 64, PM1A, 4);
    tables_write(fadt + 68, PM1B, 4);
    fadt[89] = 2;
    board.enters_acpi_mode = true;
    board.pm1a = 0xc2fe; // none of the bits of sleep, nor ACPI mode
    board.pm1b = 0x1c02; // an old type
    trace[0] = said[0] = '\0';
    return 0;
}

static void reduced(void)
{
    tables_write(fadt + 112, 1 << 20, 4);
    put_register(244, ACPI_SPACE_MEMORY, REGISTERS);
}

static void has_reset(uint8_t space, uint64_t address)
{
    tables_write(fadt + 112, 1 << 10, 4);
    put_register(116, space, address);
    fadt[128] = 0x42;
}

static void put_s5(uint64_t address, const char *signature, const uint8_t types[2])
{
    const uint8_t body[] = {0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x02, 0x0a, types[0], 0x0a, types[1]};
    tables_put(address, signature, 1, body, sizeof body);
}

// OTHER_TYPES: what an SSDT says; nullptr: there is none.
static void init_with(const char *fadt_signature, const uint8_t types[2], const uint8_t other_types[2])
{
    physical_memory_clear();
    tables_put_rsdp(0, TABLES_RSDT, 0);
    tables_put_rsdt((uint32_t[]){FADT, SSDT}, other_types != nullptr ? 2 : 1);
    tables_put(FADT, fadt_signature, 6, fadt + TABLES_HEADER_BYTES, FADT_BYTES - TABLES_HEADER_BYTES);
    put_s5(DSDT, "DSDT", types);
    if (other_types != nullptr)
        put_s5(SSDT, "SSDT", other_types);
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){TABLES_RSDP}, physical_memory_map), STATUS_OK);
    power_init(&acpi);
}

static void init(void)
{
    init_with("FACP", (uint8_t[]){7, 5}, nullptr);
}

static void off(void)
{
    if (setjmp(end) == 0)
        fail_msg("power_off() returned %d", power_off());
    assert_true(board.is_over);
    assert_true(board.are_interrupts_closed);
}

static void assert_no_way(const char *words)
{
    assert_int_equal(power_off(), STATUS_UNSUPPORTED);
    assert_string_equal(trace, "");
    assert_false(board.are_interrupts_closed);
    assert_non_null(strstr(said, "cannot be switched off by software: "));
    if (strstr(said, words) == nullptr)
        fail_msg("<%s> does not contain <%s>", said, words);
}

static void reset(void)
{
    if (setjmp(end) == 0)
        power_reset();
    assert_true(board.is_over);
    assert_true(board.are_interrupts_closed);
}

// ---- off

// Has to be the first one.
static void before_the_tables_are_read_there_is_no_way(void **)
{
    assert_no_way("the firmware's tables have not been read yet");
}

static void off_enters_acpi_mode_then_writes_the_type_then_sleeps(void **)
{
    init();
    off();
    // All other bits are kept, the old type goes.
    assert_string_equal(trace, "drain b2=f1 604=deff 704=1402 604=feff 704=3402 halt");
}

static void off_in_acpi_mode_asks_nobody(void **)
{
    board.pm1a |= 1;
    init();
    off();
    assert_string_equal(trace, "drain 604=deff 704=1402 604=feff 704=3402 halt");
}

static void off_without_a_second_register_leaves_it_alone(void **)
{
    tables_write(fadt + 68, 0, 4);
    init();
    off();
    assert_string_equal(trace, "drain b2=f1 604=deff 604=feff halt");
}

static void a_machine_that_stays_on_is_told_of(void **)
{
    init();
    off();
    assert_string_equal(said, "The machine is still on: S5 was asked for in its PM1 control register, and nothing "
                              "happened. It is now safe to turn off the power.\n");
    assert_in_range(board.looks, 1'000'000, 10'000'000);
}

static void a_machine_that_does_not_enter_acpi_mode_is_tried_all_the_same(void **)
{
    board.enters_acpi_mode = false;
    init();
    off();
    assert_string_equal(trace, "drain b2=f1 604=defe 704=1402 604=fefe 704=3402 halt");
    assert_non_null(strstr(said, "it did not enter ACPI mode, and S5 was asked for"));
    assert_in_range(board.looks, 2'000'000, 20'000'000);
}

static void where_no_command_enters_acpi_mode_none_is_sent(void **)
{
    tables_write(fadt + 48, 0, 4);
    init();
    off();
    assert_string_equal(trace, "drain 604=defe 704=1402 604=fefe 704=3402 halt");
    a_pc(nullptr);
    fadt[52] = 0;
    init();
    off();
    assert_string_equal(trace, "drain 604=defe 704=1402 604=fefe 704=3402 halt");
}

static void reduced_hardware_has_one_register_in_memory(void **)
{
    reduced();
    init();
    off();
    assert_string_equal(trace, "drain halt");
    assert_int_equal(memory[0], 7 << 2 | 1 << 5);
    assert_int_equal(memory[1], 0);
    assert_int_equal(board.mapped_count, 1);
    assert_non_null(strstr(said, "in its sleep control register"));
}

static void pm1_control_may_be_in_memory(void **)
{
    put_register(172, ACPI_SPACE_MEMORY, REGISTERS + 4);
    tables_write(fadt + 68, 0, 4);
    memory[4] = 0x03;
    init();
    off();
    assert_string_equal(trace, "drain halt");
    assert_int_equal(memory[4], 0x03);
    assert_int_equal(memory[5], 7 << 2 | 1 << 5);
    assert_int_equal(memory[6], 0);
}

static void what_is_missing_is_named(void **)
{
    assert_int_equal(acpi_init(&acpi, (phys_addr_t){0}, physical_memory_map), STATUS_NOT_FOUND);
    power_init(&acpi);
    assert_no_way("the firmware has no ACPI tables");
    a_pc(nullptr);
    init_with("FACQ", (uint8_t[]){7, 5}, nullptr);
    assert_no_way("no FADT");
    a_pc(nullptr);
    init_with("FACP", (uint8_t[]){8, 5}, nullptr);
    assert_no_way("no \\_S5 that can be read");
    a_pc(nullptr);
    init_with("FACP", (uint8_t[]){7, 5}, (uint8_t[]){7, 4});
    assert_no_way("several times, and not in the same way");
    a_pc(nullptr);
    tables_write(fadt + 64, 0, 4);
    init();
    assert_no_way("no PM1a control register");
    a_pc(nullptr);
    reduced();
    put_register(244, 0x7f, REGISTERS);
    init();
    assert_no_way("no sleep control register");
}

static void a_register_that_cannot_be_mapped_is_no_way(void **)
{
    reduced();
    board.has_no_memory = true;
    init();
    assert_no_way("no sleep control register that can be reached");
    a_pc(nullptr);
    board.has_no_memory = true;
    put_register(184, ACPI_SPACE_MEMORY, REGISTERS);
    init();
    assert_no_way("PM1b control register cannot be reached");
}

// ---- reset

static void each_way_is_tried_and_given_time(void **)
{
    has_reset(ACPI_SPACE_IO, 0xcf9);
    init();
    reset();
    assert_string_equal(trace, "drain cf9=42 drain 64=fe drain cf9=02 cf9=06 drain triple fault");
    assert_in_range(board.looks, 300'000, 3'000'000);
}

static void what_the_machine_has_not_is_passed_over(void **)
{
    board.keyboard = 0xff;
    init();
    reset();
    assert_string_equal(trace, "drain drain drain cf9=02 cf9=06 drain triple fault");
    assert_in_range(board.looks, 100'000, 300'000); // one way's time, not three
}

static void the_keyboard_controller_is_waited_for(void **)
{
    board.keyboard_busy = 100;
    init();
    assert_true(reset_ways[RESET_BY_KEYBOARD_CONTROLLER].pull());
    assert_string_equal(trace, "64=fe ");
    assert_int_equal(board.keyboard_busy, 0);
}

static void a_keyboard_controller_that_never_listens_is_told_all_the_same(void **)
{
    board.keyboard_busy = UINT32_MAX;
    init();
    assert_true(reset_ways[RESET_BY_KEYBOARD_CONTROLLER].pull());
    assert_string_equal(trace, "64=fe ");
    assert_in_range(board.looks, 50'000, 200'000);
}

static void the_reset_register_may_be_in_memory_or_in_pci_space(void **)
{
    has_reset(ACPI_SPACE_MEMORY, REGISTERS + 2);
    init();
    assert_true(reset_ways[RESET_BY_ACPI].pull());
    assert_int_equal(memory[2], 0x42);
    assert_int_equal(memory[3], 0);
    assert_string_equal(trace, "");
    a_pc(nullptr);
    has_reset(ACPI_SPACE_PCI, 0x1f'0003'00a7);
    init();
    assert_true(reset_ways[RESET_BY_ACPI].pull());
    assert_string_equal(trace, "cf8=8000fba4 cff=42 ");
}

static void a_reset_register_out_of_reach_is_said_and_passed_over(void **)
{
    has_reset(ACPI_SPACE_MEMORY, REGISTERS + 2);
    board.has_no_memory = true;
    init();
    assert_non_null(strstr(said, "reset register cannot be reached"));
    assert_false(reset_ways[RESET_BY_ACPI].pull());
    assert_int_equal(memory[2], 0);
}

static void without_a_reset_register_nothing_is_said(void **)
{
    init();
    assert_string_equal(said, "");
    assert_false(reset_ways[RESET_BY_ACPI].pull());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(before_the_tables_are_read_there_is_no_way, a_pc),
        cmocka_unit_test_setup(off_enters_acpi_mode_then_writes_the_type_then_sleeps, a_pc),
        cmocka_unit_test_setup(off_in_acpi_mode_asks_nobody, a_pc),
        cmocka_unit_test_setup(off_without_a_second_register_leaves_it_alone, a_pc),
        cmocka_unit_test_setup(a_machine_that_stays_on_is_told_of, a_pc),
        cmocka_unit_test_setup(a_machine_that_does_not_enter_acpi_mode_is_tried_all_the_same, a_pc),
        cmocka_unit_test_setup(where_no_command_enters_acpi_mode_none_is_sent, a_pc),
        cmocka_unit_test_setup(reduced_hardware_has_one_register_in_memory, a_pc),
        cmocka_unit_test_setup(pm1_control_may_be_in_memory, a_pc),
        cmocka_unit_test_setup(what_is_missing_is_named, a_pc),
        cmocka_unit_test_setup(a_register_that_cannot_be_mapped_is_no_way, a_pc),
        cmocka_unit_test_setup(each_way_is_tried_and_given_time, a_pc),
        cmocka_unit_test_setup(what_the_machine_has_not_is_passed_over, a_pc),
        cmocka_unit_test_setup(the_keyboard_controller_is_waited_for, a_pc),
        cmocka_unit_test_setup(a_keyboard_controller_that_never_listens_is_told_all_the_same, a_pc),
        cmocka_unit_test_setup(the_reset_register_may_be_in_memory_or_in_pci_space, a_pc),
        cmocka_unit_test_setup(a_reset_register_out_of_reach_is_said_and_passed_over, a_pc),
        cmocka_unit_test_setup(without_a_reset_register_nothing_is_said, a_pc),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
