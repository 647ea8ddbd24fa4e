// SPDX-License-Identifier: MIT
// Every exception that ring 0 can raise, provoked by real means: vector, error code, RIP and CR2. Operations are in
// faults.asm.
#include "faults.h"
#include <arch/cpu.h>
#include <arch/gdt.h>
#include <arch/stack.h>
#include <framework/expected_fault.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <lib/string.h>

extern uint64_t fault_address; // faults.asm reads both
extern uint16_t fault_selector;
uint64_t fault_address;
uint16_t fault_selector;

constexpr uint64_t NON_CANONICAL = 0x8000'0000'0000'0000;
constexpr uint64_t NULL_PLUS_24 = 0x18;
constexpr uint16_t SPARE_SELECTOR = GDT_SYSRET_BASE; // an entry that nobody uses, and that holds nothing

OPERATION(divide_by_zero);
OPERATION(divide_overflow);
OPERATION(single_step);
OPERATION(debug_interrupt);
OPERATION(execution_breakpoint);
OPERATION(write_breakpoint);
OPERATION(breakpoint);
OPERATION(breakpoint_in_two_bytes);
OPERATION(overflow);
OPERATION(bound_range);
OPERATION(invalid_opcode);
OPERATION(into_in_long_mode);
OPERATION(lock_without_memory);
OPERATION(no_coprocessor);
OPERATION(page_fault_without_handler);
OPERATION(push_into_guard_page);
OPERATION(gate_beyond_task_state);
OPERATION(load_task_register);
OPERATION(load_local_table);
OPERATION(load_data_segment);
OPERATION(load_stack_segment);
OPERATION(return_to_selector);
OPERATION(gate_80h);
OPERATION(read);
OPERATION(write);
OPERATION(read_by_frame_pointer);
OPERATION(jump);
OPERATION(jump_far_away);
OPERATION(x87_divide_by_zero);
OPERATION(simd_divide_by_zero);

TEST(exception, divide_error)
{
    static const struct expected_fault table[] = {
        {ROW(divide_by_zero), .vector = DIVIDE_ERROR},
        {ROW(divide_overflow), .vector = DIVIDE_ERROR},
    };
    EXPECT_FAULTS(table);
}

TEST(exception, single_step)
{
    static const struct expected_fault table[] = {{ROW(single_step), .vector = DEBUG_EXCEPTION}};
    EXPECT_FAULTS(table);
}

// DR6 keeps what it was told until somebody clears it (Intel SDM vol. 3, 17.2.3).
TEST(exception, debug_registers)
{
    constexpr uint64_t DR6_FIRST = 1u << 0;
    constexpr uint64_t DR6_NONE = 0xffff'0ff0;
    machine_write_dr6(DR6_NONE);
    struct fault execution = fault_provoke(operation_execution_breakpoint);
    machine_clear_dr7();
    uint64_t execution_dr6 = machine_read_dr6();
    machine_write_dr6(DR6_NONE);
    struct fault write = fault_provoke(operation_write_breakpoint);
    machine_clear_dr7();
    uint64_t write_dr6 = machine_read_dr6();
    machine_write_dr6(DR6_NONE);
    CHECK_EQUAL(execution.vector, DEBUG_EXCEPTION);
    CHECK_EQUAL(execution.rip, (uintptr_t)operation_execution_breakpoint_at);
    CHECK_EQUAL(execution_dr6 & 0xf, DR6_FIRST);
    CHECK_EQUAL(write.vector, DEBUG_EXCEPTION);
    CHECK_EQUAL(write.rip, (uintptr_t)operation_write_breakpoint_at);
    CHECK_EQUAL(write_dr6 & 0xf, DR6_FIRST);
}

TEST(exception, software_interrupts)
{
    static const struct expected_fault table[] = {
        {ROW(debug_interrupt), .vector = DEBUG_EXCEPTION},
        {ROW(breakpoint), .vector = BREAKPOINT},
        {ROW(breakpoint_in_two_bytes), .vector = BREAKPOINT},
        {ROW(overflow), .vector = OVERFLOW_TRAP},
        {ROW(bound_range), .vector = BOUND_RANGE},
    };
    EXPECT_FAULTS(table);
}

