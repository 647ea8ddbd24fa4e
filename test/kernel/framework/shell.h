// SPDX-License-Identifier: MIT
// The test kernel with a prompt, at which the command "test" runs its tests. For the framework alone.
#pragma once

[[noreturn]] void shell_for_ever(void);
