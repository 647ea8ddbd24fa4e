// SPDX-License-Identifier: MIT
// Canonical input: a line is a program's when it is finished, and until then the keys below change it. Pure; one caller
// a line. Exported names start with canonical_.
//
//   Backspace, Ctrl-H  remove the last character
//   Ctrl-U             remove all
//   Enter              finish the line with a line feed
//   Ctrl-D             finish it as it is; an empty one is the end of the input
//
// Source: POSIX.1-2017, 11.1.6, "Canonical Mode Input Processing".
#pragma once
#include <stddef.h>
#include <stdint.h>

constexpr size_t CANONICAL_LIMIT = 1024; // bytes of a line, its line feed included

struct canonical {
    uint8_t bytes[CANONICAL_LIMIT];
    size_t length, taken; // of a finished line, bytes that somebody has
    bool is_finished;
};

// Takes what is to be shown, LENGTH bytes, at least 1; a line feed begins a new line.
typedef void canonical_echo_fn(void *context, const char *text, size_t length);

// Take BYTE into LINE, which is not finished. ECHO(CONTEXT) shows what comes of it; nullptr: nothing is shown. What
// does not fit rings the bell and is dropped. Returns whether the line is finished now.
bool canonical_push(struct canonical *line, uint8_t byte, canonical_echo_fn *echo, void *context);

// Give at most SIZE_BYTES of LINE, which is finished; behind the last ones a new line begins. Returns how many: 0 is
// the end of the input.
[[nodiscard]] size_t canonical_take(struct canonical *line, uint8_t *bytes, size_t size_bytes);
