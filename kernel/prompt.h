// SPDX-License-Identifier: MIT
// The tasks by which a person talks to the kernel. For the product's last step and for the test kernel's.
#pragma once

// Start the tty and the shell, say so in the log, and run tasks until there are none: until a command has ended the
// shell. Panics when there is no memory for them. Outside of tasks; any number of times.
void prompt_run(void);
