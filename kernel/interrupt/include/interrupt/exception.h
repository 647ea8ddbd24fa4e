// SPDX-License-Identifier: MIT
// Exceptions: what the CPU says when the kernel did something impossible. Owns the meaning of the 256 vectors. main
// calls it before anything else, because from then on no mistake is silent.
#pragma once

// Load the kernel's GDT and IDT. From here on every vector prints a report through the emergency path and stops with
// "failed". Needs nothing but a stack; interrupts must be closed.
//
// The report is one fact a line, "name: value", numbers in hexadecimal, in this order:
//   PANIC: exception 14: page fault (#PF)
//   vector, name, error_code ("none" for vectors that have none), rip, cs, rflags, rsp, ss, cr0, cr2, cr3, cr4,
// then the general registers, three facts a line. Tests parse it; lines may be added, not changed.
void exception_init(void);
