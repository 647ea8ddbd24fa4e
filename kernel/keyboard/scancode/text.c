// SPDX-License-Identifier: MIT
// From a key and the modifiers to a character, and from an accent and a letter to one. Called by scancode.c; must not
// know what a scancode is, nor which keys are down.
#include "text.h"
#include "layout.h"

static bool is_between(unsigned value, unsigned first, unsigned last)
{
    return value >= first && value <= last;
}

// ---- keys of the layouts

// Runs of keys whose positions in a layout follow each other.
static const struct key_run {
    enum key first, last;
    uint8_t position;
} key_runs[] = {
    {KEY_GRAVE, KEY_GRAVE, 0},
    {KEY_1, KEY_EQUAL, 1},
    {KEY_Q, KEY_RIGHT_BRACKET, 13},
    {KEY_A, KEY_APOSTROPHE, 25},
    {KEY_BACKSLASH, KEY_BACKSLASH, 36},
    {KEY_102ND, KEY_102ND, 37},
    {KEY_Z, KEY_SLASH, 38},
};

static bool find_position(enum key key, unsigned *position)
{
    for (size_t i = 0; i < sizeof key_runs / sizeof *key_runs; i++) {
        if (is_between(key, key_runs[i].first, key_runs[i].last)) {
            *position = key_runs[i].position + (unsigned)(key - key_runs[i].first);
            return true;
        }
    }
    return false;
}

// Latin-1 and Latin Extended-A (Unicode, chapter 7.1); in the latter, capital and small letter are neighbours.
static uint16_t to_upper(uint16_t symbol)
{
    if (is_between(symbol, 'a', 'z') || (is_between(symbol, u'à', u'þ') && symbol != u'÷'))
        return symbol - 0x20;
    bool is_odd = symbol % 2 != 0;
    if ((is_between(symbol, u'Ā', u'ķ') && symbol != u'ı') || is_between(symbol, u'Ŋ', u'ŷ'))
        return is_odd ? symbol - 1 : symbol;
    if (is_between(symbol, u'Ĺ', u'ň') || is_between(symbol, u'Ź', u'ž'))
        return is_odd ? symbol : symbol - 1;
    switch (symbol) {
    case u'ÿ':
        return u'Ÿ';
    case u'ß':
        return u'ẞ';
    case u'ſ':
        return u'S';
    default:
        return symbol;
    }
}

// Caps Lock inverts Shift for a key that bears a letter in both cases; of other keys it capitalises what they type (É
// on the key é of AZERTY, whose shift is 2). So does X.
static uint16_t read_layout(const struct scancode_layout *layout, unsigned position, uint8_t modifiers)
{
    unsigned level = 0;
    if (modifiers & KEY_MODIFIER_SHIFT)
        level += LEVEL_SHIFT;
    if (modifiers & KEY_MODIFIER_ALTGR)
        level += LEVEL_ALTGR;
    if (modifiers & KEY_MODIFIER_CAPS_LOCK) {
        uint16_t plain = layout->text[level & ~LEVEL_SHIFT][position];
        uint16_t shifted = layout->text[level | LEVEL_SHIFT][position];
        if (to_upper(plain) != shifted)
            return to_upper(layout->text[level][position]);
        level ^= LEVEL_SHIFT;
    }
    return layout->text[level][position];
}

static uint16_t text_of_position(const struct scancode_layout *layout, unsigned position, uint8_t modifiers)
{
    uint16_t symbol = read_layout(layout, position, modifiers);
    if (symbol == ' ')
        return 0;
    if (!(modifiers & KEY_MODIFIER_CONTROL))
        return symbol;
    bool has_control = is_between(symbol, 'a', 'z') || is_between(symbol, 'A', '_');
    return has_control ? symbol & 0x1f : 0;
}

// ---- keys that are the same in every layout

