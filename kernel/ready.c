// SPDX-License-Identifier: MIT
// What the product does once everything is up. Called by main, last.
#include "kernel_ready.h"
#include <arch/cpu.h>
#include <log/log.h>

void kernel_ready(const char *)
{
    log_info("main", "Hewn is up; there is nothing more to do yet");
    for (;;)
        cpu_wait_for_interrupt();
}
