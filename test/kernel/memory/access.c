// SPDX-License-Identifier: MIT
// Accesses through the operations of arch/faults.asm.
#include "access.h"
#include <arch/protection.h>
#include <faults.h>
#include <framework/machine.h>
#include <lib/format.h>
#include <lib/string.h>

extern uint64_t fault_address; // arch/exception.c

OPERATION(read);
OPERATION(write);
OPERATION(jump);

bool access_has_no_execute(void)
{
    return cpu_identify_protections().has_no_execute;
}

struct fault access_provoke(enum access access, uint64_t address)
{
    static test_function *const operations[] = {
        [ACCESS_READ] = operation_read, [ACCESS_WRITE] = operation_write, [ACCESS_EXECUTE] = operation_jump};
    fault_address = address;
    return fault_provoke(operations[access]);
}

static uint64_t wanted_error_code(enum access access, uint64_t error_code)
{
    if (access != ACCESS_EXECUTE || error_code == ACCESS_ALLOWED)
        return error_code;
    return (error_code & ~PF_FETCH) | machine_fetch_bit();
}

static char problem[200]; // the first one that nobody was told of; empty: none

void access_try(const char *name, uint64_t address, enum access access, uint64_t error_code)
{
    static const char *const verbs[] = {[ACCESS_READ] = "read", [ACCESS_WRITE] = "write", [ACCESS_EXECUTE] = "execute"};
    static const uint8_t *const places[] = {[ACCESS_READ] = operation_read_at, [ACCESS_WRITE] = operation_write_at};
    uint64_t wanted = wanted_error_code(access, error_code);
    uint64_t rip = access == ACCESS_EXECUTE ? address : (uintptr_t)places[access];
    struct fault fault = access_provoke(access, address);
    bool is_right = wanted == ACCESS_ALLOWED
                        ? !fault.has_happened
                        : fault.has_happened && fault.vector == PAGE_FAULT && fault.error_code == wanted &&
                              fault.cr2 == address && fault.rip == rip;
    if (is_right || problem[0] != '\0')
        return;
    if (fault.has_happened)
        format_string(
            problem, sizeof problem, "%s: %s at 0x%llx raises vector %u, error code 0x%llx, cr2 0x%llx, rip 0x%llx",
            name, verbs[access], (unsigned long long)address, (unsigned)fault.vector,
            (unsigned long long)fault.error_code, (unsigned long long)fault.cr2, (unsigned long long)fault.rip);
    else
        format_string(problem, sizeof problem, "%s: %s at 0x%llx raises nothing", name, verbs[access],
                      (unsigned long long)address);
}

void access_check_tried(struct test_place place)
{
    char text[sizeof problem];
    memcpy(text, problem, sizeof text);
    problem[0] = '\0';
    if (text[0] != '\0')
        test_fail(place, "%s", text);
}

void access_check(struct test_place place, const struct access_row *table, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bool is_executed_anyway = table[i].access == ACCESS_EXECUTE && (table[i].error_code & PF_PRESENT) &&
                                  table[i].error_code != ACCESS_ALLOWED && !access_has_no_execute();
        if (!is_executed_anyway)
            access_try(table[i].name, table[i].address, table[i].access, table[i].error_code);
    }
    access_check_tried(place);
}
