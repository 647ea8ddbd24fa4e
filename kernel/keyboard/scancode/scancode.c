// SPDX-License-Identifier: MIT
// The state of a keyboard: which sequence has begun, which keys are down, which locks are on, which accent waits.
// Called by keyboard; must not know what a key types (text.c does).
#include "layout.h"
#include "text.h"
#include <lib/string.h>

// Bytes of set 1 that are no key.
constexpr uint8_t BYTE_ERROR = 0x00;   // the keyboard's buffer was full, or a key failed (set 2's 00h and FFh,
constexpr uint8_t BYTE_OVERRUN = 0xff; // which the translation of the i8042 swaps)
constexpr uint8_t BYTE_EXTENDED = 0xe0;
constexpr uint8_t BYTE_PAUSE = 0xe1; // then 1Dh 45h, or 9Dh C5h on release
constexpr uint8_t BYTE_RELEASE = 0x80;
constexpr uint8_t BYTE_SYSTEM_REQUEST = 0x54; // Print Screen with Alt

constexpr uint8_t EXTENDED = 0x80; // see enum key

enum prefix : uint8_t {
    PREFIX_NONE,
    PREFIX_EXTENDED,
    PREFIX_PAUSE,         // E1
    PREFIX_PAUSE_PRESS,   // E1 1D
    PREFIX_PAUSE_RELEASE, // E1 9D
};

// ---- what is down

static bool is_down(const struct scancode_decoder *decoder, enum key key)
{
    return decoder->down[key / 64] >> key % 64 & 1;
}

static void set_down(struct scancode_decoder *decoder, enum key key)
{
    decoder->down[key / 64] |= UINT64_C(1) << key % 64;
}

static void set_up(struct scancode_decoder *decoder, enum key key)
{
    decoder->down[key / 64] &= ~(UINT64_C(1) << key % 64);
}

static bool find_down(const struct scancode_decoder *decoder, enum key *key)
{
    for (unsigned i = 0; i < sizeof decoder->down / sizeof *decoder->down; i++) {
        if (decoder->down[i] != 0) {
            *key = (enum key)(i * 64 + (unsigned)__builtin_ctzll(decoder->down[i]));
            return true;
        }
    }
    return false;
}

static uint8_t modifier_of(const struct scancode_decoder *decoder, enum key key)
{
    switch ((unsigned)key) {
    case KEY_LEFT_SHIFT:
    case KEY_RIGHT_SHIFT:
        return KEY_MODIFIER_SHIFT;
    case KEY_LEFT_CONTROL:
    case KEY_RIGHT_CONTROL:
        return KEY_MODIFIER_CONTROL;
    case KEY_LEFT_ALT:
        return KEY_MODIFIER_ALT;
    case KEY_RIGHT_ALT:
        return decoder->layout->has_altgr ? KEY_MODIFIER_ALTGR : KEY_MODIFIER_ALT;
    default:
        return 0;
    }
}

static uint8_t lock_of(enum key key)
{
    switch ((unsigned)key) {
    case KEY_CAPS_LOCK:
        return KEY_MODIFIER_CAPS_LOCK;
    case KEY_NUM_LOCK:
        return KEY_MODIFIER_NUM_LOCK;
    case KEY_SCROLL_LOCK:
        return KEY_MODIFIER_SCROLL_LOCK;
    default:
        return 0;
    }
}

uint8_t scancode_modifiers(const struct scancode_decoder *decoder)
{
    static const enum key holders[] = {KEY_LEFT_SHIFT,    KEY_RIGHT_SHIFT, KEY_LEFT_CONTROL,
                                       KEY_RIGHT_CONTROL, KEY_LEFT_ALT,    KEY_RIGHT_ALT};
    uint8_t modifiers = decoder->locks;
    for (size_t i = 0; i < sizeof holders / sizeof *holders; i++) {
        if (is_down(decoder, holders[i]))
            modifiers |= modifier_of(decoder, holders[i]);
    }
    return modifiers;
}

// ---- events

static void add_event(struct scancode_decoder *decoder, struct key_event event)
{
    event.modifiers = scancode_modifiers(decoder);
    decoder->events[decoder->event_count++] = event;
}

// Combine what a key would type with the accent that waits, if any. An accent that does not combine comes first.
static uint16_t apply_accent(struct scancode_decoder *decoder, uint16_t symbol, bool is_repeat)
{
    uint16_t accent = decoder->accent;
    bool is_accent = text_is_accent(symbol);
    if (is_accent && is_repeat)
        return 0; // a dead key that is held keeps waiting
    decoder->accent = 0;
    if (accent != 0) {
        uint16_t composed = text_compose(accent, symbol);
        if (composed != 0)
            return composed;
        add_event(decoder, (struct key_event){.codepoint = text_spacing_accent(accent), .is_pressed = true});
    }
    if (!is_accent)
        return symbol;
    decoder->accent = symbol;
    return 0;
}

