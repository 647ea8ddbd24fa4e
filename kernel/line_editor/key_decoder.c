// SPDX-License-Identifier: MIT
// The decoder: one state, a function for each. Called by whoever reads bytes; knows no line.
#include <line_editor/key_decoder.h>

enum state : uint8_t {
    GROUND,
    CHARACTER, // a character of several bytes
    ESCAPE,
    CONTROL_SEQUENCE, // ESC [
    SHIFT_THREE,      // ESC O
    ONE_MORE,         // ESC [ [ of Linux's console: F1 to F5
};

constexpr uint8_t ESC = 0x1b, DEL = 0x7f;
constexpr uint32_t REPLACEMENT = 0xfffd;
constexpr uint16_t NUMBER_LIMIT = 9999;

struct keys {
    struct typed_key *key;
    size_t count;
};

static void give(struct keys *keys, enum typed_kind kind, uint32_t codepoint)
{
    keys->key[keys->count++] = (struct typed_key){kind, codepoint};
}

// ---- sequences

static void begin_sequence(struct key_decoder *decoder, enum state state)
{
    decoder->state = state;
    decoder->number[0] = decoder->number[1] = 0;
    decoder->number_count = 0;
    decoder->is_private = false;
}

static void take_digit(struct key_decoder *decoder, uint8_t digit)
{
    if (decoder->number_count == 0)
        decoder->number_count = 1;
    if (decoder->number_count > 2)
        return;
    uint16_t *number = &decoder->number[decoder->number_count - 1];
    *number = (uint16_t)(*number * 10 + (digit - '0'));
    if (*number > NUMBER_LIMIT)
        *number = NUMBER_LIMIT;
}

// Bits of the modifier, one more than their sum: Shift 1, Alt 2, Ctrl 4. Old terminals give it as the only number.
static bool has_control_or_alt(const struct key_decoder *decoder)
{
    unsigned modifier = decoder->number_count >= 2 ? decoder->number[1] : decoder->number[0];
    return modifier > 1 && (modifier - 1) & 6;
}

static void give_letter_key(const struct key_decoder *decoder, uint8_t letter, struct keys *keys)
{
    bool is_word = has_control_or_alt(decoder);
    switch (letter) {
    case 'A':
        give(keys, TYPED_UP, 0);
        break;
    case 'B':
        give(keys, TYPED_DOWN, 0);
        break;
    case 'C':
        give(keys, is_word ? TYPED_WORD_RIGHT : TYPED_RIGHT, 0);
        break;
    case 'D':
        give(keys, is_word ? TYPED_WORD_LEFT : TYPED_LEFT, 0);
        break;
    case 'F':
        give(keys, TYPED_END, 0);
        break;
    case 'H':
        give(keys, TYPED_HOME, 0);
        break;
    default: // another key, or an answer
        break;
    }
}

static void give_numbered_key(uint16_t number, struct keys *keys)
{
    switch (number) {
    case 1: // VT220's Find, where Home is on a PC; 7: rxvt
    case 7:
        give(keys, TYPED_HOME, 0);
        break;
    case 3:
        give(keys, TYPED_DELETE, 0);
        break;
    case 4: // Select; 8: rxvt
    case 8:
        give(keys, TYPED_END, 0);
        break;
    case 200:
        give(keys, TYPED_PASTE_BEGIN, 0);
        break;
    case 201:
        give(keys, TYPED_PASTE_END, 0);
        break;
    default:
        break;
    }
}

static void end_control_sequence(struct key_decoder *decoder, uint8_t final, struct keys *keys)
{
    decoder->state = GROUND;
    if (decoder->is_private)
        return;
    if (final == '[' && decoder->number_count == 0)
        decoder->state = ONE_MORE;
    else if (final == '~')
        give_numbered_key(decoder->number[0], keys);
    else
        give_letter_key(decoder, final, keys);
}

// Returns whether BYTE is part of the sequence.
static bool take_in_control_sequence(struct key_decoder *decoder, uint8_t byte, struct keys *keys)
{
    if (byte < ' ' || byte >= DEL)
        return false;
    if (byte >= '0' && byte <= '9')
        take_digit(decoder, byte);
    else if (byte == ';')
        decoder->number_count = decoder->number_count < 2 ? 2 : 3;
    else if (byte < '@')
        decoder->is_private = true; // intermediate bytes and private parameters: no key
    else
        end_control_sequence(decoder, byte, keys);
    return true;
}

