// SPDX-License-Identifier: MIT
// Mode worst, between its files: the calls that are looked at (worst.c), and which of them are worth it (sample.c, by
// the clock; paths.c, by the way through the code).
#pragma once
#include "step.h"
#include "worker.h"

// Once through the trace in a fresh region. TAKE makes the call of operation INDEX, an allocation or a free, and
// returns what it returns; reallocations are made without it.
typedef uintptr_t worst_take_fn(void *context, uint32_t index, const struct step_call *call);
void worst_pass(struct worker *worker, worst_take_fn *take, void *context);

uintptr_t worst_make(const struct step_call *call);

// Which operations are stepped: sets their entries of IS_STEPPED, which has one for each. WORDS then says, for a
// reader, what they are.
void sample_by_cycles(struct worker *worker, uint8_t *is_stepped, char *words, size_t words_bytes);
void sample_by_paths(struct worker *worker, uint8_t *is_stepped, char *words, size_t words_bytes);
