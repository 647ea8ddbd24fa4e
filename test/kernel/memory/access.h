// SPDX-License-Identifier: MIT
// Single accesses of ring 0, and what each of them raises. For the tests of memory.
#pragma once
#include <framework/expected_fault.h>
#include <framework/test.h>
#include <stdint.h>

enum access : unsigned {
    ACCESS_READ,
    ACCESS_WRITE,   // of one byte, the lowest of the address
    ACCESS_EXECUTE, // where it is allowed, a RET has to stand there
};

// The error code of a page fault (Intel SDM vol. 3, 4.7), or:
constexpr uint64_t ACCESS_ALLOWED = UINT64_MAX;

struct access_row {
    const char *name;
    uint64_t address;
    enum access access;
    uint64_t error_code;
};

struct fault access_provoke(enum access access, uint64_t address);

// Try one access and keep what is wrong about its outcome, if nothing has been wrong before, for access_check_tried().
// In between, a test puts back what it has changed.
void access_try(const char *name, uint64_t address, enum access access, uint64_t error_code);

// The test fails with what access_try() has kept since the last call.
void access_check_tried(struct test_place place);
#define CHECK_TRIED() access_check_tried(TEST_HERE)

// Both for the COUNT rows of TABLE. A CPU without NX executes whatever it can read: there, rows in which execution is
// forbidden for pages that are present are left out, because what stands in them is no function.
void access_check(struct test_place place, const struct access_row *table, unsigned count);
#define CHECK_ACCESSES(table) access_check(TEST_HERE, table, sizeof(table) / sizeof *(table))

// What this CPU has, by CPUID.
bool access_has_no_execute(void);
