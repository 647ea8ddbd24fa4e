// SPDX-License-Identifier: MIT
// What the product does once everything is up: it talks to a person. Called by main, last.
#include "kernel_ready.h"
#include "prompt.h"
#include <lib/panic.h>

void kernel_ready(const char *)
{
    prompt_run();
    panic("no task is left");
}
