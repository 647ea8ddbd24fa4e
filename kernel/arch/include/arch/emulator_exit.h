// SPDX-License-Identifier: MIT
// Ends an emulator with a verdict; on a real machine, stops the CPU. Called by the end of a test run and by panics.
// Any context. Output must have been drained before: QEMU exits within the port write.
#pragma once

// QEMU's isa-debug-exit at port 0xf4 ends QEMU with (value << 1) | 1: 33 when PASSED, otherwise 35. Bochs is closed
// through its shutdown port without a verdict.
[[noreturn]] void emulator_exit(bool passed);
