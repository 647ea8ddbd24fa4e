// SPDX-License-Identifier: MIT
// Exceptions out of ring 3: what it must not do, and that the kernel comes back whole. Operations are in user.asm, a
// program of two pages that is mapped into the lower half while one of them runs.
#include "faults.h"
#include <arch/cpu.h>
#include <arch/cpu_local.h>
#include <arch/gdt.h>
#include <arch/msr.h>
#include <framework/int_instruction.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <interrupt/exception.h>
#include <lib/string.h>
#include <memory/layout.h>

extern uint64_t user_rflags, user_rsp;         // ring3_enter.asm reads them
extern uint64_t fault_address;                 // exception.c
extern const uint8_t user_text_start[];        // the program's first page, where nobody runs it
[[noreturn]] void ring3_enter(uint64_t place); // ring3_enter.asm
uint64_t user_rflags, user_rsp;

constexpr uint64_t PROGRAM_TEXT = 0x40'0000;
constexpr uint64_t PROGRAM_DATA = PROGRAM_TEXT + PAGE_SIZE;

// Where the program has what LABEL of user.asm marks; any other address is itself.
static uint64_t in_program(const void *label)
{
    uint64_t offset = (uintptr_t)label - (uintptr_t)user_text_start;
    return offset < PAGE_SIZE ? PROGRAM_TEXT + offset : (uintptr_t)label;
}