// From KEY_KEYPAD_7 to KEY_KEYPAD_DECIMAL.
static const char keypad[] = "789-456+1230.";
static_assert(sizeof keypad - 1 == KEY_KEYPAD_DECIMAL - KEY_KEYPAD_7 + 1);

// Shift inverts NumLock; minus and plus do not care.
static uint16_t text_of_keypad(const struct scancode_layout *layout, enum key key, uint8_t modifiers)
{
    char character = keypad[key - KEY_KEYPAD_7];
    if (character == '-' || character == '+')
        return (uint16_t)character;
    bool is_numeric = modifiers & KEY_MODIFIER_NUM_LOCK;
    if (modifiers & KEY_MODIFIER_SHIFT)
        is_numeric = !is_numeric;
    if (!is_numeric)
        return 0;
    return key == KEY_KEYPAD_DECIMAL ? layout->keypad_separator : (uint16_t)character;
}

static const struct {
    enum key key;
    char character;
} fixed_keys[] = {
    {KEY_ESCAPE, 0x1b},         {KEY_BACKSPACE, '\b'},    {KEY_TAB, '\t'},
    {KEY_ENTER, '\n'},          {KEY_KEYPAD_ENTER, '\n'}, {KEY_SPACE, ' '},
    {KEY_KEYPAD_MULTIPLY, '*'}, {KEY_KEYPAD_DIVIDE, '/'},
};

uint16_t text_of_key(const struct scancode_layout *layout, enum key key, uint8_t modifiers)
{
    unsigned position;
    if (find_position(key, &position))
        return text_of_position(layout, position, modifiers);
    uint16_t symbol = 0;
    if (is_between(key, KEY_KEYPAD_7, KEY_KEYPAD_DECIMAL))
        symbol = text_of_keypad(layout, key, modifiers);
    for (size_t i = 0; i < sizeof fixed_keys / sizeof *fixed_keys; i++) {
        if (fixed_keys[i].key == key)
            symbol = (uint16_t)fixed_keys[i].character;
    }
    bool is_held_back = (modifiers & KEY_MODIFIER_CONTROL) && symbol >= ' ';
    return is_held_back ? 0 : symbol;
}

// ---- accents

// The letters of Latin-1 and Latin Extended-A.
static const struct accent {
    uint16_t accent, spacing;
    const uint16_t *letters, *composed;
} accents[] = {
    {ACCENT_GRAVE, u'`', u"aeiouAEIOU", u"àèìòùÀÈÌÒÙ"},
    {ACCENT_ACUTE, u'´', u"aeiouyclnrszAEIOUYCLNRSZ", u"áéíóúýćĺńŕśźÁÉÍÓÚÝĆĹŃŔŚŹ"},
    {ACCENT_CIRCUMFLEX, u'^', u"aeioucghjswyAEIOUCGHJSWY", u"âêîôûĉĝĥĵŝŵŷÂÊÎÔÛĈĜĤĴŜŴŶ"},
    {ACCENT_DIAERESIS, u'¨', u"aeiouyAEIOUY", u"äëïöüÿÄËÏÖÜŸ"},
};

static const struct accent *find_accent(uint16_t symbol)
{
    for (size_t i = 0; i < sizeof accents / sizeof *accents; i++) {
        if (accents[i].accent == symbol)
            return &accents[i];
    }
    return nullptr;
}

bool text_is_accent(uint16_t symbol)
{
    return find_accent(symbol) != nullptr;
}

uint16_t text_spacing_accent(uint16_t accent)
{
    const struct accent *found = find_accent(accent);
    return found ? found->spacing : 0;
}

uint16_t text_compose(uint16_t accent, uint16_t letter)
{
    const struct accent *found = find_accent(accent);
    if (found == nullptr)
        return 0;
    if (letter == ' ' || letter == accent)
        return found->spacing;
    for (size_t i = 0; found->letters[i] != 0; i++) {
        if (found->letters[i] == letter)
            return found->composed[i];
    }
    return 0;
}
