// SPDX-License-Identifier: MIT
// Exceptions: what the CPU says when code did something impossible, and NMIs. Owns what happens when one arrives; what
// a report looks like is its reporter's business (debug). Exported names start with exception_.
//
// An exception goes, in this order: one of ring 3 to whoever runs programs, if there is one and it takes it; to a
// landing place, when the instruction is one that may fault (arch/probe.h); to the handler of its vector, if there is
// one and it takes it; a breakpoint is logged and returns; anything else is reported and ends the kernel.
#pragma once
#include <arch/trap_frame.h>

// Return whether the exception is dealt with; FRAME is then resumed as the handler left it. Runs with interrupts
// closed, on the interrupted stack, those of #DF, NMI, #MC and #DB on stacks of their own; must not allocate; an NMI,
// #MC or #DB handler must not fault either, probe_copy() included.
typedef bool exception_handler_fn(struct trap_frame *frame);

// The same for an exception of ring 3, but NMI, #DF and #MC, before the handler of its vector is asked. CR2 is as it
// was when the exception arrived. Nothing of the kernel is interrupted, so this is no handler in that sense: it may
// open interrupts, allocate, wait, and never return.
typedef bool exception_program_fn(struct trap_frame *frame, uint64_t cr2);

// Report FRAME and never return. CR2 is as it was when the exception arrived. Any context.
typedef void exception_report_fn(const struct trap_frame *frame, uint64_t cr2);

// Load the kernel's GDT, TSS and IDT. From here on every vector has an answer, by REPORT when there is no other. Needs
// nothing but a stack; interrupts must be closed.
void exception_init(exception_report_fn *report);

// From here on ask HANDLER first when the exception VECTOR (0..31) arrives; nullptr: nobody.
void exception_set_handler(uint8_t vector, exception_handler_fn *handler);

// From here on ask HANDLER about exceptions of ring 3. Once.
void exception_set_program_handler(exception_program_fn *handler);