// enter_WORD() goes to what user.asm calls so.
#define USER_OPERATION(word)                                                                                           \
    extern const uint8_t operation_##word[], operation_##word##_at[];                                                  \
    static void enter_##word(void)                                                                                     \
    {                                                                                                                  \
        ring3_enter(in_program(operation_##word));                                                                     \
    }                                                                                                                  \
    static_assert(true)
#define USER_ROW(word) .name = #word, .operation = enter_##word, .at = operation_##word##_at

USER_OPERATION(user_breakpoint);
USER_OPERATION(user_steps);
USER_OPERATION(user_wait_for_ticks);
USER_OPERATION(user_invalid_opcode);
USER_OPERATION(user_halt);
USER_OPERATION(user_close_interrupts);
USER_OPERATION(user_port);
USER_OPERATION(user_interrupt);
USER_OPERATION(user_page_fault_by_int);
USER_OPERATION(user_read);
USER_OPERATION(user_write);
USER_OPERATION(user_write_own_text);
USER_OPERATION(user_jump);
USER_OPERATION(user_kernel_data_segment);
USER_OPERATION(user_misaligned_read);
USER_OPERATION(user_push_nowhere);
USER_OPERATION(user_sgdt);
USER_OPERATION(user_sidt);
USER_OPERATION(user_sldt);
USER_OPERATION(user_str);
USER_OPERATION(user_smsw);

constexpr uint64_t RFLAGS_RESERVED_ONE = 1u << 1;
constexpr uint64_t RFLAGS_TRAP = 1u << 8;
constexpr uint64_t RFLAGS_ALIGNMENT_CHECK = 1u << 18;
constexpr uint64_t NULL_PLUS_24 = 0x18;

// Exceptions out of ring 3 begin here: the boot stack is this test's own.
alignas(16) static uint8_t kernel_stack[8192];

static volatile uint64_t *user_ticks; // the program waits for it

static void prepare(void)
{
    gdt_set_kernel_stack((uintptr_t)kernel_stack + sizeof kernel_stack);
    user_rflags = RFLAGS_RESERVED_ONE;
    user_rsp = PROGRAM_DATA + PAGE_SIZE;
}

static void map_program(void)
{
    memcpy(machine_map_frame(PROGRAM_TEXT, PAGE_USER | PAGE_EXECUTE), user_text_start, PAGE_SIZE);
    user_ticks = machine_map_frame(PROGRAM_DATA, PAGE_USER | PAGE_WRITE);
}

static void unmap_program(void)
{
    machine_unmap_frame(PROGRAM_DATA);
    machine_unmap_frame(PROGRAM_TEXT);
}

// IRETQ to ring 3 has emptied the data segments, whose selectors were the kernel's.
static void restore_segments(void)
{
    __asm__ volatile("movl %0, %%ds\n\tmovl %0, %%es" : : "r"((uint32_t)GDT_KERNEL_DATA) : "memory");
}

static struct fault provoke(test_function *operation)
{
    uint64_t flags = cpu_interrupts_disable();
    map_program();
    struct fault fault = fault_provoke(operation);
    restore_segments();
    unmap_program();
    cpu_interrupts_restore(flags);
    return fault;
}

static void check_rows(const struct expected_fault *table, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct fault fault = provoke(table[i].operation);
        if (fault.vector != table[i].vector || fault.error_code != table[i].error_code ||
            fault.rip != in_program(table[i].at) || (fault.vector == PAGE_FAULT && fault.cr2 != table[i].cr2))
            FAIL("%s: vector %u, error code 0x%llx, rip 0x%llx, cr2 0x%llx", table[i].name, (unsigned)fault.vector,
                 (unsigned long long)fault.error_code, (unsigned long long)fault.rip, (unsigned long long)fault.cr2);
        CHECK_EQUAL(fault.cs, GDT_USER_CODE | GDT_RING_3);
        CHECK_EQUAL(fault.ss, GDT_USER_DATA | GDT_RING_3);
    }
}
#define CHECK_ROWS(table) check_rows(table, sizeof(table) / sizeof *(table))

TEST(ring3, may_raise_breakpoints_and_invalid_opcodes)
{
    prepare();
    static const struct expected_fault table[] = {
        {USER_ROW(user_breakpoint), .vector = BREAKPOINT},
        {USER_ROW(user_invalid_opcode), .vector = INVALID_OPCODE},
    };
    CHECK_ROWS(table);
}

TEST(ring3, may_not_execute_what_is_the_kernels)
{
    prepare();
    static const struct expected_fault table[] = {
        {USER_ROW(user_halt), .vector = GENERAL_PROTECTION},
        {USER_ROW(user_close_interrupts), .vector = GENERAL_PROTECTION},
        {USER_ROW(user_port), .vector = GENERAL_PROTECTION},
        {USER_ROW(user_kernel_data_segment), .vector = GENERAL_PROTECTION, .error_code = GDT_KERNEL_DATA},
    };
    CHECK_ROWS(table);
}

TEST(ring3, may_not_raise_other_vectors)
{
    prepare();
    struct fault interrupt = provoke(enter_user_interrupt);
    struct fault page_fault = provoke(enter_user_page_fault_by_int);
    CHECK_EQUAL(interrupt.vector, GENERAL_PROTECTION);
    CHECK(machine_names_gate(interrupt.error_code, 0x81));
    CHECK_EQUAL(interrupt.rip, in_program(operation_user_interrupt_at));
    CHECK_EQUAL(page_fault.vector, GENERAL_PROTECTION);
    CHECK(machine_names_gate(page_fault.error_code, PAGE_FAULT));
    CHECK_EQUAL(page_fault.rip, in_program(operation_user_page_fault_by_int_at));
}

TEST(ring3, page_faults_say_that_they_are_the_users)
{
    prepare();
    fault_address = NULL_PLUS_24;
    const struct expected_fault absent[] = {
        {USER_ROW(user_read), .vector = PAGE_FAULT, .error_code = PF_USER, .cr2 = NULL_PLUS_24},
        {USER_ROW(user_write), .vector = PAGE_FAULT, .error_code = PF_USER | PF_WRITE, .cr2 = NULL_PLUS_24},
        {"user_jump", enter_user_jump, (const uint8_t *)NULL_PLUS_24, PAGE_FAULT, PF_USER | machine_fetch_bit(),
         NULL_PLUS_24},
        {USER_ROW(user_push_nowhere), .vector = PAGE_FAULT, .error_code = PF_USER | PF_WRITE, .cr2 = 0x100 - 8},
    };
    CHECK_ROWS(absent);
}

TEST(ring3, may_not_touch_the_kernel)
{
    prepare();
    fault_address = (uintptr_t)&user_rflags;
    const struct expected_fault kernel[] = {
        {USER_ROW(user_read), .vector = PAGE_FAULT, .error_code = PF_USER | PF_PRESENT, .cr2 = fault_address},
        {USER_ROW(user_write), .vector = PAGE_FAULT, .error_code = PF_USER | PF_PRESENT | PF_WRITE,
         .cr2 = fault_address},
        {USER_ROW(user_write_own_text), .vector = PAGE_FAULT, .error_code = PF_USER | PF_PRESENT | PF_WRITE,
         .cr2 = PROGRAM_TEXT},
        {"user_jump", enter_user_jump, (const uint8_t *)fault_address, PAGE_FAULT,
         PF_USER | PF_PRESENT | machine_fetch_bit(), fault_address},
    };
    const struct expected_fault text = {"user_jump",
                                        enter_user_jump,
                                        (const uint8_t *)(uintptr_t)prepare,
                                        PAGE_FAULT,
                                        PF_USER | PF_PRESENT | machine_fetch_bit(),
                                        (uintptr_t)prepare};
    CHECK_ROWS(kernel);
    fault_address = (uintptr_t)prepare;
    check_rows(&text, 1);
}

TEST(ring3, may_not_touch_the_direct_map)
{
    prepare();
    volatile uint64_t *entries[4];
    CHECK_EQUAL(machine_walk((uintptr_t)&user_rflags, entries), 4);
    fault_address = MEMORY_DIRECT_MAP.start + (*entries[3] & MACHINE_PAGE_ADDRESS);
    const struct expected_fault table[] = {
        {USER_ROW(user_read), .vector = PAGE_FAULT, .error_code = PF_USER | PF_PRESENT, .cr2 = fault_address},
        {USER_ROW(user_write), .vector = PAGE_FAULT, .error_code = PF_USER | PF_PRESENT | PF_WRITE,
         .cr2 = fault_address},
    };
    CHECK_ROWS(table);
}

// A CPU without UMIP tells them, and they go on to an invalid opcode behind.
TEST(ring3, may_not_ask_where_the_kernels_tables_are)
{
    constexpr uint32_t CPUID_7_ECX_UMIP = 1u << 2;
    prepare();
    bool has_umip = cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ecx & CPUID_7_ECX_UMIP);
    static const struct expected_fault table[] = {
        {USER_ROW(user_sgdt), .vector = GENERAL_PROTECTION}, {USER_ROW(user_sidt), .vector = GENERAL_PROTECTION},
        {USER_ROW(user_sldt), .vector = GENERAL_PROTECTION}, {USER_ROW(user_str), .vector = GENERAL_PROTECTION},
        {USER_ROW(user_smsw), .vector = GENERAL_PROTECTION},
    };
    if (has_umip)
        CHECK_ROWS(table);
    for (unsigned i = 0; !has_umip && i < sizeof table / sizeof *table; i++)
        CHECK_EQUAL(provoke(table[i].operation).vector, INVALID_OPCODE);
}

