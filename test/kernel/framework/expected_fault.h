// SPDX-License-Identifier: MIT
// Operations that must raise an exception. For the tests under test/kernel.
#pragma once
#include <framework/test.h>
#include <stdint.h>

// What an operation raised.
struct fault {
    bool has_happened;
    uint64_t vector, error_code, rip, cs, rflags, rsp, ss, cr2;
    uint64_t handler_rsp; // about where the handler's stack was
};

// Run OPERATION until its first exception, of whatever vector, and come back from there: its stack is dropped, RFLAGS
// are as before, and what else it changed is the caller's to restore. In between, all 32 vectors are this function's.
// Interrupts may be open or closed.
struct fault fault_provoke(test_function *operation);

// A row of a table of expected faults. AT is where the reported RIP points: at the instruction for a fault, behind it
// for a trap. A row is checked for the whole of it; CR2 only when it is a page fault.
struct expected_fault {
    const char *name;
    test_function *operation;
    const uint8_t *at; // nullptr: anywhere
    uint64_t vector, error_code, cr2;
};

// Provoke the COUNT rows of TABLE one after the other; the test fails at the first that raises something else.
void expect_faults(struct test_place place, const struct expected_fault *table, unsigned count);
#define EXPECT_FAULTS(table) expect_faults(TEST_HERE, table, sizeof(table) / sizeof *(table))

// One row, without a place.
void expect_fault(struct test_place place, test_function *operation, uint64_t vector, uint64_t error_code);
#define EXPECT_FAULT(operation, vector, error_code) expect_fault(TEST_HERE, operation, vector, error_code)
