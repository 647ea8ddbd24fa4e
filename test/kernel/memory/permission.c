// SPDX-License-Identifier: MIT
// The permission matrix: this access of ring 0 at this address is allowed, or raises #PF with this error code.
#include "access.h"
#include "image.h"
#include <arch/cpu.h>
#include <arch/memory_type.h>
#include <arch/msr.h>
#include <arch/protection.h>
#include <arch/stack.h>
#include <faults.h>
#include <framework/machine.h>
#include <lib/section.h>
#include <memory/device.h>
#include <memory/layout.h>
#include <memory/memory.h>
#include <memory/phys_map.h>
#include <memory/stack.h>

constexpr uint64_t PF_WRITE_PRESENT = PF_WRITE | PF_PRESENT;
constexpr uint64_t PF_FETCH_PRESENT = PF_FETCH | PF_PRESENT;
constexpr uint8_t RET = 0xc3;

static uint8_t data = RET;
static uint8_t zeroed;
static const uint8_t constant = RET;
READ_ONLY_AFTER_INIT static uint8_t sealed = RET;

// Not inlined, not merged with another one: an address of the text where a RET stands.
extern const uint8_t ret_instruction[];
__asm__(".pushsection .text.ret_instruction, \"ax\"\n"
        "ret_instruction: ret\n"
        ".popsection");

static uint64_t alias_of(const volatile void *virt)
{
    return (uintptr_t)phys_to_virt(image_phys(virt_of(virt)));
}

TEST(permission, kernel_image)
{
    uint8_t local = RET;
    const struct access_row table[] = {
        {"text", (uintptr_t)ret_instruction, ACCESS_READ, ACCESS_ALLOWED},
        {"text", (uintptr_t)ret_instruction, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"text", (uintptr_t)ret_instruction, ACCESS_EXECUTE, ACCESS_ALLOWED},
        {"first byte of the text", (uintptr_t)text_start, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"last byte of the text", (uintptr_t)text_end - 1, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"constants", (uintptr_t)&constant, ACCESS_READ, ACCESS_ALLOWED},
        {"constants", (uintptr_t)&constant, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"constants", (uintptr_t)&constant, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"last byte of the constants", (uintptr_t)constants_end - 1, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"sealed data", (uintptr_t)&sealed, ACCESS_READ, ACCESS_ALLOWED},
        {"sealed data", (uintptr_t)&sealed, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"sealed data", (uintptr_t)&sealed, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"first byte of the sealed data", (uintptr_t)sealed_start, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"last byte of the sealed data", (uintptr_t)sealed_end - 1, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"IDT", machine_idt().base, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"GDT", machine_gdt().base, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"data", (uintptr_t)&data, ACCESS_WRITE, ACCESS_ALLOWED},
        {"data", (uintptr_t)&data, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"zeroed data", (uintptr_t)&zeroed, ACCESS_WRITE, ACCESS_ALLOWED},
        {"zeroed data", (uintptr_t)&zeroed, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"boot stack", (uintptr_t)&local, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"symbols", (uintptr_t)symbol_table_start, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"symbols", (uintptr_t)symbol_table_start, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"before the image", MEMORY_KERNEL_IMAGE - 1, ACCESS_READ, 0},
        {"behind the image", (uintptr_t)symbol_table_end + PAGE_SIZE, ACCESS_READ, 0},
        {"last byte", UINT64_MAX, ACCESS_READ, 0},
    };
    CHECK_ACCESSES(table);
}

TEST(permission, direct_map_of_the_kernel_image)
{
    const struct access_row table[] = {
        {"text", alias_of(ret_instruction), ACCESS_READ, ACCESS_ALLOWED},
        {"text", alias_of(ret_instruction), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"text", alias_of(ret_instruction), ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"first byte of the text", alias_of(text_start), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"last byte of the text", alias_of(text_end - 1), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"constants", alias_of(&constant), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"constants", alias_of(&constant), ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"last byte of the constants", alias_of(constants_end - 1), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"sealed data", alias_of(&sealed), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"sealed data", alias_of(&sealed), ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"IDT", alias_of((const void *)machine_idt().base), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"GDT", alias_of((const void *)machine_gdt().base), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"symbols", alias_of(symbol_table_start), ACCESS_WRITE, PF_WRITE_PRESENT},
        {"data", alias_of(&data), ACCESS_WRITE, ACCESS_ALLOWED},
        {"data", alias_of(&data), ACCESS_EXECUTE, PF_FETCH_PRESENT},
    };
    CHECK_ACCESSES(table);
}

