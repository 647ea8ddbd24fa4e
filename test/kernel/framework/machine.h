// SPDX-License-Identifier: MIT
// What the tests change in the CPU's tables, and put back. For the tests of arch and interrupt: the kernel itself has
// no business there.
#pragma once
#include <page_table/page_table.h>
#include <stdint.h>

struct [[gnu::packed]] machine_table {
    uint16_t limit;
    uint64_t base;
};

static inline struct machine_table machine_gdt(void)
{
    struct machine_table table;
    __asm__ volatile("sgdt %0" : "=m"(table));
    return table;
}

static inline struct machine_table machine_idt(void)
{
    struct machine_table table;
    __asm__ volatile("sidt %0" : "=m"(table));
    return table;
}

static inline void machine_load_idt(struct machine_table table)
{
    __asm__ volatile("lidt %0" : : "m"(table) : "memory");
}

// An entry of the GDT, and a gate's first half: both 64 bits wide.
static inline volatile uint64_t *machine_descriptor(uint16_t selector)
{
    return (volatile uint64_t *)(machine_gdt().base + (selector & ~7u));
}

static inline volatile uint64_t *machine_gate(uint8_t vector)
{
    return (volatile uint64_t *)(machine_idt().base + vector * 16u);
}

constexpr uint64_t MACHINE_PRESENT = 1ull << 47; // of a descriptor, and of a gate's first half

// The address that a gate leads to (Intel SDM vol. 3, 6.14.1).
static inline uint64_t machine_gate_target(uint8_t vector)
{
    const volatile uint64_t *gate = machine_gate(vector);
    return (gate[0] & 0xffff) | (gate[0] >> 48) << 16 | gate[1] << 32;
}

// Between the two, this CPU writes to what is read-only, READ_ONLY_AFTER_INIT above all.
void machine_unseal(void);
void machine_seal(void);

// Write one such word.
void machine_write_sealed(volatile uint64_t *word, uint64_t value);

static inline void machine_clear_dr7(void)
{
    __asm__ volatile("movq %0, %%dr7" : : "r"(0x400ull));
}

static inline uint64_t machine_read_dr6(void)
{
    uint64_t value;
    __asm__ volatile("movq %%dr6, %0" : "=r"(value));
    return value;
}

static inline void machine_write_dr6(uint64_t value)
{
    __asm__ volatile("movq %0, %%dr6" : : "r"(value));
}

// The page-table entry that maps ADDRESS as a 4 KiB page, and those above it in ENTRIES, top first; the number of
// entries: 4, or fewer when a large page or nothing is there (vol. 3, 4.5).
unsigned machine_walk(uint64_t address, volatile uint64_t *entries[4]);

constexpr uint64_t MACHINE_PAGE_PRESENT = 1u << 0;
constexpr uint64_t MACHINE_PAGE_WRITE = 1u << 1;
constexpr uint64_t MACHINE_PAGE_USER = 1u << 2;
constexpr uint64_t MACHINE_PAGE_LARGE = 1u << 7;
constexpr uint64_t MACHINE_PAGE_ADDRESS = 0x000f'ffff'ffff'f000;
constexpr uint64_t MACHINE_PAGE_NO_EXECUTE = 1ull << 63;

static inline void machine_forget_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

// Map a frame of its own, all zero, at the page ADDRESS, for 4 KiB with RIGHTS; and give both back. Returns where the
// kernel has it in the direct map.
void *machine_map_frame(uint64_t address, enum page_rights rights);
void machine_unmap_frame(uint64_t address);

// What a page fault's error code has of an instruction fetch: bit 4, or 0 on a CPU that has neither NX nor SMEP and
// tells no fetch from a read (vol. 3, 4.7).
uint64_t machine_fetch_bit(void);

// Whether this is QEMU without hardware acceleration, whose CPU leaves out what few programs need.
bool machine_is_tcg(void);

// Whether ERROR_CODE names the gate of VECTOR (vol. 3, 6.13).
bool machine_names_gate(uint64_t error_code, uint64_t vector);