TEST(exception, invalid_opcode)
{
    static const struct expected_fault table[] = {
        {ROW(invalid_opcode), .vector = INVALID_OPCODE},
        {ROW(into_in_long_mode), .vector = INVALID_OPCODE},
        {ROW(lock_without_memory), .vector = INVALID_OPCODE},
    };
    EXPECT_FAULTS(table);
}

TEST(exception, device_not_available)
{
    static const struct expected_fault table[] = {{ROW(no_coprocessor), .vector = NO_COPROCESSOR}};
    EXPECT_FAULTS(table);
    __asm__ volatile("clts");
}

static const struct stack *stack_called(const char *name)
{
    const struct stack *stack;
    for (unsigned i = 0; (stack = stack_at(i)) != nullptr; i++) {
        if (strcmp(stack->name, name) == 0)
            return stack;
    }
    FAIL("there is no stack called %s", name);
}

static void check_on_stack(const struct fault *fault, const char *name)
{
    const struct stack *stack = stack_called(name);
    CHECK(fault->handler_rsp >= stack->bottom);
    CHECK(fault->handler_rsp < stack->top);
}

TEST(exception, double_fault_by_stack_overflow)
{
    fault_address = stack_called("boot")->bottom;
    struct fault fault = fault_provoke(operation_push_into_guard_page);
    CHECK_EQUAL(fault.vector, DOUBLE_FAULT);
    CHECK_EQUAL(fault.error_code, 0);
    CHECK_EQUAL(fault.rip, (uintptr_t)operation_push_into_guard_page_at);
    CHECK_EQUAL(fault.rsp, fault_address);
    CHECK(fault.cr2 >= fault_address - STACK_GUARD_SIZE);
    CHECK(fault.cr2 < fault_address);
    check_on_stack(&fault, "double fault");
}

TEST(exception, double_fault_by_missing_handler)
{
    volatile uint64_t *gate = machine_gate((uint8_t)PAGE_FAULT);
    machine_write_sealed(gate, *gate & ~MACHINE_PRESENT);
    fault_address = NULL_PLUS_24;
    struct fault fault = fault_provoke(operation_page_fault_without_handler);
    machine_write_sealed(gate, *gate | MACHINE_PRESENT);
    CHECK_EQUAL(fault.vector, DOUBLE_FAULT);
    CHECK_EQUAL(fault.error_code, 0);
    CHECK_EQUAL(fault.rip, (uintptr_t)operation_page_fault_without_handler_at);
    check_on_stack(&fault, "double fault");
}

TEST(exception, debug_has_a_stack_of_its_own)
{
    struct fault debug = fault_provoke(operation_debug_interrupt);
    check_on_stack(&debug, "debug");
}

constexpr uint64_t DESCRIPTOR_LIMIT = 0xf'0000'0000'ffff;
constexpr uint64_t DESCRIPTOR_BUSY = 1ull << 41; // of a task-state segment

// With DESCRIPTOR in the table, which the CPU marks as busy.
static void load_task_register(uint64_t descriptor)
{
    machine_unseal();
    *machine_descriptor(GDT_TASK_STATE) = descriptor & ~DESCRIPTOR_BUSY;
    __asm__ volatile("ltr %0" : : "r"(GDT_TASK_STATE) : "memory");
    machine_seal();
}

TEST(exception, invalid_task_state_by_a_segment_that_is_too_short)
{
    constexpr uint64_t LIMIT_BEFORE_DEBUG_STACK = 36 + 8 * (GDT_STACK_DEBUG - 1) - 1;
    uint64_t before = *machine_descriptor(GDT_TASK_STATE);
    load_task_register((before & ~DESCRIPTOR_LIMIT) | LIMIT_BEFORE_DEBUG_STACK);
    struct fault fault = fault_provoke(operation_gate_beyond_task_state);
    load_task_register(before);
    CHECK_EQUAL(fault.vector, INVALID_TASK_STATE);
    CHECK_EQUAL(fault.error_code, GDT_TASK_STATE);
    CHECK_EQUAL(fault.rip, (uintptr_t)operation_gate_beyond_task_state_at);
    struct fault after = fault_provoke(operation_debug_interrupt);
    CHECK_EQUAL(after.vector, DEBUG_EXCEPTION);
}

