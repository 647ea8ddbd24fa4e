// SPDX-License-Identifier: MIT
// The shell: a prompt at which a person, or a script, runs commands (lib/command.h). Exported names start with shell_.
#pragma once
#include <lib/status.h>

// Start the task that shows the prompt and reads from the tty. After tty_init(), and again when the task has ended.
// STATUS_NO_MEMORY: there is none.
[[nodiscard]] enum status shell_start(void);

// The task ends after the line that runs. For a command.
void shell_end(void);
