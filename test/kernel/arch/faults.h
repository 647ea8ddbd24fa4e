// SPDX-License-Identifier: MIT
// The operations of faults.asm and user.asm for C. For the tests of exceptions.
#pragma once
#include <framework/expected_fault.h>

#define OPERATION(word)                                                                                                \
    test_function operation_##word;                                                                                    \
    extern const uint8_t operation_##word##_at[]

// The first fields of a row of struct expected_fault.
#define ROW(word) .name = #word, .operation = operation_##word, .at = operation_##word##_at

constexpr uint64_t DIVIDE_ERROR = 0;
constexpr uint64_t DEBUG_EXCEPTION = 1;
constexpr uint64_t NON_MASKABLE_INTERRUPT = 2;
constexpr uint64_t BREAKPOINT = 3;
constexpr uint64_t OVERFLOW_TRAP = 4;
constexpr uint64_t BOUND_RANGE = 5;
constexpr uint64_t INVALID_OPCODE = 6;
constexpr uint64_t NO_COPROCESSOR = 7;
constexpr uint64_t DOUBLE_FAULT = 8;
constexpr uint64_t INVALID_TASK_STATE = 10;
constexpr uint64_t SEGMENT_NOT_PRESENT = 11;
constexpr uint64_t STACK_FAULT = 12;
constexpr uint64_t GENERAL_PROTECTION = 13;
constexpr uint64_t PAGE_FAULT = 14;
constexpr uint64_t X87_ERROR = 16;
constexpr uint64_t ALIGNMENT_CHECK = 17;
constexpr uint64_t MACHINE_CHECK = 18;
constexpr uint64_t SIMD_ERROR = 19;

// Error codes of a page fault (Intel SDM vol. 3, 4.7) and of a selector (6.13).
constexpr uint64_t PF_PRESENT = 1;
constexpr uint64_t PF_WRITE = 2;
constexpr uint64_t PF_USER = 4;
constexpr uint64_t PF_RESERVED = 8;
constexpr uint64_t PF_FETCH = 16;
constexpr uint64_t SELECTOR_IDT = 2;
constexpr uint64_t SELECTOR_LDT = 4;
