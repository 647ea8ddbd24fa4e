// SPDX-License-Identifier: MIT
// The entries of all 256 vectors (arch/trap_entry.asm), with a handler of this test's own behind them: what C finds in
// the frame, and what the interrupted code finds in its registers afterwards.
#include <arch/cpu.h>
#include <arch/gdt.h>
#include <framework/int_instruction.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <lib/string.h>

struct registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rflags;
    uint64_t rsp; // relative to before
};
constexpr uint64_t RFLAGS_DIRECTION = 1u << 10;
constexpr uint64_t RFLAGS_ARITHMETIC = 0x8d5; // OF, SF, ZF, AF, PF, CF
constexpr uint64_t RFLAGS_RESERVED_ONE = 1u << 1;
constexpr uint64_t RFLAGS_ACCESS = 1u << 18; // AC

// stub.asm
extern struct registers stub_registers;
extern uint64_t stub_flags;
void stub_interrupt(const void *instruction);
void stub_by_hand(uint64_t entry, uint64_t error_code);

// A test's own handler for every vector, with interrupts closed.
struct takeover {
    trap_handler_fn *exceptions, *interrupts;
    uint64_t flags;
};

static struct takeover take_over(trap_handler_fn *handler)
{
    struct takeover kernels = {.flags = cpu_interrupts_disable()};
    kernels.exceptions = exception_handler;
    kernels.interrupts = interrupt_handler;
    machine_unseal();
    idt_load(handler, handler);
    machine_seal();
    return kernels;
}

static void give_back(const struct takeover *kernels)
{
    machine_unseal();
    idt_load(kernels->exceptions, kernels->interrupts);
    machine_seal();
    cpu_interrupts_restore(kernels->flags);
}

static struct {
    unsigned count;
    struct trap_frame frame;
    uint64_t rflags, frame_address; // in the handler
} seen;

static void record(struct trap_frame *frame)
{
    uint64_t rflags;
    __asm__ volatile("pushfq\n\tpopq %0\n\tcld" : "=r"(rflags)); // if DF is set, nothing here may be copied before
    seen.rflags = rflags;
    seen.frame = *frame;
    seen.frame_address = (uintptr_t)__builtin_frame_address(0);
    seen.count++;
    // All that the ABI lets a function change.
    __asm__ volatile("movq $-1, %%rax\n\tmovq %%rax, %%rcx\n\tmovq %%rax, %%rdx\n\tmovq %%rax, %%rsi\n\t"
                     "movq %%rax, %%rdi\n\tmovq %%rax, %%r8\n\tmovq %%rax, %%r9\n\tmovq %%rax, %%r10\n\t"
                     "movq %%rax, %%r11"
                     :
                     :
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

static struct registers canaries(unsigned vector)
{
    struct registers result;
    uint64_t *words = (uint64_t *)&result;
    for (unsigned i = 0; i < sizeof result / sizeof *words; i++)
        words[i] = 0xc0de'0000'0000'0000 | (uint64_t)vector << 32 | i << 8 | 0x5a;
    return result;
}

// The frame holds what the registers held, in its own order.
static bool frame_has(const struct trap_frame *frame, const struct registers *wanted)
{
    return frame->rax == wanted->rax && frame->rbx == wanted->rbx && frame->rcx == wanted->rcx &&
           frame->rdx == wanted->rdx && frame->rsi == wanted->rsi && frame->rdi == wanted->rdi &&
           frame->rbp == wanted->rbp && frame->r8 == wanted->r8 && frame->r9 == wanted->r9 &&
           frame->r10 == wanted->r10 && frame->r11 == wanted->r11 && frame->r12 == wanted->r12 &&
           frame->r13 == wanted->r13 && frame->r14 == wanted->r14 && frame->r15 == wanted->r15;
}

// Each is set by hand, so that 256 vectors try every one both ways.
static uint64_t flags_for(unsigned vector)
{
    return RFLAGS_RESERVED_ONE | RFLAGS_DIRECTION | RFLAGS_ACCESS | (vector % 2 != 0 ? RFLAGS_ARITHMETIC : 0);
}

static void send_through(unsigned vector, uint64_t error_code)
{
    struct takeover kernels = take_over(record);
    seen.count = 0;
    stub_registers = canaries(vector);
    stub_flags = flags_for(vector);
    if (idt_vector_has_error_code(vector))
        stub_by_hand(machine_gate_target((uint8_t)vector), error_code);
    else
        stub_interrupt(int_instructions[vector]);
    give_back(&kernels);
    if (seen.count != 1)
        FAIL("vector %u arrived %u times", vector, seen.count);
}

static const char *const register_names[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
                                             "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

TEST(trap, every_vector_keeps_every_register)
{
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        send_through(vector, 0x1234'5678);
        struct registers wanted = canaries(vector);
        const uint64_t *words = (const uint64_t *)&stub_registers;
        for (unsigned i = 0; i < sizeof register_names / sizeof *register_names; i++) {
            if (words[i] != ((const uint64_t *)&wanted)[i])
                FAIL("vector %u changes %s to 0x%llx", vector, register_names[i], (unsigned long long)words[i]);
        }
        if (stub_registers.rsp != 0)
            FAIL("vector %u moves rsp by %lld", vector, (long long)stub_registers.rsp);
    }
}

TEST(trap, every_vector_keeps_the_flags)
{
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        send_through(vector, 0);
        if (stub_registers.rflags != flags_for(vector))
            FAIL("vector %u changes rflags 0x%llx to 0x%llx", vector, (unsigned long long)flags_for(vector),
                 (unsigned long long)stub_registers.rflags);
    }
}

TEST(trap, every_vector_fills_the_frame)
{
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        uint64_t error_code = idt_vector_has_error_code(vector) ? 0x8000'0000 + vector : 0;
        send_through(vector, error_code);
        struct registers wanted = canaries(vector);
        if (seen.frame.vector != vector || seen.frame.error_code != error_code)
            FAIL("vector %u arrives as %llu with error code 0x%llx", vector, (unsigned long long)seen.frame.vector,
                 (unsigned long long)seen.frame.error_code);
        if (!frame_has(&seen.frame, &wanted))
            FAIL("vector %u has other registers in its frame than it interrupted", vector);
        CHECK_EQUAL(seen.frame.cs, GDT_KERNEL_CODE);
        CHECK_EQUAL(seen.frame.ss, GDT_KERNEL_DATA);
        CHECK_EQUAL(seen.frame.rflags, flags_for(vector));
        if (!idt_vector_has_error_code(vector))
            CHECK_EQUAL(seen.frame.rip, (uintptr_t)&int_instructions[vector][2]);
    }
}

TEST(trap, handlers_run_with_df_and_if_clear)
{
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        send_through(vector, 0);
        if (seen.rflags & (RFLAGS_DIRECTION | CPU_RFLAGS_INTERRUPT))
            FAIL("the handler of vector %u runs with rflags 0x%llx", vector, (unsigned long long)seen.rflags);
    }
}

