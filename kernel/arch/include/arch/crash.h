// SPDX-License-Identifier: MIT
// Mistakes on purpose: each function makes the CPU raise one exception, by the real cause wherever there is one. For
// the command crash alone. Ring 0, with the kernel's tables loaded. Those that the CPU may let pass return; what the
// others leave behind is nobody's business any more. Exported names start with crash_.
#pragma once
#include <lib/address.h>

typedef void crash_function(void);

[[noreturn]] crash_function crash_divide;          // DIV by zero
[[noreturn]] crash_function crash_single_step;     // RFLAGS.TF
crash_function crash_breakpoint;                   // INT3
[[noreturn]] crash_function crash_nmi;             // INT 2
[[noreturn]] crash_function crash_overflow;        // INT 4
[[noreturn]] crash_function crash_bound;           // INT 5
[[noreturn]] crash_function crash_machine_check;   // INT 18
[[noreturn]] crash_function crash_invalid_opcode;  // UD2
[[noreturn]] crash_function crash_not_available;   // x87 while CR0.TS is set
[[noreturn]] crash_function crash_double_fault;    // a page fault without a stack to push it on
[[noreturn]] crash_function crash_task_state;      // a gate's stack that lies beyond the limit of the task state
[[noreturn]] crash_function crash_not_present;     // DS from a descriptor that is not present
[[noreturn]] crash_function crash_stack_segment;   // SS likewise
[[noreturn]] crash_function crash_x87;             // division by zero, unmasked
crash_function crash_simd;                         // likewise by SSE; an emulator may not raise it
[[noreturn]] crash_function crash_triple_fault;    // an exception without any table of gates
[[noreturn]] void crash_jump(virt_addr_t address); // where nothing can be executed
