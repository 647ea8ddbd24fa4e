// SPDX-License-Identifier: MIT
// From key events to the bytes that a terminal sends for them, as xterm does with its defaults, so that whoever reads
// need not know whether somebody sits at the machine or at the other end of a serial line. Pure; any context. Exported
// names start with key_bytes.
//
// Source: ECMA-48 (control functions), XTerm Control Sequences, "PC-Style Function Keys" and "VT220-Style Function
// Keys".
#pragma once
#include <scancode/scancode.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t KEY_BYTES_LIMIT = 8;

// Write what EVENT sends to BYTES; returns how many there are. None: a key that types nothing, or its release.
[[nodiscard]] size_t key_bytes(const struct key_event *event, uint8_t bytes[static KEY_BYTES_LIMIT]);
