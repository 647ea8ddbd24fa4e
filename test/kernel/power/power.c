// SPDX-License-Identifier: MIT
// Ends of the machine's run. What passes here is not seen here: test/kernel/run.py wants QEMU to say that the guest
// powered off, or reset itself (ENDINGS), and a test that goes on has failed.
#include <framework/test.h>
#include <lib/panic.h>
#include <log/emergency.h>
#include <power/parts.h>
#include <power/power.h>
#include <power/register.h>

constexpr unsigned PATIENCE_MS = 2000;

TEST(power, off_switches_the_machine_off)
{
    NEEDS_DRIVER();
    enum status status = power_off();
    FAIL("the machine is still on: status %d", status);
}

static bool switch_off(const struct log_death *)
{
    (void)power_off();
    return false;
}

TEST(power, off_works_in_the_report_of_a_panic)
{
    NEEDS_DRIVER();
    log_set_epilogue(switch_off);
    panic("the machine is to go off now");
}

TEST(power, off_without_a_way_returns)
{
    NEEDS_DRIVER();
    CHECK_EQUAL(power_off(), STATUS_UNSUPPORTED);
}

TEST(power, reset_begins_again)
{
    NEEDS_DRIVER();
    power_reset();
}

// Alone, with none of the others behind it.
static void pull(enum reset_by by)
{
    NEEDS_DRIVER();
    CHECK(reset_ways[by].pull());
    power_wait_ms(PATIENCE_MS);
    FAIL("the machine lives on after reset by %s", reset_ways[by].name);
}

TEST(power, reset_by_acpis_register)
{
    pull(RESET_BY_ACPI);
}

TEST(power, reset_by_the_keyboard_controller)
{
    pull(RESET_BY_KEYBOARD_CONTROLLER);
}

TEST(power, reset_by_the_chipset)
{
    pull(RESET_BY_CHIPSET);
}

TEST(power, reset_by_a_triple_fault)
{
    pull(RESET_BY_TRIPLE_FAULT);
}

// A way that the machine has not is passed over at once.
TEST(power, reset_knows_what_the_machine_has_not)
{
    NEEDS_DRIVER();
    CHECK(!reset_ways[RESET_BY_ACPI].pull());
    CHECK(!reset_ways[RESET_BY_KEYBOARD_CONTROLLER].pull());
}
