// SPDX-License-Identifier: MIT
// The keyboard of a terminal. Called by tty; knows no device and no reader.
#include <key_bytes/key_bytes.h>

constexpr uint8_t ESCAPE = 0x1b;
constexpr uint8_t DELETE = 0x7f; // what a terminal's Backspace sends, because 0x08 is Ctrl-H

struct writer {
    uint8_t *bytes;
    size_t length;
};

static void put(struct writer *to, uint8_t byte)
{
    to->bytes[to->length++] = byte;
}

static void put_utf8(struct writer *to, uint32_t codepoint)
{
    if (codepoint < 0x80) {
        put(to, (uint8_t)codepoint);
        return;
    }
    unsigned more = codepoint < 0x800 ? 1 : codepoint < 0x1'0000 ? 2 : 3; // bytes behind the first
    put(to, (uint8_t)((0xf00 >> (more + 1)) | codepoint >> 6 * more));
    while (more-- > 0)
        put(to, (uint8_t)(0x80 | (codepoint >> 6 * more & 0x3f)));
}

// ---- keys that type no character: ESC [ number ~, ESC [ letter, ESC O letter

struct function_key {
    uint8_t number; // 0: the sequence is one letter
    char letter;
    bool is_ss3; // without modifiers it begins with ESC O
};

// The keypad's keys mean these when they type no digit.
static const struct function_key function_keys[] = {
    [KEY_UP] = {.letter = 'A'},
    [KEY_KEYPAD_8] = {.letter = 'A'},
    [KEY_DOWN] = {.letter = 'B'},
    [KEY_KEYPAD_2] = {.letter = 'B'},
    [KEY_RIGHT] = {.letter = 'C'},
    [KEY_KEYPAD_6] = {.letter = 'C'},
    [KEY_LEFT] = {.letter = 'D'},
    [KEY_KEYPAD_4] = {.letter = 'D'},
    [KEY_KEYPAD_5] = {.letter = 'E'},
    [KEY_END] = {.letter = 'F'},
    [KEY_KEYPAD_1] = {.letter = 'F'},
    [KEY_HOME] = {.letter = 'H'},
    [KEY_KEYPAD_7] = {.letter = 'H'},
    [KEY_INSERT] = {.number = 2, .letter = '~'},
    [KEY_KEYPAD_0] = {.number = 2, .letter = '~'},
    [KEY_DELETE] = {.number = 3, .letter = '~'},
    [KEY_KEYPAD_DECIMAL] = {.number = 3, .letter = '~'},
    [KEY_PAGE_UP] = {.number = 5, .letter = '~'},
    [KEY_KEYPAD_9] = {.number = 5, .letter = '~'},
    [KEY_PAGE_DOWN] = {.number = 6, .letter = '~'},
    [KEY_KEYPAD_3] = {.number = 6, .letter = '~'},
    [KEY_F1] = {.letter = 'P', .is_ss3 = true},
    [KEY_F2] = {.letter = 'Q', .is_ss3 = true},
    [KEY_F3] = {.letter = 'R', .is_ss3 = true},
    [KEY_F4] = {.letter = 'S', .is_ss3 = true},
    [KEY_F5] = {.number = 15, .letter = '~'},
    [KEY_F6] = {.number = 17, .letter = '~'},
    [KEY_F7] = {.number = 18, .letter = '~'},
    [KEY_F8] = {.number = 19, .letter = '~'},
    [KEY_F9] = {.number = 20, .letter = '~'},
    [KEY_F10] = {.number = 21, .letter = '~'},
    [KEY_F11] = {.number = 23, .letter = '~'},
    [KEY_F12] = {.number = 24, .letter = '~'},
};

static void put_number(struct writer *to, uint8_t number)
{
    if (number >= 10)
        put(to, (uint8_t)('0' + number / 10));
    put(to, (uint8_t)('0' + number % 10));
}

// One more than the sum of Shift (1), Alt (2) and Ctrl (4); 1 says nothing and is left out.
static uint8_t modifier_number(uint8_t modifiers)
{
    return (uint8_t)(1 + (modifiers & KEY_MODIFIER_SHIFT ? 1 : 0) + (modifiers & KEY_MODIFIER_ALT ? 2 : 0) +
                     (modifiers & KEY_MODIFIER_CONTROL ? 4 : 0));
}

static void put_function_key(struct writer *to, const struct function_key *key, uint8_t modifier)
{
    bool is_modified = modifier != 1;
    put(to, ESCAPE);
    put(to, key->is_ss3 && !is_modified ? 'O' : '[');
    if (key->number != 0 || is_modified)
        put_number(to, key->number != 0 ? key->number : 1);
    if (is_modified) {
        put(to, ';');
        put_number(to, modifier);
    }
    put(to, (uint8_t)key->letter);
}

// ---- keys that type

static void put_text(struct writer *to, const struct key_event *event)
{
    bool is_control = event->modifiers & KEY_MODIFIER_CONTROL;
    if (event->modifiers & KEY_MODIFIER_ALT)
        put(to, ESCAPE);
    if (event->codepoint == '\n')
        put(to, '\r');
    else if (event->codepoint == '\b' && event->key == KEY_BACKSPACE)
        put(to, is_control ? '\b' : DELETE);
    else
        put_utf8(to, event->codepoint);
}

size_t key_bytes(const struct key_event *event, uint8_t bytes[static KEY_BYTES_LIMIT])
{
    struct writer to = {.bytes = bytes};
    if (!event->is_pressed)
        return 0;
    if (event->key == KEY_TAB && event->modifiers & KEY_MODIFIER_SHIFT)
        put_function_key(&to, &(struct function_key){.letter = 'Z'}, 1);
    else if (event->codepoint != 0)
        put_text(&to, event);
    else if (event->key < sizeof function_keys / sizeof *function_keys && function_keys[event->key].letter != 0)
        put_function_key(&to, &function_keys[event->key], modifier_number(event->modifiers));
    return to.length;
}