// What the report says is read by test/kernel/run.py.
TEST_DIES_BY(ring3, invalid_opcode_ends_the_kernel, 6)
{
    prepare();
    (void)cpu_interrupts_disable();
    map_program();
    enter_user_invalid_opcode();
}

TEST(ring3, exceptions_begin_on_the_kernels_stack)
{
    prepare();
    struct fault fault = provoke(enter_user_invalid_opcode);
    CHECK_EQUAL(fault.rsp, PROGRAM_DATA + PAGE_SIZE);
    CHECK(fault.handler_rsp >= (uintptr_t)kernel_stack);
    CHECK(fault.handler_rsp < (uintptr_t)kernel_stack + sizeof kernel_stack);
}

// ---- whose GS base is loaded: a program's is its own; the kernel's comes with each entry and is hidden from ring 3

constexpr uint64_t USER_BASE = 0x1234'5000;

struct bases {
    uint64_t loaded, hidden;
};

static struct bases read_bases(void)
{
    return (struct bases){msr_read(MSR_GS_BASE), msr_read(MSR_KERNEL_GS_BASE)};
}

// What handlers saw.
static struct {
    unsigned count;
    struct bases bases;
    const struct cpu_local *local;
} inside;

static bool look_at_bases(struct trap_frame *)
{
    inside.count++;
    inside.bases = read_bases();
    inside.local = cpu_local();
    return true;
}

