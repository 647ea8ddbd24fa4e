// SPDX-License-Identifier: MIT
// The shell: a prompt at which a person, or a script, runs commands (lib/command.h). Exported names start with shell_.
#pragma once
#include <lib/status.h>

// Start the task that shows the prompt and reads from the tty. Once, after tty_init(). STATUS_NO_MEMORY: there is none.
[[nodiscard]] enum status shell_start(void);
