// SPDX-License-Identifier: MIT
// Catches exceptions on purpose. Called by tests; stands in for whoever else would handle an exception, while an
// operation runs.
#include "landing.h"
#include <arch/cpu.h>
#include <arch/gdt.h>
#include <framework/expected_fault.h>
#include <interrupt/exception.h>

constexpr unsigned EXCEPTION_COUNT = 32;
constexpr uint64_t PAGE_FAULT = 14;
constexpr uint64_t RFLAGS_RESERVED_ONE = 1u << 1; // always set (Intel SDM vol. 1, 3.4.3)

static struct landing landing;
static struct fault caught;

// Whatever the exception interrupted, ring 3 and stacks of the IST included, IRETQ goes back to the boot stack.
static bool catch_fault(struct trap_frame *frame)
{
    caught = (struct fault){
        .has_happened = true,
        .vector = frame->vector,
        .error_code = frame->error_code,
        .rip = frame->rip,
        .cs = frame->cs,
        .rflags = frame->rflags,
        .rsp = frame->rsp,
        .ss = frame->ss,
        .cr2 = cpu_read_cr2(),
        .handler_rsp = (uintptr_t)frame,
    };
    frame->rip = (uintptr_t)landing_resume;
    frame->rsp = landing.rsp;
    frame->cs = GDT_KERNEL_CODE;
    frame->ss = GDT_KERNEL_DATA;
    frame->rflags = RFLAGS_RESERVED_ONE; // interrupts stay closed until landing_resume has restored all flags
    return true;
}

static void set_all_handlers(exception_handler_fn *handler)
{
    for (unsigned vector = 0; vector < EXCEPTION_COUNT; vector++)
        exception_set_handler((uint8_t)vector, handler);
}

struct fault fault_provoke(test_function *operation)
{
    caught = (struct fault){};
    set_all_handlers(catch_fault);
    enum landing_way way = landing_call(operation, &landing);
    set_all_handlers(nullptr);
    if (caught.has_happened != (way == LANDING_LEFT))
        FAIL("the operation was left by something else than its exception");
    return caught;
}

static void check_fault(struct test_place place, const struct expected_fault *row, const struct fault *fault)
{
    if (!fault->has_happened)
        test_fail(place, "%s: raised nothing instead of vector %u", row->name, (unsigned)row->vector);
    if (fault->vector != row->vector || fault->error_code != row->error_code)
        test_fail(place, "%s: vector %u, error code 0x%llx at rip 0x%llx instead of vector %u, error code 0x%llx",
                  row->name, (unsigned)fault->vector, (unsigned long long)fault->error_code,
                  (unsigned long long)fault->rip, (unsigned)row->vector, (unsigned long long)row->error_code);
    if (row->at != nullptr && fault->rip != (uintptr_t)row->at)
        test_fail(place, "%s: raised at rip 0x%llx instead of %p", row->name, (unsigned long long)fault->rip,
                  (const void *)row->at);
    if (row->vector == PAGE_FAULT && row->at != nullptr && fault->cr2 != row->cr2)
        test_fail(place, "%s: cr2 is 0x%llx instead of 0x%llx", row->name, (unsigned long long)fault->cr2,
                  (unsigned long long)row->cr2);
}

void expect_faults(struct test_place place, const struct expected_fault *table, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct fault fault = fault_provoke(table[i].operation);
        check_fault(place, &table[i], &fault);
    }
}

void expect_fault(struct test_place place, test_function *operation, uint64_t vector, uint64_t error_code)
{
    const struct expected_fault row = {
        .name = "the operation", .operation = operation, .vector = vector, .error_code = error_code};
    expect_faults(place, &row, 1);
}
