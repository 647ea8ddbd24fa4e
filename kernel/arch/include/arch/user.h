// SPDX-License-Identifier: MIT
// Ring 3: the way there and back, and what a program has of the CPU beside its general registers. Knows no program:
// that there are several, what they ask for and when they end is its callers' business (process). Exported names start
// with user_.
//
// Every entry from ring 3, by SYSCALL, INT 80h, an exception or an interrupt, leaves a struct trap_frame at the kernel
// stack's top and is on the kernel's GS base. SYSCALL and INT 80h go to one function, which finds the same frame for
// both: the number in RAX, arguments in RDI, RSI, RDX, R10, R8 and R9, and leaves its result in RAX. (SYSCALL fills in
// those registers, RBP and the CPU's part.) Before each return to ring 3 somebody may have to look: another program's
// stack is loaded, user_want_look() was called, or the program would go on at an address that is not of its half.
#pragma once
#include <arch/cpu_local.h>
#include <arch/trap_frame.h>

constexpr uint64_t USER_END = 1ull << 47; // of the lower half: no address of a program lies at or above it

// What is loaded for a program. Zero, but for FPU, makes a new one.
struct user_context {
    uint64_t kernel_rsp; // where entries from ring 3 begin; user_enter() fills it in
    uint64_t fs_base, gs_base;
    void *fpu; // arch/fpu.h
};

// Runs with interrupts open, on the stack of the program's kernel side.
typedef void user_call_fn(struct trap_frame *frame);

// Called before a return to FRAME, with interrupts closed. May open them, and switch to others; returns with them
// closed, the context of FRAME loaded and nobody wanting a look. Or it ends the program.
typedef void user_return_fn(struct trap_frame *frame);

// Let SYSCALL and INT 80h reach CALL, and returns to ring 3 RETURNING. Once, before anything runs in ring 3; the kernel
// may be sealed afterwards.
void user_init(user_call_fn *call, user_return_fn *returning);

// Go to ring 3 as FRAME says, on the stack of the caller, which is CONTEXT's from here on: what ring 3 interrupts, and
// the system calls it makes, begin below. Returns when user_leave() is called. Before the first instruction of ring 3,
// RETURNING is called. Interrupts are open.
void user_enter(struct user_context *context, const struct trap_frame *frame);

// From anything that began in ring 3 with CONTEXT: end that, and return from its user_enter().
[[noreturn]] void user_leave(const struct user_context *context);

// Whether ADDRESS is that of the first instruction behind a SYSCALL. Any context.
bool user_is_call_entry(uint64_t address);

// Load segments, their bases and the kernel stack of CONTEXT. Not its FPU and no page table. Interrupts are closed.
void user_load(const struct user_context *context);

// From here on interrupts from ring 3 begin where they did before there was a program. Interrupts are closed.
void user_unload(void);

// Before the next return to ring 3, RETURNING is called. Any context.
static inline void user_want_look(void)
{
    cpu_local()->is_look_wanted = 1;
}

// The context that FRAME has been entered from ring 3 with.
static inline struct user_context *user_context_of(const struct trap_frame *frame)
{
    return *(struct user_context *const *)(frame + 1);
}

static inline void user_look_done(void)
{
    cpu_local()->is_look_wanted = 0;
}
