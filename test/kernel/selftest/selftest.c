// SPDX-License-Identifier: MIT
// Tests that must fail, so that a failure is seen to be one. Left out of every choice but their full names;
// test/kernel/harness.py runs each and wants to see it reported.
#include <arch/cpu.h>
#include <framework/expected_fault.h>
#include <framework/test.h>
#include <interrupt/exception.h>
#include <lib/panic.h>

TEST(selftest, check_fails)
{
    int wanted = 3;
    CHECK(wanted == 4);
}

TEST(selftest, check_equal_fails)
{
    uint16_t answer = 0x2a;
    CHECK_EQUAL(answer, 54);
}

TEST(selftest, check_string_fails)
{
    CHECK_STRING("tick", "tock");
}

TEST(selftest, gives_up)
{
    FAIL("gave up after %u tries", 3u);
}

TEST(selftest, skips)
{
    SKIP("there is no %s here", "drum memory");
}

TEST(selftest, passes)
{
    CHECK_EQUAL(1, 1);
}

TEST(selftest, panics)
{
    panic("the selftest has panicked");
}

static void run_into_ud2(void)
{
    __asm__ volatile("ud2");
}

TEST(selftest, faults)
{
    run_into_ud2();
}

TEST(selftest, hangs)
{
    for (;;)
        __asm__ volatile("pause");
}

TEST(selftest, smashes_its_frame)
{
    __asm__ volatile("xorl %%ebp, %%ebp\n\t"
                     "movq $0x1122334455667788, %%rax\n\t"
                     "movq %%rax, (%%rsp)\n\t"
                     "movq %%rax, 8(%%rsp)\n\t"
                     "pushq %%rax\n\t"
                     "ret"
                     :
                     :
                     : "rax", "memory");
}

TEST(selftest, leaves_interrupts_changed)
{
    uint64_t flags = cpu_interrupts_disable();
    if (!(flags & CPU_RFLAGS_INTERRUPT))
        __asm__ volatile("sti");
}

TEST_DIES(selftest, lives_on, "which never comes")
{
}

TEST_DIES(selftest, dies_of_something_else, "which never comes")
{
    panic("the wrong reason");
}

TEST_DIES_BY(selftest, lives_on_too, 6)
{
}

TEST_DIES_BY(selftest, dies_by_another_vector, 13)
{
    run_into_ud2();
}

TEST_DIES_BY(selftest, dies_by_its_vector, 6)
{
    run_into_ud2();
}

TEST_DIES(selftest, panics_instead_of_faulting, "invalid opcode")
{
    run_into_ud2();
}

TEST_DIES(selftest, dies_as_it_should, "the right reason")
{
    panic("the right reason, and more");
}

static bool check_in_handler(struct trap_frame *)
{
    FAIL("a check failed in an exception handler");
}

TEST(selftest, check_fails_in_a_handler)
{
    exception_set_handler(6, check_in_handler);
    run_into_ud2();
}

TEST(selftest, expected_fault_is_another)
{
    EXPECT_FAULT(run_into_ud2, 13, 0);
}

static void do_nothing(void)
{
}

TEST(selftest, expected_fault_does_not_come)
{
    EXPECT_FAULT(do_nothing, 6, 0);
}