struct user_run {
    struct fault end;
    struct bases after;
};

static struct user_run run_with_user_base(test_function *operation)
{
    inside.count = 0;
    msr_write(MSR_KERNEL_GS_BASE, USER_BASE);
    struct user_run run = {.end = provoke(operation)};
    run.after = read_bases();
    msr_write(MSR_KERNEL_GS_BASE, 0);
    return run;
}

static void check_bases(struct bases bases, uint64_t loaded, uint64_t hidden)
{
    CHECK_EQUAL(bases.loaded, loaded);
    CHECK_EQUAL(bases.hidden, hidden);
}

// It has ended with the invalid opcode AT a place.
static void check_run(struct user_run run, const uint8_t *at, uint64_t kernel_base)
{
    CHECK_EQUAL(run.end.vector, INVALID_OPCODE);
    CHECK_EQUAL(run.end.rip, in_program(at));
    CHECK_EQUAL(run.end.cs, GDT_USER_CODE | GDT_RING_3);
    check_bases(run.after, kernel_base, USER_BASE);
}

static void check_inside(uint64_t kernel_base, unsigned count)
{
    CHECK_EQUAL(inside.count, count);
    check_bases(inside.bases, kernel_base, USER_BASE);
    CHECK_EQUAL((uintptr_t)inside.local, kernel_base);
}

TEST(ring3, each_side_has_its_own_gs_base)
{
    prepare();
    uint64_t kernel_base = msr_read(MSR_GS_BASE);
    for (unsigned i = 0; i < 3; i++) {
        check_run(run_with_user_base(enter_user_invalid_opcode), operation_user_invalid_opcode_at, kernel_base);
        CHECK_EQUAL((uintptr_t)cpu_local(), kernel_base);
    }
}

static void enter_resumed_breakpoint(void)
{
    exception_set_handler(BREAKPOINT, look_at_bases);
    enter_user_breakpoint();
}

TEST(ring3, resumed_program_has_its_gs_base_back)
{
    prepare();
    uint64_t kernel_base = msr_read(MSR_GS_BASE);
    struct user_run run = run_with_user_base(enter_resumed_breakpoint);
    check_inside(kernel_base, 1);
    check_run(run, operation_user_breakpoint_at, kernel_base);
}

static bool let_step(struct trap_frame *frame)
{
    look_at_bases(frame);
    if (inside.count == 3)
        frame->rflags &= ~RFLAGS_TRAP;
    return true;
}

static void enter_steps(void)
{
    exception_set_handler(DEBUG_EXCEPTION, let_step);
    enter_user_steps();
}

// The same by an exception that has a stack of its own.
TEST(ring3, program_that_is_stepped_has_its_gs_base_back)
{
    prepare();
    user_rflags |= RFLAGS_TRAP;
    uint64_t kernel_base = msr_read(MSR_GS_BASE);
    struct user_run run = run_with_user_base(enter_steps);
    check_inside(kernel_base, 3);
    check_run(run, operation_user_steps_at, kernel_base);
}

static trap_handler_fn *kernels_interrupt_handler;