TEST(permission, direct_map)
{
    phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
    CHECK(frame.value != 0);
    uint64_t address = (uintptr_t)phys_to_virt(frame);
    const struct access_row table[] = {
        {"frame", address, ACCESS_WRITE, ACCESS_ALLOWED},
        {"frame", address, ACCESS_READ, ACCESS_ALLOWED},
        {"frame", address, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"device in the direct map", MEMORY_DIRECT_MAP.start + 0xfee0'0000, ACCESS_READ, 0},
        {"end of the direct map", MEMORY_DIRECT_MAP.start + MEMORY_DIRECT_MAP.size_bytes - 1, ACCESS_READ, 0},
    };
    CHECK_ACCESSES(table);
    frame_free(memory_frames(), frame, FRAME_ORDER_4K);
}

// Where the loader had all of memory, and a null pointer with an offset leads.
TEST(permission, nothing_is_in_the_lower_half)
{
    const uint64_t addresses[] = {0,
                                  8,
                                  PAGE_SIZE - 1,
                                  PAGE_SIZE,
                                  0x7c00,
                                  0xb'8000,
                                  0x10'0000,
                                  image_phys(virt_of(text_start)).value,
                                  image_phys(virt_of(&data)).value,
                                  cpu_read_cr3() & MACHINE_PAGE_ADDRESS,
                                  0xfee0'0000,
                                  0xffff'ffff,
                                  1ull << 32,
                                  1ull << 39,
                                  (1ull << 47) - 1};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        access_try("lower half", addresses[i], ACCESS_READ, 0);
        access_try("lower half", addresses[i], ACCESS_WRITE, PF_WRITE);
        access_try("lower half", addresses[i], ACCESS_EXECUTE, PF_FETCH);
    }
    CHECK_TRIED();
}

static void check_guard(const char *name, uint64_t bottom)
{
    access_try(name, bottom, ACCESS_READ, ACCESS_ALLOWED);
    access_try(name, bottom - 1, ACCESS_READ, 0);
    access_try(name, bottom - 1, ACCESS_WRITE, PF_WRITE);
    access_try(name, bottom - STACK_GUARD_SIZE, ACCESS_WRITE, PF_WRITE);
    access_try(name, bottom - 8, ACCESS_EXECUTE, PF_FETCH);
    CHECK_TRIED();
}

TEST(permission, guards_below_the_stacks)
{
    const struct stack *stack;
    unsigned count = 0;
    for (; (stack = stack_at(count)) != nullptr; count++) {
        const struct access_row top = {stack->name, stack->top - 1, ACCESS_EXECUTE, PF_FETCH_PRESENT};
        access_check(TEST_HERE, &top, 1);
        check_guard(stack->name, stack->bottom);
    }
    CHECK_EQUAL(count, 5);
}

TEST(permission, guard_below_a_stack_that_was_made)
{
    struct kernel_stack made;
    CHECK_EQUAL(kernel_stack_allocate(4 * PAGE_SIZE, &made), STATUS_OK);
    CHECK_EQUAL(made.top.value - made.bottom.value, 4 * PAGE_SIZE);
    check_guard("made stack", made.bottom.value);
    const struct access_row table[] = {
        {"made stack", made.top.value - 8, ACCESS_WRITE, ACCESS_ALLOWED},
        {"made stack", made.bottom.value, ACCESS_WRITE, ACCESS_ALLOWED},
        {"made stack", made.bottom.value, ACCESS_EXECUTE, PF_FETCH_PRESENT},
    };
    CHECK_ACCESSES(table);
    kernel_stack_free(&made);
    access_try("stack that was given back", made.bottom.value, ACCESS_READ, 0);
    CHECK_TRIED();
}

