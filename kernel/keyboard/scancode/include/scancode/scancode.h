// SPDX-License-Identifier: MIT
// From the bytes of a PC keyboard to key events: scancode set 1, which is what the i8042 delivers with its translation
// on. Owns what a byte means, which keys are down, the modifiers and the layouts; knows no controller and no device.
// Pure; one caller a decoder. Exported names start with scancode_ and key_. O(1) a byte, but for release_all.
//
// Source of the codes: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)", set 1.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A key by its position, under the name that it has on a US keyboard. The value is its set 1 code, plus 80h when E0h
// precedes it; keys that have no name here (multimedia keys, Japanese and Brazilian ones) have their value all the
// same.
enum key : uint8_t {
    KEY_NONE, // no key: see scancode_next_event()
    KEY_ESCAPE = 0x01,
    KEY_1 = 0x02,
    KEY_2,
    KEY_3,
    KEY_4,
    KEY_5,
    KEY_6,
    KEY_7,
    KEY_8,
    KEY_9,
    KEY_0,
    KEY_MINUS,
    KEY_EQUAL,
    KEY_BACKSPACE,
    KEY_TAB = 0x0f,
    KEY_Q,
    KEY_W,
    KEY_E,
    KEY_R,
    KEY_T,
    KEY_Y,
    KEY_U,
    KEY_I,
    KEY_O,
    KEY_P,
    KEY_LEFT_BRACKET,
    KEY_RIGHT_BRACKET,
    KEY_ENTER = 0x1c,
    KEY_LEFT_CONTROL = 0x1d,
    KEY_A,
    KEY_S,
    KEY_D,
    KEY_F,
    KEY_G,
    KEY_H,
    KEY_J,
    KEY_K,
    KEY_L,
    KEY_SEMICOLON,
    KEY_APOSTROPHE,
    KEY_GRAVE = 0x29,
    KEY_LEFT_SHIFT = 0x2a,
    KEY_BACKSLASH = 0x2b,
    KEY_Z,
    KEY_X,
    KEY_C,
    KEY_V,
    KEY_B,
    KEY_N,
    KEY_M,
    KEY_COMMA,
    KEY_PERIOD,
    KEY_SLASH,
    KEY_RIGHT_SHIFT = 0x36,
    KEY_KEYPAD_MULTIPLY = 0x37,
    KEY_LEFT_ALT = 0x38,
    KEY_SPACE = 0x39,
    KEY_CAPS_LOCK = 0x3a,
    KEY_F1 = 0x3b,
    KEY_F2,
    KEY_F3,
    KEY_F4,
    KEY_F5,
    KEY_F6,
    KEY_F7,
    KEY_F8,
    KEY_F9,
    KEY_F10,
    KEY_NUM_LOCK = 0x45,
    KEY_SCROLL_LOCK = 0x46,
    KEY_KEYPAD_7 = 0x47, // with NumLock off: Home, and so on; the event has no codepoint then
    KEY_KEYPAD_8,
    KEY_KEYPAD_9,
    KEY_KEYPAD_MINUS,
    KEY_KEYPAD_4,
    KEY_KEYPAD_5,
    KEY_KEYPAD_6,
    KEY_KEYPAD_PLUS,
    KEY_KEYPAD_1,
    KEY_KEYPAD_2,
    KEY_KEYPAD_3,
    KEY_KEYPAD_0,
    KEY_KEYPAD_DECIMAL = 0x53,
    KEY_102ND = 0x56, // beside the left Shift of European keyboards
    KEY_F11 = 0x57,
    KEY_F12 = 0x58,
    KEY_KEYPAD_ENTER = 0x80 + 0x1c,
    KEY_RIGHT_CONTROL = 0x80 + 0x1d,
    KEY_KEYPAD_DIVIDE = 0x80 + 0x35,
    KEY_PRINT_SCREEN = 0x80 + 0x37, // SysRq too
    KEY_RIGHT_ALT = 0x80 + 0x38,    // AltGr, in layouts that have it
    KEY_PAUSE = 0x80 + 0x46,        // its code as Break; without Ctrl it sends a sequence of its own
    KEY_HOME = 0x80 + 0x47,
    KEY_UP = 0x80 + 0x48,
    KEY_PAGE_UP = 0x80 + 0x49,
    KEY_LEFT = 0x80 + 0x4b,
    KEY_RIGHT = 0x80 + 0x4d,
    KEY_END = 0x80 + 0x4f,
    KEY_DOWN = 0x80 + 0x50,
    KEY_PAGE_DOWN = 0x80 + 0x51,
    KEY_INSERT = 0x80 + 0x52,
    KEY_DELETE = 0x80 + 0x53,
    KEY_LEFT_SUPER = 0x80 + 0x5b,
    KEY_RIGHT_SUPER = 0x80 + 0x5c,
    KEY_MENU = 0x80 + 0x5d,
};

