// SPDX-License-Identifier: MIT
// Which calls of a library are worth stepping through: those that took longest by the time-stamp counter, at their best
// of several passes, and others evenly spread. What is inside a library is not known, so this may miss the dearest.
#include "worst.h"
#include <stdio.h>

constexpr unsigned PASSES = 5;
constexpr uint32_t DEAREST = 1000, SPREAD = 300; // operations that are stepped
// What they may take together, by the time-stamp counter: where operations take long, the sample is smaller.
constexpr uint64_t DEAREST_CYCLES = 600'000, SPREAD_CYCLES = 150'000;
constexpr uint32_t CYCLES_LIMIT = 1 << 20; // longer ones are as good as this

static uint64_t cycles_now(void)
{
    __builtin_ia32_lfence();
    uint64_t now = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return now;
}

static uintptr_t take_time(void *context, uint32_t index, const struct step_call *call)
{
    uint32_t *best = (uint32_t *)context + index;
    uint64_t start = cycles_now();
    uintptr_t result = worst_make(call);
    uint64_t passed = cycles_now() - start;
    if (passed < *best)
        *best = (uint32_t)passed;
    return result;
}

// From how many cycles on an operation is among the dearest.
static uint32_t find_threshold(const struct worker *worker, const uint32_t *cycles)
{
    uint32_t *counts = worker_memory((CYCLES_LIMIT + 1) * sizeof(uint32_t), false);
    for (uint32_t i = 0; i < worker->trace->operation_count; i++) {
        if (worker->trace->operations[i].kind != OPERATION_REALLOCATE)
            counts[cycles[i]]++;
    }
    uint32_t threshold = CYCLES_LIMIT, count = 0;
    uint64_t sum = 0;
    for (; threshold > 0; threshold--) {
        count += counts[threshold];
        sum += (uint64_t)counts[threshold] * threshold;
        if (count > 0 && (count + counts[threshold - 1] > DEAREST || sum > DEAREST_CYCLES))
            break;
    }
    return threshold;
}

void sample_by_cycles(struct worker *worker, uint8_t *is_stepped, char *words, size_t words_bytes)
{
    const struct operation *operations = worker->trace->operations;
    uint32_t count = worker->trace->operation_count, dearest = 0, others = 0;
    uint32_t *cycles = worker_memory(count * sizeof(uint32_t), true);
    for (uint32_t i = 0; i < count; i++)
        cycles[i] = CYCLES_LIMIT;
    for (unsigned i = 0; i < PASSES; i++)
        worst_pass(worker, take_time, cycles);
    uint32_t threshold = find_threshold(worker, cycles);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (operations[i].kind == OPERATION_REALLOCATE)
            continue;
        sum += cycles[i];
        if (cycles[i] >= threshold && dearest < 2 * DEAREST) {
            is_stepped[i] = true;
            dearest++;
        }
    }
    uint64_t spread = SPREAD_CYCLES / (sum / count + 1);
    spread = spread < SPREAD ? spread : SPREAD;
    for (uint64_t i = 0; i < spread; i++) {
        uint64_t operation = i * count / spread;
        if (!is_stepped[operation] && operations[operation].kind != OPERATION_REALLOCATE) {
            is_stepped[operation] = true;
            others++;
        }
    }
    snprintf(words, words_bytes, "%u operations that took long and %u others, of %u", dearest, others, count);
}