TEST(permission, pages_of_devices)
{
    constexpr phys_addr_t REGISTERS = {0xfed0'0000}; // an HPET's or nobody's; nothing is read there
    constexpr phys_addr_t FIRMWARE = {0xf'0000};
    volatile void *registers = device_map(REGISTERS, PAGE_SIZE, PAGE_UNCACHED);
    const void *firmware = firmware_map(FIRMWARE, PAGE_SIZE);
    CHECK(registers != nullptr);
    CHECK(firmware != nullptr);
    const struct access_row table[] = {
        {"registers", (uintptr_t)registers, ACCESS_EXECUTE, PF_FETCH_PRESENT},
        {"firmware", (uintptr_t)firmware, ACCESS_READ, ACCESS_ALLOWED},
        {"firmware", (uintptr_t)firmware, ACCESS_WRITE, PF_WRITE_PRESENT},
        {"firmware", (uintptr_t)firmware, ACCESS_EXECUTE, PF_FETCH_PRESENT},
    };
    CHECK_ACCESSES(table);
}

static void try_page(const char *name, enum page_rights rights)
{
    constexpr uint64_t ADDRESS = MEMORY_HEAP.start + (1ull << 30);
    bool is_executable = (rights & PAGE_EXECUTE) || !access_has_no_execute();
    *(uint8_t *)machine_map_frame(ADDRESS, rights | PAGE_GLOBAL) = RET;
    access_try(name, ADDRESS, ACCESS_READ, ACCESS_ALLOWED);
    access_try(name, ADDRESS, ACCESS_EXECUTE, is_executable ? ACCESS_ALLOWED : PF_FETCH_PRESENT);
    access_try(name, ADDRESS, ACCESS_WRITE, rights & PAGE_WRITE ? ACCESS_ALLOWED : PF_WRITE_PRESENT);
    machine_unmap_frame(ADDRESS);
    access_try(name, ADDRESS, ACCESS_READ, 0);
}

TEST(permission, pages_of_the_heap_have_the_rights_they_were_given)
{
    try_page("data page", PAGE_WRITE);
    try_page("constant page", PAGE_READ);
    try_page("code page", PAGE_EXECUTE);
    CHECK_TRIED();
}

// ---- what is ring 3's

constexpr uint64_t PROGRAM = 0x40'0000;

static void read_with_access_flag(void)
{
    uint8_t byte;
    __asm__ volatile("stac\n\tmovb (%1), %0\n\tclac" : "=q"(byte) : "r"(PROGRAM) : "memory");
}

static void write_with_access_flag(void)
{
    __asm__ volatile("stac\n\tmovb %b0, (%1)\n\tclac" : : "q"(RET), "r"(PROGRAM) : "memory");
}

TEST(permission, ring_0_reaches_memory_of_programs_with_the_access_flag_alone)
{
    bool has_smap = cpu_identify_protections().has_smap;
    machine_map_frame(PROGRAM, PAGE_USER | PAGE_WRITE);
    access_try("program's data", PROGRAM, ACCESS_READ, has_smap ? PF_PRESENT : ACCESS_ALLOWED);
    access_try("program's data", PROGRAM, ACCESS_WRITE, has_smap ? PF_WRITE_PRESENT : ACCESS_ALLOWED);
    struct fault read = {}, write = {};
    if (has_smap) {
        read = fault_provoke(read_with_access_flag);
        write = fault_provoke(write_with_access_flag);
    }
    machine_unmap_frame(PROGRAM);
    CHECK_TRIED();
    CHECK(!read.has_happened);
    CHECK(!write.has_happened);
}

TEST(permission, ring_0_does_not_execute_what_is_a_programs)
{
    bool has_smep = cpu_identify_protections().has_smep;
    *(uint8_t *)machine_map_frame(PROGRAM, PAGE_USER | PAGE_EXECUTE) = RET;
    access_try("program's code", PROGRAM, ACCESS_EXECUTE, has_smep ? PF_FETCH_PRESENT : ACCESS_ALLOWED);
    machine_unmap_frame(PROGRAM);
    CHECK_TRIED();
}

// ---- what the CPU was told

TEST(permission, cpu_uses_what_it_has)
{
    constexpr uint64_t CR0_WRITE_PROTECT = 1u << 16;
    constexpr uint64_t CR4_UMIP = 1u << 11, CR4_FSGSBASE = 1u << 16, CR4_SMEP = 1u << 20, CR4_SMAP = 1u << 21;
    constexpr uint64_t EFER_NO_EXECUTE = 1u << 11;
    struct cpu_protections cpu = cpu_identify_protections();
    uint64_t cr4 = cpu_read_cr4();
    CHECK(cpu_read_cr0() & CR0_WRITE_PROTECT);
    CHECK_EQUAL((cr4 & CR4_SMEP) != 0, cpu.has_smep);
    CHECK_EQUAL((cr4 & CR4_SMAP) != 0, cpu.has_smap);
    CHECK_EQUAL((cr4 & CR4_UMIP) != 0, cpu.has_umip);
    CHECK_EQUAL((cr4 & CPU_CR4_GLOBAL_PAGES) != 0, cpu.has_global_pages);
    CHECK_EQUAL((msr_read(MSR_EFER) & EFER_NO_EXECUTE) != 0, cpu.has_no_execute);
    CHECK_EQUAL(cr4 & CR4_FSGSBASE, 0);
    CHECK(cpu.phys_bits >= 36);
    CHECK(cpu.phys_bits <= 52);
}

// Intel SDM vol. 3, table 11-10: 6 is write-back, 4 write-through, 7 UC-, 0 uncached, 1 write-combining.
TEST(permission, memory_types_are_numbered_as_page_tables_number_them)
{
    constexpr uint32_t CPUID_1_EDX_PAT = 1u << 16;
    bool has_table = cpuid(1, 0).edx & CPUID_1_EDX_PAT;
    CHECK_EQUAL(memory_type_has_write_combining(), has_table);
    if (!has_table)
        return;
    // A firmware may have left another table.
    constexpr uint64_t ALL_UNCACHED_BUT_THE_FIRST = 6;
    uint64_t flags = cpu_interrupts_disable();
    msr_write(MSR_PAGE_ATTRIBUTE_TABLE, ALL_UNCACHED_BUT_THE_FIRST);
    machine_unseal();
    memory_type_init();
    machine_seal();
    cpu_interrupts_restore(flags);
    uint64_t types = msr_read(MSR_PAGE_ATTRIBUTE_TABLE);
    CHECK_EQUAL(types >> 8 * PAGE_WRITE_BACK & 0xff, 6);
    CHECK_EQUAL(types >> 8 & 0xff, 4);
    CHECK_EQUAL(types >> 16 & 0xff, 7);
    CHECK_EQUAL(types >> 8 * PAGE_UNCACHED & 0xff, 0);
    CHECK_EQUAL(types >> 8 * PAGE_WRITE_COMBINING & 0xff, 1);
}
