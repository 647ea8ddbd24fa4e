// SPDX-License-Identifier: MIT
// The last line of the test protocol, past the log, whose level may hide it. Called by main, by the command exit and by
// the test run; must not know what was tested.
#include "verdict.h"
#include <arch/emulator_exit.h>
#include <lib/format.h>
#include <serial/serial.h>

void verdict_end(bool passed, unsigned test_count)
{
    char line[48];
    size_t length = format_string(line, sizeof line, "# hewn: end %s %u tests\n", passed ? "pass" : "fail", test_count);
    serial_write(line, length);
    serial_drain();
    emulator_exit(passed);
}
