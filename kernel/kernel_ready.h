// SPDX-License-Identifier: MIT
// What a kernel does once everything is up: the seam between main and what runs on top of it. main calls it last; the
// product links ready.c, the test kernel test/kernel/framework/ready.c.
#pragma once

// COMMAND_LINE stays valid for the life of the kernel.
[[noreturn]] void kernel_ready(const char *command_line);