// ESC O, digits of a modifier with some, and a letter; rxvt has small ones for arrows with Ctrl.
static bool take_in_shift_three(struct key_decoder *decoder, uint8_t byte, struct keys *keys)
{
    if (byte < ' ' || byte >= DEL)
        return false;
    if (byte >= '0' && byte <= '9') {
        take_digit(decoder, byte);
        return true;
    }
    decoder->state = GROUND;
    if (byte == 'M')
        give(keys, TYPED_ENTER, 0);
    else if (byte == 'c')
        give(keys, TYPED_WORD_RIGHT, 0);
    else if (byte == 'd')
        give(keys, TYPED_WORD_LEFT, 0);
    else
        give_letter_key(decoder, byte, keys);
    return true;
}

static bool take_after_escape(struct key_decoder *decoder, uint8_t byte, struct keys *keys)
{
    if (byte == '[')
        begin_sequence(decoder, CONTROL_SEQUENCE);
    else if (byte == 'O')
        begin_sequence(decoder, SHIFT_THREE);
    else if (byte == DEL || byte == '\b')
        give(keys, TYPED_META, DEL);
    else if (byte >= ' ' && byte < DEL)
        give(keys, TYPED_META, byte);
    else
        return false;
    if (keys->count != 0)
        decoder->state = GROUND;
    return true;
}

// ---- characters

static void begin_character(struct key_decoder *decoder, uint8_t first, struct keys *keys)
{
    decoder->missing = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    decoder->least = decoder->missing == 3 ? 0x1'0000 : decoder->missing == 2 ? 0x800 : 0x80;
    decoder->codepoint = first & (0x3fu >> decoder->missing);
    if (first < 0xc2 || first > 0xf4) // a continuation, an overlong form, or beyond Unicode
        give(keys, TYPED_CHARACTER, REPLACEMENT);
    else
        decoder->state = CHARACTER;
}

static bool is_character(uint32_t codepoint, uint32_t least)
{
    return codepoint >= least && codepoint <= 0x10'ffff && (codepoint < 0xd800 || codepoint > 0xdfff);
}

// Returns whether BYTE is part of the character; one that breaks off is the replacement.
static bool take_in_character(struct key_decoder *decoder, uint8_t byte, struct keys *keys)
{
    if ((byte & 0xc0) != 0x80) {
        give(keys, TYPED_CHARACTER, REPLACEMENT);
        return false;
    }
    decoder->codepoint = decoder->codepoint << 6 | (byte & 0x3f);
    if (--decoder->missing != 0)
        return true;
    decoder->state = GROUND;
    if (!is_character(decoder->codepoint, decoder->least))
        give(keys, TYPED_CHARACTER, REPLACEMENT);
    else if (decoder->codepoint >= 0xa0) // below are control characters of one byte, which no key sends
        give(keys, TYPED_CHARACTER, decoder->codepoint);
    return true;
}

// ---- all of them

static void take_control(struct key_decoder *decoder, uint8_t byte, struct keys *keys)
{
    if (byte == ESC)
        decoder->state = ESCAPE;
    else if (byte == '\r' || byte == '\n')
        give(keys, TYPED_ENTER, 0);
    else if (byte == '\t')
        give(keys, TYPED_TAB, 0);
    else if (byte == '\b' || byte == DEL)
        give(keys, TYPED_BACKSPACE, 0);
    else
        give(keys, TYPED_CONTROL, byte + 0x40u);
}

static void take_on_ground(struct key_decoder *decoder, uint8_t byte, struct keys *keys)
{
    if (byte < ' ' || byte == DEL)
        take_control(decoder, byte, keys);
    else if (byte < 0x80)
        give(keys, TYPED_CHARACTER, byte);
    else
        begin_character(decoder, byte, keys);
}

// Returns whether BYTE is part of what has begun.
static bool take_in_state(struct key_decoder *decoder, uint8_t byte, struct keys *keys)
{
    switch ((enum state)decoder->state) {
    case GROUND:
        return false;
    case CHARACTER:
        return take_in_character(decoder, byte, keys);
    case ESCAPE:
        return take_after_escape(decoder, byte, keys);
    case CONTROL_SEQUENCE:
        return take_in_control_sequence(decoder, byte, keys);
    case SHIFT_THREE:
        return take_in_shift_three(decoder, byte, keys);
    case ONE_MORE:
        decoder->state = GROUND;
        return byte >= ' ' && byte < DEL;
    }
    return false;
}

size_t key_decoder_push(struct key_decoder *decoder, uint8_t byte, struct typed_key keys[static KEY_DECODER_LIMIT])
{
    struct keys given = {.key = keys};
    bool is_second_half = decoder->has_return && byte == '\n';
    decoder->has_return = byte == '\r';
    if (is_second_half || take_in_state(decoder, byte, &given))
        return given.count;
    decoder->state = GROUND;
    take_on_ground(decoder, byte, &given);
    return given.count;
}

bool key_decoder_is_waiting(const struct key_decoder *decoder)
{
    return decoder->state != GROUND;
}

void key_decoder_forget(struct key_decoder *decoder)
{
    decoder->state = GROUND;
}
