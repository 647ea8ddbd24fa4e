// SPDX-License-Identifier: MIT
// Steps through UTF-8, and how wide characters are. Called by the editor and its display.
#include "text.h"

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t length_at(const char *text, size_t at)
{
    unsigned char first = (unsigned char)text[at];
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static uint32_t codepoint_at(const char *text, size_t at)
{
    size_t length = length_at(text, at);
    uint32_t codepoint = (unsigned char)text[at];
    if (length > 1)
        codepoint &= 0x7fu >> length;
    for (size_t i = 1; i < length; i++)
        codepoint = codepoint << 6 | ((unsigned char)text[at + i] & 0x3f);
    return codepoint;
}

size_t text_encode(uint32_t codepoint, char bytes[static 4])
{
    size_t length = codepoint < 0x80 ? 1 : codepoint < 0x800 ? 2 : codepoint < 0x1'0000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, codepoint >>= 6)
        bytes[i] = (char)(0x80 | (codepoint & 0x3f));
    bytes[0] = (char)(length == 1 ? codepoint : (0xf00u >> length & 0xff) | codepoint);
    return length;
}

// ---- width. Unicode 15, DerivedGeneralCategory (Mn, Me) and EastAsianWidth (W, F), the blocks that are in use.

struct range {
    uint32_t first, last;
};

static const struct range combining[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x64b, 0x65f},
                                         {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20ff},
                                         {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
static const struct range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xac00, 0xd7a3},
                                    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6},
                                    {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

static bool is_in(const struct range *ranges, size_t count, uint32_t codepoint)
{
    for (size_t i = 0; i < count && ranges[i].first <= codepoint; i++) {
        if (codepoint <= ranges[i].last)
            return true;
    }
    return false;
}
#define IS_IN(ranges, codepoint) is_in(ranges, sizeof(ranges) / sizeof *(ranges), codepoint)

struct text_character text_character(const char *text, size_t at)
{
    uint32_t codepoint = codepoint_at(text, at);
    bool is_control = codepoint < ' ' || codepoint == 0x7f;
    bool is_mark = IS_IN(combining, codepoint), is_alone = is_mark && at == 0;
    unsigned cells = is_control || IS_IN(wide, codepoint) ? 2 : is_mark && !is_alone ? 0 : 1;
    return (struct text_character){(uint8_t)length_at(text, at), (uint8_t)cells, is_control, is_alone};
}

// ---- steps

size_t text_before(const char *text, size_t at)
{
    do {
        at--;
        while (at > 0 && is_continuation(text[at]))
            at--;
    } while (at > 0 && text_character(text, at).cells == 0);
    return at;
}

size_t text_behind(const char *text, size_t length, size_t at)
{
    do {
        at += length_at(text, at);
    } while (at < length && text_character(text, at).cells == 0);
    return at;
}

static bool is_of_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (unsigned char)byte >= 0x80;
}

size_t text_word_start(const char *text, size_t at)
{
    while (at > 0 && !is_of_word(text[at - 1]))
        at--;
    while (at > 0 && is_of_word(text[at - 1]))
        at--;
    return at;
}

size_t text_word_end(const char *text, size_t length, size_t at)
{
    while (at < length && !is_of_word(text[at]))
        at++;
    while (at < length && is_of_word(text[at]))
        at++;
    return at;
}
