// SPDX-License-Identifier: MIT
// The machine as stage 2's C code sees it: CPU instructions, I/O ports, BIOS services. Everything with inline assembly
// is behind this header, so that host tests can put a simulated machine in its place.
#pragma once
#include <stdint.h>

struct bios_registers {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint16_t ds, es;
    uint32_t flags;
};
static_assert(sizeof(struct bios_registers) == 36, "bios_call.asm knows the layout");

constexpr uint32_t FLAG_CARRY = 1u << 0;

// Run real-mode interrupt NUMBER with REGISTERS, which must lie in the first MiB, and put back what comes out. Assume
// that it destroys everything that its documentation does not say it keeps, upper register halves included (a Samsung
// NF110 cuts EBX to 16 bits, Hyper-V overwrites all of AX). Interrupts are on inside, off before and after.
void bios_call(uint8_t number, struct bios_registers *registers);

uint8_t port_read8(uint16_t port);
void port_write8(uint16_t port, uint8_t value);
void port_write16(uint16_t port, uint16_t value);
void port_read_bytes(uint16_t port, void *buffer, uint32_t count);

// Whether EFLAGS.ID can be toggled, which tells that CPUID exists (SDM Vol. 1, 20.1).
bool cpu_has_cpuid(void);

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};
struct cpuid_result cpu_identify(uint32_t leaf, uint32_t subleaf);

uint64_t time_stamp(void);

// A word of what the BIOS keeps in the first MiB, by its physical address, which may be odd.
uint16_t low_memory_read16(uint32_t address);

// One try of RDRAND; false when it had nothing.
bool hardware_random(uint32_t *value);

// Whether the byte at 1 MiB + something is another one than the byte at something.
bool address_line_20_is_open(void);

// Copy and clear with string instructions, four bytes a step where the sizes allow.
void memory_copy(void *destination, const void *source, uint32_t size_bytes);
void memory_clear(void *destination, uint32_t size_bytes);

[[noreturn]] void halt_forever(void);