// VALUE is in the spare entry of the GDT while OPERATION loads its selector. System segments take the next one too.
static struct fault provoke_with_descriptor(test_function *operation, uint64_t value)
{
    volatile uint64_t *descriptor = machine_descriptor(SPARE_SELECTOR);
    uint64_t before[2] = {descriptor[0], descriptor[1]};
    machine_write_sealed(&descriptor[0], value);
    machine_write_sealed(&descriptor[1], 0);
    fault_selector = SPARE_SELECTOR;
    struct fault fault = fault_provoke(operation);
    machine_write_sealed(&descriptor[0], before[0]);
    machine_write_sealed(&descriptor[1], before[1]);
    return fault;
}

constexpr uint64_t DATA_ABSENT = 0x0000'1200'0000'0000;        // writable data of ring 0
constexpr uint64_t CODE_ABSENT = 0x0020'1a00'0000'0000;        // 64-bit code of ring 0
constexpr uint64_t LOCAL_TABLE_ABSENT = 0x0000'0200'0000'0000; // LDT
constexpr uint64_t TASK_STATE_ABSENT = 0x0000'0900'0000'0000;
constexpr uint64_t DATA_READ_ONLY = 0x0000'9000'0000'0000;

static void check_selector_fault(struct test_place place, const struct fault *fault, uint64_t vector,
                                 uint64_t error_code, const uint8_t *at)
{
    test_check_equal(place, "vector", fault->vector, "this vector", vector);
    test_check_equal(place, "error code", fault->error_code, "this error code", error_code);
    test_check_equal(place, "rip", fault->rip, "this rip", (uintptr_t)at);
}

TEST(exception, segment_not_present)
{
    struct fault data = provoke_with_descriptor(operation_load_data_segment, DATA_ABSENT);
    struct fault code = provoke_with_descriptor(operation_return_to_selector, CODE_ABSENT);
    struct fault local_table = provoke_with_descriptor(operation_load_local_table, LOCAL_TABLE_ABSENT);
    struct fault task_state = provoke_with_descriptor(operation_load_task_register, TASK_STATE_ABSENT);
    check_selector_fault(TEST_HERE, &data, SEGMENT_NOT_PRESENT, SPARE_SELECTOR, operation_load_data_segment_at);
    check_selector_fault(TEST_HERE, &code, SEGMENT_NOT_PRESENT, SPARE_SELECTOR, operation_return_to_selector_at);
    check_selector_fault(TEST_HERE, &local_table, SEGMENT_NOT_PRESENT, SPARE_SELECTOR, operation_load_local_table_at);
    check_selector_fault(TEST_HERE, &task_state, SEGMENT_NOT_PRESENT, SPARE_SELECTOR, operation_load_task_register_at);
}

TEST(exception, gate_not_present)
{
    volatile uint64_t *gate = machine_gate(0x80);
    machine_write_sealed(gate, *gate & ~MACHINE_PRESENT);
    struct fault fault = fault_provoke(operation_gate_80h);
    machine_write_sealed(gate, *gate | MACHINE_PRESENT);
    CHECK_EQUAL(fault.vector, SEGMENT_NOT_PRESENT);
    CHECK_EQUAL(fault.rip, (uintptr_t)operation_gate_80h_at);
    CHECK(machine_names_gate(fault.error_code, 0x80));
}

TEST(exception, stack_segment_not_present)
{
    struct fault fault = provoke_with_descriptor(operation_load_stack_segment, DATA_ABSENT);
    check_selector_fault(TEST_HERE, &fault, STACK_FAULT, SPARE_SELECTOR, operation_load_stack_segment_at);
}

