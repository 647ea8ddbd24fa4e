// SPDX-License-Identifier: MIT
// What the tests of stage 2's services share: its voice, caught, and the ways in which a simulated BIOS reaches memory.
// Each test supplies the functions of stage2/hardware.h that its service calls. Include after support/unit.h.
#pragma once
#include <stage2/hardware.h>

// What say() printed since simulated_reset(), and the sentence of the last stop().
extern char said[4096], sentence[512];
extern jmp_buf stopped;
extern bool is_stop_expected;

void simulated_reset(void);

// STATEMENT must end in a sentence that contains each of the words given.
#define ASSERT_STOPS(statement, ...)                                                                                   \
    do {                                                                                                               \
        is_stop_expected = true;                                                                                       \
        if (setjmp(stopped) == 0) {                                                                                    \
            statement;                                                                                                 \
            fail_msg("no sentence");                                                                                   \
        }                                                                                                              \
        is_stop_expected = false;                                                                                      \
        assert_words(sentence, (const char *[]){__VA_ARGS__, nullptr});                                                \
    } while (false)

void assert_words(const char *text, const char *const *words);

// The object of this program that SEGMENT:OFFSET means. Stage 2's pointers are cut to 20 bits, as on the real machine;
// the rest is that of the nearest place to this program's own data.
void *real_mode_pointer(uint16_t segment, uint32_t offset);

// Every register but those that are kept becomes what a careless BIOS leaves. Flags are the caller's.
void ruin_registers(struct bios_registers *registers);
constexpr uint32_t GARBAGE = 0x0bad'c0de;