static void press(struct scancode_decoder *decoder, enum key key)
{
    bool is_repeat = is_down(decoder, key);
    set_down(decoder, key);
    uint16_t symbol = 0;
    if (lock_of(key) != 0) {
        if (!is_repeat)
            decoder->locks ^= lock_of(key);
    } else if (modifier_of(decoder, key) == 0) {
        symbol = text_of_key(decoder->layout, key, scancode_modifiers(decoder));
        symbol = apply_accent(decoder, symbol, is_repeat);
    }
    add_event(decoder, (struct key_event){.key = key, .codepoint = symbol, .is_pressed = true, .is_repeat = is_repeat});
}

static void release(struct scancode_decoder *decoder, enum key key)
{
    if (!is_down(decoder, key))
        return; // pressed before anybody listened
    set_up(decoder, key);
    add_event(decoder, (struct key_event){.key = key});
}

void scancode_release_all(struct scancode_decoder *decoder)
{
    decoder->event_count = 0;
    decoder->prefix = PREFIX_NONE;
    decoder->accent = 0;
    decoder->is_releasing = true;
}

bool scancode_next_event(struct scancode_decoder *decoder, struct key_event *event)
{
    enum key key;
    if (decoder->event_count == 0 && decoder->is_releasing) {
        if (find_down(decoder, &key))
            release(decoder, key);
        else
            decoder->is_releasing = false;
    }
    if (decoder->event_count == 0)
        return false;
    *event = decoder->events[0];
    decoder->event_count--;
    memmove(decoder->events, decoder->events + 1, sizeof decoder->events - sizeof *decoder->events);
    return true;
}

// ---- bytes

// A key whose release would be a prefix or FFh does not exist, and 00h is no key.
static bool is_key_code(uint8_t code)
{
    return code != 0 && code != (BYTE_EXTENDED & ~BYTE_RELEASE) && code != (BYTE_PAUSE & ~BYTE_RELEASE) &&
           code != (BYTE_OVERRUN & ~BYTE_RELEASE);
}

// Keyboards put these around navigation keys, so that old programs read the right digit off the keypad. Nobody pressed
// them.
static bool is_fake_shift(uint8_t code)
{
    return code == KEY_LEFT_SHIFT || code == KEY_RIGHT_SHIFT;
}

static void feed_key(struct scancode_decoder *decoder, uint8_t byte, bool is_extended)
{
    uint8_t code = byte & ~BYTE_RELEASE;
    if (!is_key_code(code) || (is_extended && is_fake_shift(code)))
        return;
    enum key key = (enum key)(is_extended ? EXTENDED | code : code);
    if (key == BYTE_SYSTEM_REQUEST)
        key = KEY_PRINT_SCREEN;
    if (byte & BYTE_RELEASE)
        release(decoder, key);
    else
        press(decoder, key);
}

// Pause was released and had not been pressed: the first byte of the press was lost, so that the others were taken for
// Ctrl and NumLock, and Ctrl would stay down for ever.
static void release_pause(struct scancode_decoder *decoder)
{
    if (is_down(decoder, KEY_PAUSE))
        release(decoder, KEY_PAUSE);
    else
        scancode_release_all(decoder);
}

// Return whether BYTE goes on with the sequence that begins with E1h.
static bool feed_pause(struct scancode_decoder *decoder, enum prefix prefix, uint8_t byte)
{
    if (prefix == PREFIX_PAUSE && byte == KEY_LEFT_CONTROL)
        decoder->prefix = PREFIX_PAUSE_PRESS;
    else if (prefix == PREFIX_PAUSE && byte == (KEY_LEFT_CONTROL | BYTE_RELEASE))
        decoder->prefix = PREFIX_PAUSE_RELEASE;
    else if (prefix == PREFIX_PAUSE_PRESS && byte == KEY_NUM_LOCK)
        press(decoder, KEY_PAUSE);
    else if (prefix == PREFIX_PAUSE_RELEASE && byte == (KEY_NUM_LOCK | BYTE_RELEASE))
        release_pause(decoder);
    else
        return false;
    return true;
}

// What the caller has not taken is not its any more; keys that were to be released are.
static void forget_events(struct scancode_decoder *decoder)
{
    decoder->event_count = 0;
    if (decoder->is_releasing)
        memset(decoder->down, 0, sizeof decoder->down);
    decoder->is_releasing = false;
}

void scancode_feed(struct scancode_decoder *decoder, uint8_t byte)
{
    forget_events(decoder);
    enum prefix prefix = decoder->prefix;
    decoder->prefix = PREFIX_NONE;
    if (byte == BYTE_ERROR || byte == BYTE_OVERRUN)
        scancode_release_all(decoder);
    else if (byte == BYTE_EXTENDED)
        decoder->prefix = PREFIX_EXTENDED;
    else if (byte == BYTE_PAUSE)
        decoder->prefix = PREFIX_PAUSE;
    else if (!feed_pause(decoder, prefix, byte))
        feed_key(decoder, byte, prefix == PREFIX_EXTENDED);
}

void scancode_decoder_init(struct scancode_decoder *decoder, const struct scancode_layout *layout)
{
    *decoder = (struct scancode_decoder){.layout = layout};
}

void scancode_set_layout(struct scancode_decoder *decoder, const struct scancode_layout *layout)
{
    decoder->layout = layout;
    decoder->accent = 0;
}