// With AC set, SMAP lets ring 0 reach programs' memory. Without SMAP it means nothing.
TEST(trap, handlers_run_with_the_memory_of_programs_closed)
{
    constexpr uint64_t CR4_SMAP = 1u << 21;
    uint64_t wanted = cpu_read_cr4() & CR4_SMAP ? 0 : RFLAGS_ACCESS;
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        send_through(vector, 0);
        if ((seen.rflags & RFLAGS_ACCESS) != wanted)
            FAIL("the handler of vector %u runs with rflags 0x%llx", vector, (unsigned long long)seen.rflags);
    }
}

// The ABI wants RSP + 8 to be a multiple of 16 at a function's first instruction, hence RBP after the usual prologue.
TEST(trap, handlers_run_on_an_aligned_stack)
{
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        send_through(vector, 0);
        if (seen.frame_address % 16 != 0)
            FAIL("the handler of vector %u has its frame at 0x%llx", vector, (unsigned long long)seen.frame_address);
    }
}

static void change_every_register(struct trap_frame *frame)
{
    uint64_t *words = (uint64_t *)frame;
    for (unsigned i = 0; i < sizeof register_names / sizeof *register_names; i++)
        words[i] = ~words[i];
    seen.count++;
}

TEST(trap, what_a_handler_changes_is_changed)
{
    struct takeover kernels = take_over(change_every_register);
    stub_registers = canaries(0x40);
    stub_flags = RFLAGS_RESERVED_ONE;
    stub_interrupt(int_instructions[0x40]);
    give_back(&kernels);
    struct registers wanted = canaries(0x40);
    for (unsigned i = 0; i < sizeof register_names / sizeof *register_names; i++)
        CHECK_EQUAL(((const uint64_t *)&stub_registers)[i], ~((const uint64_t *)&wanted)[i]);
}

TEST(trap, vectors_with_error_codes_are_the_architectures)
{
    for (unsigned vector = 0; vector < IDT_VECTOR_COUNT; vector++) {
        bool is_wanted = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 ||
                         vector == 29 || vector == 30;
        CHECK_EQUAL(idt_vector_has_error_code(vector), is_wanted);
    }
}

// A local variable of a function that calls nobody may lie below RSP, where an interrupt puts its frame: with a red
// zone it does (HEWN_BREAK_RED_ZONE), without it never.
[[gnu::noinline]] static uint64_t sum_across_a_breakpoint(void)
{
    volatile uint64_t locals[8];
    for (unsigned i = 0; i < 8; i++)
        locals[i] = 0x0101'0101'0101'0101 * (i + 1);
    __asm__ volatile("int $0x40");
    uint64_t difference = 0;
    for (unsigned i = 0; i < 8; i++)
        difference |= locals[i] ^ 0x0101'0101'0101'0101 * (i + 1);
    return difference;
}

TEST(trap, locals_of_a_leaf_function_survive_an_interrupt)
{
    struct takeover kernels = take_over(record);
    uint64_t difference = sum_across_a_breakpoint();
    give_back(&kernels);
    CHECK_EQUAL(difference, 0);
}
