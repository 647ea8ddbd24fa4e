// SPDX-License-Identifier: MIT
// The way back out of a test, and the catching of exceptions: what is kept, and what is seen.
#include <arch/cpu.h>
#include <arch/gdt.h>
#include <framework/expected_fault.h>
#include <framework/landing.h>
#include <framework/test.h>
#include <interrupt/exception.h>

constexpr uint64_t RFLAGS_DIRECTION = 1u << 10;

static uint64_t read_flags(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
    return flags;
}

static void undefined_opcode(void)
{
    __asm__ volatile("ud2");
}

// Everything that the ABI wants kept, spoilt, DF set; and then the fault.
static void spoil_everything_and_fault(void)
{
    __asm__ volatile("movq $-1, %%rbx\n\t"
                     "movq %%rbx, %%r12\n\t"
                     "movq %%rbx, %%r13\n\t"
                     "movq %%rbx, %%r14\n\t"
                     "movq %%rbx, %%r15\n\t"
                     "std\n\t"
                     "ud2"
                     :
                     :
                     : "rbx", "r12", "r13", "r14", "r15", "cc");
}

TEST(framework, fault_is_caught_with_all_it_says)
{
    struct fault fault = fault_provoke(spoil_everything_and_fault);
    CHECK(fault.has_happened);
    CHECK_EQUAL(fault.vector, 6);
    CHECK_EQUAL(fault.error_code, 0);
    CHECK_EQUAL(fault.cs, GDT_KERNEL_CODE);
    CHECK_EQUAL(fault.ss, GDT_KERNEL_DATA);
    CHECK_EQUAL(fault.rflags & RFLAGS_DIRECTION, RFLAGS_DIRECTION);
    CHECK(fault.rip > (uintptr_t)spoil_everything_and_fault);
    CHECK(fault.rip < (uintptr_t)spoil_everything_and_fault + 64);
    CHECK(fault.rsp > fault.handler_rsp);
}

// The registers that a function must keep hold canaries across the call; a count of what came back spoilt.
static unsigned spoilt_registers_after(enum landing_way (*call)(test_function *, struct landing *),
                                       test_function *operation, struct landing *landing)
{
    uint64_t spoilt;
    __asm__ volatile("movq $0x1b1b1b1b, %%rbx\n\t"
                     "movq $0x12121212, %%r12\n\t"
                     "movq $0x13131313, %%r13\n\t"
                     "movq $0x14141414, %%r14\n\t"
                     "movq $0x15151515, %%r15\n\t"
                     "callq *%[call]\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "cmpq $0x1b1b1b1b, %%rbx\n\tsetne %%cl\n\tmovzbl %%cl, %%ecx\n\taddq %%rcx, %%rax\n\t"
                     "cmpq $0x12121212, %%r12\n\tsetne %%cl\n\taddq %%rcx, %%rax\n\t"
                     "cmpq $0x13131313, %%r13\n\tsetne %%cl\n\taddq %%rcx, %%rax\n\t"
                     "cmpq $0x14141414, %%r14\n\tsetne %%cl\n\taddq %%rcx, %%rax\n\t"
                     "cmpq $0x15151515, %%r15\n\tsetne %%cl\n\taddq %%rcx, %%rax"
                     : "=a"(spoilt), "+D"(operation), "+S"(landing), [call] "+d"(call)
                     :
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
    return (unsigned)spoilt;
}

static struct landing outer;

static void leave_spoilt(void)
{
    __asm__ volatile("xorl %%ebx, %%ebx\n\txorl %%r12d, %%r12d\n\txorl %%r13d, %%r13d\n\txorl %%r14d, %%r14d\n\t"
                     "xorl %%r15d, %%r15d\n\tmovq %0, %%rdi\n\tjmp landing_jump"
                     :
                     : "r"(&outer)
                     : "rbx", "rdi", "r12", "r13", "r14", "r15", "memory");
}

TEST(framework, leaving_a_function_restores_its_callers_registers)
{
    CHECK_EQUAL(spoilt_registers_after(landing_call, leave_spoilt, &outer), 0);
}

TEST(framework, fault_restores_flags)
{
    uint64_t flags = cpu_interrupts_disable();
    EXPECT_FAULT(undefined_opcode, 6, 0);
    uint64_t flags_closed = read_flags();
    __asm__ volatile("sti");
    EXPECT_FAULT(undefined_opcode, 6, 0);
    uint64_t flags_open = read_flags();
    if (!(flags & CPU_RFLAGS_INTERRUPT))
        (void)cpu_interrupts_disable();
    CHECK_EQUAL(flags_closed & (CPU_RFLAGS_INTERRUPT | RFLAGS_DIRECTION), 0);
    CHECK_EQUAL(flags_open & (CPU_RFLAGS_INTERRUPT | RFLAGS_DIRECTION), CPU_RFLAGS_INTERRUPT);
}

TEST(framework, faults_can_be_provoked_by_the_thousand)
{
    for (unsigned i = 0; i < 10'000; i++)
        EXPECT_FAULT(undefined_opcode, 6, 0);
}

TEST(framework, handlers_are_given_back)
{
    EXPECT_FAULT(undefined_opcode, 6, 0);
    __asm__ volatile("int3"); // had it not been given back, nothing would be there to land on
}
