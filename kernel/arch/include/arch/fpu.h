// SPDX-License-Identifier: MIT
// x87, SSE, AVX: the registers that the kernel itself never uses, and programs do. Where they lie in memory while
// another program has them is the caller's memory; what lies where in it is the CPU's business. Exported names start
// with fpu_.
#pragma once
#include <stddef.h>

constexpr size_t FPU_STATE_ALIGNMENT = 64; // XSAVE's

// Let programs use them: all that this CPU has and can save. Once, before the functions below.
void fpu_init(void);

// Bytes of a saved state.
size_t fpu_state_bytes(void);

// Fill STATE with what a new program finds: every register 0, all exceptions masked (AMD64 ABI, 3.4.1).
void fpu_state_init(void *state);

// Save the registers in FROM, unless it is nullptr and nobody wants them any more, and load TO. Interrupts are closed,
// so that the registers belong to whom the caller thinks.
void fpu_switch(void *from, const void *to);
