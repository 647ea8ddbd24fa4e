// SPDX-License-Identifier: MIT
// What exception.c and irq.c are to each other.
#pragma once
#include <arch/trap_frame.h>

// A trap_handler_fn (arch/idt.h): serves the interrupt of vector 32..255 in FRAME.
void irq_enter(struct trap_frame *frame);

// End the kernel with a report of FRAME, an interrupt that nobody can have raised.
void exception_report(const struct trap_frame *frame);
