// SPDX-License-Identifier: MIT
// Implements hardware.h on the real machine. No policy here: who calls decides what an answer means.
#include "hardware.h"

uint8_t port_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void port_write16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

void port_read_bytes(uint16_t port, void *buffer, uint32_t count)
{
    __asm__ volatile("rep insb" : "+D"(buffer), "+c"(count) : "d"(port) : "memory");
}

bool cpu_has_cpuid(void)
{
    uint32_t toggled, read_back;
    __asm__ volatile("pushfl\n\t"
                     "popl %0\n\t"
                     "xorl $0x200000, %0\n\t"
                     "pushl %0\n\t"
                     "popfl\n\t"
                     "pushfl\n\t"
                     "popl %1"
                     : "=&r"(toggled), "=&r"(read_back)
                     :
                     : "cc");
    return toggled == read_back;
}

struct cpuid_result cpu_identify(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
    return result;
}

uint64_t time_stamp(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtsc" : "=A"(ticks));
    return ticks;
}

uint16_t low_memory_read16(uint32_t address)
{
    return *(volatile const uint16_t *)address;
}

bool hardware_random(uint32_t *value)
{
    bool has_value;
    __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(has_value));
    return has_value;
}

// The far end of stage 2's stack, where nothing has been pushed yet; the writes are undone. Interrupts are off.
bool address_line_20_is_open(void)
{
    volatile uint32_t *low = (volatile uint32_t *)0x500;
    volatile uint32_t *high = (volatile uint32_t *)(0x500 + 0x10'0000);
    uint32_t saved_low = *low, saved_high = *high;
    *low = 0x4e57'4548;
    *high = ~0x4e57'4548u;
    bool is_open = *low == 0x4e57'4548;
    *high = saved_high;
    *low = saved_low;
    return is_open;
}

void memory_copy(void *destination, const void *source, uint32_t size_bytes)
{
    uint32_t words = size_bytes / 4;
    __asm__ volatile("rep movsl" : "+D"(destination), "+S"(source), "+c"(words) : : "memory");
    uint32_t rest = size_bytes % 4;
    __asm__ volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(rest) : : "memory");
}

void memory_clear(void *destination, uint32_t size_bytes)
{
    uint32_t words = size_bytes / 4;
    __asm__ volatile("rep stosl" : "+D"(destination), "+c"(words) : "a"(0) : "memory");
    uint32_t rest = size_bytes % 4;
    __asm__ volatile("rep stosb" : "+D"(destination), "+c"(rest) : "a"(0) : "memory");
}

void halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}