// Bits of key_event.modifiers: held, the first four, or switched on.
constexpr uint8_t KEY_MODIFIER_SHIFT = 1 << 0;
constexpr uint8_t KEY_MODIFIER_CONTROL = 1 << 1;
constexpr uint8_t KEY_MODIFIER_ALT = 1 << 2;
constexpr uint8_t KEY_MODIFIER_ALTGR = 1 << 3;
constexpr uint8_t KEY_MODIFIER_SCROLL_LOCK = 1 << 4;
constexpr uint8_t KEY_MODIFIER_NUM_LOCK = 1 << 5;
constexpr uint8_t KEY_MODIFIER_CAPS_LOCK = 1 << 6;

// CODEPOINT is the Unicode character that a press, or its repeat, types; 0: none. Enter types U+000A, Backspace U+0008,
// Tab U+0009, Escape U+001B; a letter or one of [ \ ] ^ _ with Ctrl the control character of that name.
struct key_event {
    uint32_t codepoint;
    enum key key;
    uint8_t modifiers; // after this event
    bool is_pressed;   // or released
    bool is_repeat;    // pressed once more without having been released
};

struct scancode_layout;

// The layout called NAME, nullptr when there is none: "us", "de", "fr" (AZERTY), "dvorak" (US).
[[nodiscard]] const struct scancode_layout *scancode_layout_find(const char *name);

// The names that scancode_layout_find() knows, one for each INDEX from 0 on; nullptr behind the last one.
[[nodiscard]] const char *scancode_layout_name(size_t index);

// The name by which LAYOUT is found.
[[nodiscard]] const char *scancode_name_of(const struct scancode_layout *layout);

constexpr size_t SCANCODE_EVENT_LIMIT = 2;

// To be initialised by scancode_decoder_init(); the fields are scancode's own.
struct scancode_decoder {
    const struct scancode_layout *layout;
    uint64_t down[4]; // one bit a key
    uint16_t accent;  // of a dead key that waits for a letter; 0: none
    uint8_t prefix;
    uint8_t locks;
    uint8_t event_count;
    bool is_releasing;
    struct key_event events[SCANCODE_EVENT_LIMIT];
};

// No key is down, no lock is on.
void scancode_decoder_init(struct scancode_decoder *decoder, const struct scancode_layout *layout);

// From the next byte on, keys type what LAYOUT says. What is down and which locks are on stays; an accent that waits is
// forgotten.
void scancode_set_layout(struct scancode_decoder *decoder, const struct scancode_layout *layout);

// Take the next byte. Then take the events that it makes, until there is none; those of the byte before are forgotten.
// No sequence of bytes is wrong: what makes no sense is skipped, and 00h and FFh, by which a keyboard says that it lost
// something, act as scancode_release_all().
void scancode_feed(struct scancode_decoder *decoder, uint8_t byte);

// Take the next event. A byte makes at most SCANCODE_EVENT_LIMIT, but a release for each key after a loss. A dead key
// types nothing at first. When the next key cannot bear the accent, both come: the accent in an event of KEY_NONE,
// which is never released, then the key. The same dead key twice, or it and a space, types the accent.
[[nodiscard]] bool scancode_next_event(struct scancode_decoder *decoder, struct key_event *event);

// Somebody lost bytes: whatever is down may have been released meanwhile. Makes a release event for each key that is
// down, forgets a sequence that had begun and an accent that waits, and keeps the locks. O(number of keys).
void scancode_release_all(struct scancode_decoder *decoder);

// Bits as in key_event.modifiers; those of the locks are what the keyboard's lights are to show.
[[nodiscard]] uint8_t scancode_modifiers(const struct scancode_decoder *decoder);
