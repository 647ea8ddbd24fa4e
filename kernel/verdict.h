// SPDX-License-Identifier: MIT
// The end that the test protocol wants (docs/testing.md): the verdict as the last line on the serial port, then as the
// emulator's exit code. For the kernel's top and the test kernel.
#pragma once

// Say that TEST_COUNT tests ran, all of them well where PASSED, and end the emulator. A real machine stands still.
[[noreturn]] void verdict_end(bool passed, unsigned test_count);
