// SPDX-License-Identifier: MIT
// From the bytes that a terminal sends to keys: UTF-8, control characters, and the sequences of xterm, screen, the
// console of Linux, rxvt and the VT220 for the same keys. Pure; any context. Exported names start with key_decoder_.
//
// Source: ECMA-48 5.4 (control sequences); XTerm Control Sequences, "PC-Style Function Keys".
#pragma once
#include <stddef.h>
#include <stdint.h>

enum typed_kind : uint8_t {
    TYPED_CHARACTER, // one that has a shape, or takes one with its neighbour
    TYPED_CONTROL,   // Ctrl with the letter, or one of @ [ \ ] ^ _, that CODEPOINT is
    TYPED_META,      // Alt with CODEPOINT, a letter as it was typed, or 0x7f: Backspace
    TYPED_ENTER,
    TYPED_TAB,
    TYPED_BACKSPACE,
    TYPED_DELETE,
    TYPED_UP,
    TYPED_DOWN,
    TYPED_LEFT,
    TYPED_RIGHT,
    TYPED_WORD_LEFT, // Ctrl or Alt with an arrow
    TYPED_WORD_RIGHT,
    TYPED_HOME,
    TYPED_END,
    TYPED_PASTE_BEGIN, // what follows is no typing (bracketed paste)
    TYPED_PASTE_END,
};

struct typed_key {
    enum typed_kind kind;
    uint32_t codepoint;
};

// All zero: nothing has begun. The fields are the decoder's own.
struct key_decoder {
    uint8_t state;
    bool has_return;      // the last byte was CR: a LF behind it is the same key
    uint8_t missing;      // bytes of a character that has begun
    uint32_t codepoint;   // of that
    uint32_t least;       // codepoint that needs as many bytes
    uint16_t number[2];   // parameters of a sequence
    uint8_t number_count; // 0: none has begun
    bool is_private;
};

constexpr size_t KEY_DECODER_LIMIT = 2; // keys that one byte can end

// Take BYTE; returns how many keys it has ended, which are in KEYS. No sequence of bytes is wrong: what is no character
// is U+FFFD, and a sequence that means no key ends without one. So do the answers of terminals. A control character
// within a sequence ends that and counts itself. O(1).
[[nodiscard]] size_t key_decoder_push(struct key_decoder *decoder, uint8_t byte,
                                      struct typed_key keys[static KEY_DECODER_LIMIT]);

// Whether something has begun that the next byte may end.
[[nodiscard]] bool key_decoder_is_waiting(const struct key_decoder *decoder);

// Nothing came for a while: forget what has begun, the key Escape for instance.
void key_decoder_forget(struct key_decoder *decoder);