// Relative to RBP, an address that is not canonical is a stack fault. QEMU's TCG says general protection.
TEST(exception, stack_fault_by_address)
{
    fault_address = NON_CANONICAL;
    struct fault fault = fault_provoke(operation_read_by_frame_pointer);
    if (machine_is_tcg() && fault.vector == GENERAL_PROTECTION)
        SKIP("TCG raises #GP for an address relative to RBP");
    check_selector_fault(TEST_HERE, &fault, STACK_FAULT, 0, operation_read_by_frame_pointer_at);
}

TEST(exception, general_protection_names_the_selector)
{
    fault_selector = 0x77f8;
    static const struct expected_fault beyond[] = {
        {ROW(load_data_segment), .vector = GENERAL_PROTECTION, .error_code = 0x77f8},
        {ROW(load_stack_segment), .vector = GENERAL_PROTECTION, .error_code = 0x77f8},
        {ROW(return_to_selector), .vector = GENERAL_PROTECTION, .error_code = 0x77f8},
        {ROW(load_task_register), .vector = GENERAL_PROTECTION, .error_code = 0x77f8},
    };
    EXPECT_FAULTS(beyond);
    // After a reset the LDT would be 64 KiB at address 0.
    fault_selector = 8 | SELECTOR_LDT;
    static const struct expected_fault local[] = {
        {ROW(load_data_segment), .vector = GENERAL_PROTECTION, .error_code = 8 | SELECTOR_LDT},
    };
    EXPECT_FAULTS(local);
    fault_selector = GDT_TASK_STATE;
    static const struct expected_fault busy[] = {
        {ROW(load_task_register), .vector = GENERAL_PROTECTION, .error_code = GDT_TASK_STATE},
        {ROW(load_data_segment), .vector = GENERAL_PROTECTION, .error_code = GDT_TASK_STATE},
        {ROW(load_local_table), .vector = GENERAL_PROTECTION, .error_code = GDT_TASK_STATE},
    };
    EXPECT_FAULTS(busy);
    fault_selector = GDT_KERNEL_DATA;
    static const struct expected_fault data[] = {
        {ROW(return_to_selector), .vector = GENERAL_PROTECTION, .error_code = GDT_KERNEL_DATA},
    };
    EXPECT_FAULTS(data);
}

TEST(exception, general_protection_by_a_stack_that_cannot_be_written)
{
    struct fault fault = provoke_with_descriptor(operation_load_stack_segment, DATA_READ_ONLY);
    check_selector_fault(TEST_HERE, &fault, GENERAL_PROTECTION, SPARE_SELECTOR, operation_load_stack_segment_at);
}

TEST(exception, general_protection_by_a_gate_beyond_the_table)
{
    struct machine_table idt = machine_idt();
    uint64_t flags = cpu_interrupts_disable(); // the timer's gate is cut off as well
    machine_load_idt((struct machine_table){0x80 * 16 - 1, idt.base});
    struct fault fault = fault_provoke(operation_gate_80h);
    machine_load_idt(idt);
    cpu_interrupts_restore(flags);
    CHECK_EQUAL(fault.vector, GENERAL_PROTECTION);
    CHECK_EQUAL(fault.rip, (uintptr_t)operation_gate_80h_at);
    CHECK(machine_names_gate(fault.error_code, 0x80));
}

TEST(exception, general_protection_by_address)
{
    fault_address = NON_CANONICAL;
    static const struct expected_fault table[] = {
        {ROW(read), .vector = GENERAL_PROTECTION},
        {ROW(write), .vector = GENERAL_PROTECTION},
    };
    EXPECT_FAULTS(table);
    struct fault fault = fault_provoke(operation_jump_far_away);
    CHECK_EQUAL(fault.vector, GENERAL_PROTECTION);
    CHECK_EQUAL(fault.error_code, 0);
}

TEST(exception, page_fault_where_nothing_is)
{
    fault_address = NULL_PLUS_24;
    const struct expected_fault table[] = {
        {ROW(read), .vector = PAGE_FAULT, .error_code = 0, .cr2 = NULL_PLUS_24},
        {ROW(write), .vector = PAGE_FAULT, .error_code = PF_WRITE, .cr2 = NULL_PLUS_24},
        {"jump", operation_jump, (const uint8_t *)NULL_PLUS_24, PAGE_FAULT, machine_fetch_bit(), NULL_PLUS_24},
    };
    EXPECT_FAULTS(table);
}

