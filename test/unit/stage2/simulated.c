// SPDX-License-Identifier: MIT
// stop() and say() of the tests beside this file, and what their simulated BIOSes share (simulated.h).
#include <support/unit.h>

#include "simulated.h"
#include <stage2/console.h>
#include <stdio.h>

char said[4096], sentence[512];
jmp_buf stopped;
bool is_stop_expected;

void simulated_reset(void)
{
    said[0] = '\0';
    sentence[0] = '\0';
    is_stop_expected = false;
}

void say(const char *format, ...)
{
    size_t length = strlen(said);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said + length, sizeof said - length, format, arguments);
    va_end(arguments);
}

void stop(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (!is_stop_expected)
        fail_msg("stopped: %s", sentence);
    longjmp(stopped, 1);
}

void assert_words(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("<%s> is not in <%s>", *words, text);
}

void *real_mode_pointer(uint16_t segment, uint32_t offset)
{
    constexpr uintptr_t space = 1u << 20;
    uintptr_t own = (uintptr_t)said;
    uintptr_t low = (((uintptr_t)segment << 4) + offset) & (space - 1);
    uintptr_t address = (own & ~(space - 1)) | low;
    if (address > own + space / 2)
        address -= space;
    else if (address + space / 2 < own)
        address += space;
    return (void *)address;
}

void ruin_registers(struct bios_registers *registers)
{
    *registers = (struct bios_registers){GARBAGE, GARBAGE, GARBAGE, GARBAGE, GARBAGE,
                                         GARBAGE, GARBAGE, 0xb800,  0xb800,  registers->flags};
}