static void count_tick(struct trap_frame *frame)
{
    if ((frame->cs & GDT_RING_3) != 0) {
        look_at_bases(frame);
        *user_ticks = *user_ticks + 1;
    }
    kernels_interrupt_handler(frame);
}

TEST(ring3, program_goes_on_after_interrupts)
{
    prepare();
    user_rflags |= CPU_RFLAGS_INTERRUPT;
    uint64_t kernel_base = msr_read(MSR_GS_BASE);
    kernels_interrupt_handler = interrupt_handler; // before one arrives
    int_set_interrupt_handler(count_tick);
    struct user_run run = run_with_user_base(enter_user_wait_for_ticks);
    int_set_interrupt_handler(kernels_interrupt_handler);
    CHECK(inside.count >= 3);
    check_inside(kernel_base, inside.count);
    check_run(run, operation_user_wait_for_ticks_at, kernel_base);
}

static void swap_bases(void)
{
    __asm__ volatile("swapgs" : : : "memory");
}

// As between an entry from ring 3 and its SWAPGS, or between the way back's SWAPGS and its IRETQ, when the CPU is in
// ring 0 already or still and the program's base is loaded.
static struct bases raise_outside_the_swap(uint8_t vector)
{
    void (*instruction)(void) = (void (*)(void))(uintptr_t)int_instructions[vector];
    inside.count = 0;
    exception_set_handler(vector, look_at_bases);
    uint64_t flags = cpu_interrupts_disable();
    msr_write(MSR_KERNEL_GS_BASE, USER_BASE);
    swap_bases();
    instruction();
    struct bases after = read_bases();
    swap_bases();
    msr_write(MSR_KERNEL_GS_BASE, 0);
    cpu_interrupts_restore(flags);
    exception_set_handler(vector, nullptr);
    return after;
}

static struct bases raise_in_the_kernel(uint8_t vector)
{
    void (*instruction)(void) = (void (*)(void))(uintptr_t)int_instructions[vector];
    inside.count = 0;
    exception_set_handler(vector, look_at_bases);
    msr_write(MSR_KERNEL_GS_BASE, USER_BASE);
    instruction();
    struct bases after = read_bases();
    msr_write(MSR_KERNEL_GS_BASE, 0);
    exception_set_handler(vector, nullptr);
    return after;
}

// What may come anywhere; a double fault is not among them, because INT pushes no error code.
TEST(ring3, nmi_around_the_swap_finds_the_kernels_gs_base)
{
    static const uint8_t vectors[] = {DEBUG_EXCEPTION, NON_MASKABLE_INTERRUPT, MACHINE_CHECK};
    uint64_t kernel_base = msr_read(MSR_GS_BASE);
    for (unsigned i = 0; i < sizeof vectors; i++) {
        struct bases outside = raise_outside_the_swap(vectors[i]);
        check_inside(kernel_base, 1);
        check_bases(outside, USER_BASE, kernel_base);
        struct bases in_kernel = raise_in_the_kernel(vectors[i]);
        check_inside(kernel_base, 1);
        check_bases(in_kernel, kernel_base, USER_BASE);
    }
}

TEST(ring3, alignment_check)
{
    constexpr uint64_t CR0_ALIGNMENT_MASK = 1u << 18;
    if (machine_is_tcg())
        SKIP("TCG never raises #AC");
    prepare();
    user_rflags |= RFLAGS_ALIGNMENT_CHECK;
    uint64_t cr0 = cpu_read_cr0();
    cpu_write_cr0(cr0 | CR0_ALIGNMENT_MASK);
    struct fault fault = provoke(enter_user_misaligned_read);
    cpu_write_cr0(cr0);
    CHECK_EQUAL(fault.vector, ALIGNMENT_CHECK);
    CHECK_EQUAL(fault.error_code, 0);
    CHECK_EQUAL(fault.rip, in_program(operation_user_misaligned_read_at));
}