TEST(exception, page_fault_by_protection)
{
    static const uint8_t constant = 0;
    fault_address = (uintptr_t)operation_write;
    const struct expected_fault text[] = {
        {ROW(write), .vector = PAGE_FAULT, .error_code = PF_WRITE | PF_PRESENT, .cr2 = fault_address}};
    EXPECT_FAULTS(text);
    fault_address = (uintptr_t)&constant;
    const struct expected_fault read_only[] = {
        {ROW(write), .vector = PAGE_FAULT, .error_code = PF_WRITE | PF_PRESENT, .cr2 = fault_address},
    };
    EXPECT_FAULTS(read_only);
}

alignas(4096) static uint8_t victim[4096];

// The victim's page is given ENTRY while OPERATION works on it.
static struct fault provoke_with_page(test_function *operation, uint64_t clear, uint64_t set)
{
    volatile uint64_t *entries[4];
    CHECK_EQUAL(machine_walk((uintptr_t)victim, entries), 4);
    uint64_t before = *entries[3];
    fault_address = (uintptr_t)victim + 0x123;
    *entries[3] = (before & ~clear) | set;
    machine_forget_page((uintptr_t)victim);
    struct fault fault = fault_provoke(operation);
    *entries[3] = before;
    machine_forget_page((uintptr_t)victim);
    return fault;
}

TEST(exception, page_fault_by_page_table_entry)
{
    struct fault absent = provoke_with_page(operation_read, MACHINE_PAGE_PRESENT, 0);
    struct fault read_only = provoke_with_page(operation_write, MACHINE_PAGE_WRITE, 0);
    struct fault reserved = provoke_with_page(operation_read, 0, 1ull << 51);
    CHECK_EQUAL(absent.vector, PAGE_FAULT);
    CHECK_EQUAL(absent.error_code, 0);
    CHECK_EQUAL(absent.cr2, fault_address);
    CHECK_EQUAL(read_only.vector, PAGE_FAULT);
    CHECK_EQUAL(read_only.error_code, PF_WRITE | PF_PRESENT);
    CHECK_EQUAL(read_only.cr2, fault_address);
    CHECK_EQUAL(reserved.vector, PAGE_FAULT);
    uint64_t wanted = machine_is_tcg() ? PF_RESERVED : PF_RESERVED | PF_PRESENT; // TCG leaves the present bit out
    CHECK_EQUAL(reserved.error_code, wanted);
    CHECK_EQUAL(reserved.cr2, fault_address);
}

TEST(exception, x87_error)
{
    constexpr uint64_t CR0_NUMERIC_ERROR = 1u << 5;
    CHECK_EQUAL(cpu_read_cr0() & CR0_NUMERIC_ERROR, CR0_NUMERIC_ERROR);
    static const struct expected_fault table[] = {{ROW(x87_divide_by_zero), .vector = X87_ERROR}};
    EXPECT_FAULTS(table);
    __asm__ volatile("fninit");
}

TEST(exception, simd_error)
{
    constexpr uint64_t CR4_OSFXSR_AND_OSXMMEXCPT = 3u << 9;
    if (machine_is_tcg())
        SKIP("TCG never raises #XM");
    uint64_t cr4 = cpu_read_cr4();
    cpu_write_cr4(cr4 | CR4_OSFXSR_AND_OSXMMEXCPT);
    struct fault fault = fault_provoke(operation_simd_divide_by_zero);
    static const uint32_t all_masked = 0x1f80; // MXCSR after reset
    __asm__ volatile("ldmxcsr %0" : : "m"(all_masked));
    cpu_write_cr4(cr4);
    CHECK_EQUAL(fault.vector, SIMD_ERROR);
    CHECK_EQUAL(fault.rip, (uintptr_t)operation_simd_divide_by_zero_at);
}
