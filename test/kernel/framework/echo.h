// SPDX-License-Identifier: MIT
// What is typed is echoed: what a key means, and what a screen makes of it, without a shell in between. For the
// framework alone; the tests under test/boot that type are its readers.
#pragma once

// Echo the keyboard and the serial line. In place of the test run; nothing else runs.
[[noreturn]] void echo_for_ever(void);
