// SPDX-License-Identifier: MIT
// A page of every feature on the console's screen, for whoever looks at it from outside: what has to be seen is in
// test/support/console_page.py, which makes the page.
#include <arch/cpu.h>
#include <arch/tsc.h>
#include <console/console.h>
#include <framework/test.h>
#include <serial/serial.h>

constexpr uint64_t PATIENCE_TICKS = 60'000'000'000; // of the TSC: half a minute or less

static const char page[] = {
#embed "console_page.bin"
};

// The driver answers when it has seen enough.
static void wait_for_driver(void)
{
    test_note("ready");
    uint64_t start = tsc_read();
    uint8_t byte;
    while (!serial_read(&byte))
        CHECK(tsc_read() - start < PATIENCE_TICKS);
}

TEST(console, page_of_every_feature)
{
    NEEDS_DRIVER();
    console_show(page, sizeof page);
    wait_for_driver();
    for (size_t i = 0; i < sizeof page; i++) // each sequence in pieces, and each change by itself
        console_show(page + i, 1);
    wait_for_driver();
    static const char cursor_on[] = "\033[?25h";
    console_show(cursor_on, sizeof cursor_on - 1);
    wait_for_driver();
}
