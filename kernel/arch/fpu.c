// SPDX-License-Identifier: MIT
// XSAVE where the CPU has it, FXSAVE, which every CPU with long mode has, elsewhere. Intel SDM vol. 1, chapter 13 and
// 10.5. Called by process; knows no program.
#include <arch/cpu.h>
#include <arch/fpu.h>
#include <lib/section.h>
#include <lib/string.h>
#include <stdint.h>

constexpr uint64_t CR0_EMULATE = 1u << 2;
constexpr uint64_t CR0_TASK_SWITCHED = 1u << 3; // never set here, so CR0.MP, which speaks of it, means nothing
constexpr uint64_t CR0_NUMERIC_ERROR = 1u << 5; // errors of the x87 arrive as #MF
constexpr uint64_t CR4_FXSAVE = 1u << 9;
constexpr uint64_t CR4_SIMD_EXCEPTIONS = 1u << 10;
constexpr uint64_t CR4_XSAVE = 1u << 18;

constexpr uint32_t CPUID_1_ECX_XSAVE = 1u << 26;
constexpr uint32_t XSAVE_LEAF = 0xd;

// Of XCR0, and of the mask in a saved state.
constexpr uint64_t STATE_X87_AND_SSE = 3;
constexpr uint64_t STATE_AVX = 1u << 2;
constexpr uint64_t STATE_AVX512 = 7u << 5; // all of it or nothing

// FXSAVE's area, with which XSAVE's begins (table 10-2).
constexpr size_t FXSAVE_BYTES = 512;
constexpr size_t CONTROL_WORD = 0;
constexpr size_t SIMD_CONTROL = 24;
constexpr uint16_t CONTROL_WORD_INITIAL = 0x37f;
constexpr uint32_t SIMD_CONTROL_INITIAL = 0x1f80;

READ_ONLY_AFTER_INIT static uint64_t states; // 0: there is no XSAVE
READ_ONLY_AFTER_INIT static size_t state_bytes;

// What of the CPU's states programs get. 0 also when the CPU says that it has XSAVE and no state to save with it, as an
// emulator does that was told to have it: there, its bit of CR4 must not be set.
static uint64_t choose_states(void)
{
    if (cpuid(0, 0).eax < XSAVE_LEAF || !(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
        return 0;
    uint64_t has = cpuid(XSAVE_LEAF, 0).eax;
    if ((has & STATE_X87_AND_SSE) != STATE_X87_AND_SSE)
        return 0;
    uint64_t wanted = STATE_X87_AND_SSE | (has & STATE_AVX);
    bool has_avx512 = (has & STATE_AVX) && (has & STATE_AVX512) == STATE_AVX512;
    return wanted | (has_avx512 ? STATE_AVX512 : 0);
}

static void write_xcr0(uint64_t value)
{
    __asm__ volatile("xsetbv" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(0) : "memory");
}

void fpu_init(void)
{
    cpu_write_cr0((cpu_read_cr0() | CR0_NUMERIC_ERROR) & ~(CR0_EMULATE | CR0_TASK_SWITCHED));
    cpu_write_cr4(cpu_read_cr4() | CR4_FXSAVE | CR4_SIMD_EXCEPTIONS);
    states = choose_states();
    state_bytes = FXSAVE_BYTES;
    if (states != 0) {
        cpu_write_cr4(cpu_read_cr4() | CR4_XSAVE);
        write_xcr0(states);
        state_bytes = cpuid(XSAVE_LEAF, 0).ebx; // for what XCR0 has now
    }
}

size_t fpu_state_bytes(void)
{
    return state_bytes;
}

// XRSTOR initialises what the header's mask, 0, does not name; but for MXCSR, which it takes from here.
void fpu_state_init(void *state)
{
    memset(state, 0, state_bytes);
    memcpy((uint8_t *)state + CONTROL_WORD, &CONTROL_WORD_INITIAL, sizeof CONTROL_WORD_INITIAL);
    memcpy((uint8_t *)state + SIMD_CONTROL, &SIMD_CONTROL_INITIAL, sizeof SIMD_CONTROL_INITIAL);
}

void fpu_switch(void *from, const void *to)
{
    bool saves = from != nullptr && !HEWN_BREAK_FPU_NOT_SAVED;
    if (states != 0) {
        if (saves)
            __asm__ volatile("xsave64 (%0)" : : "r"(from), "a"((uint32_t)states), "d"(0) : "memory");
        __asm__ volatile("xrstor64 (%0)" : : "r"(to), "a"((uint32_t)states), "d"(0) : "memory");
    } else {
        if (saves)
            __asm__ volatile("fxsave64 (%0)" : : "r"(from) : "memory");
        __asm__ volatile("fxrstor64 (%0)" : : "r"(to) : "memory");
    }
}
