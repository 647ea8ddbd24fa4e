// SPDX-License-Identifier: MIT
// tty/key_bytes: what each kind of key sends, as xterm would.
#include <key_bytes/key_bytes.h>
#include <support/unit.h>

constexpr uint8_t SHIFT = KEY_MODIFIER_SHIFT, ALT = KEY_MODIFIER_ALT, CONTROL = KEY_MODIFIER_CONTROL;

struct row {
    enum key key;
    uint32_t codepoint;
    uint8_t modifiers;
    const char *bytes;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct key_event event = {
            .key = rows[i].key, .codepoint = rows[i].codepoint, .modifiers = rows[i].modifiers, .is_pressed = true};
        uint8_t bytes[KEY_BYTES_LIMIT];
        size_t length = key_bytes(&event, bytes);
        if (length != strlen(rows[i].bytes) || memcmp(bytes, rows[i].bytes, length) != 0)
            fail_msg("key 0x%02x, U+%04X, modifiers 0x%02x sends %.*s", rows[i].key, (unsigned)rows[i].codepoint,
                     rows[i].modifiers, (int)length, (const char *)bytes);
        event.is_pressed = false;
        assert_int_equal(key_bytes(&event, bytes), 0);
    }
}
#define ASSERT_ROWS(...)                                                                                               \
    do {                                                                                                               \
        static const struct row ROWS[] = {__VA_ARGS__};                                                                \
        assert_rows(ROWS, sizeof ROWS / sizeof *ROWS);                                                                 \
    } while (false)

static void characters_are_sent_in_utf8(void **)
{
    ASSERT_ROWS({KEY_A, 'a', 0, "a"}, {KEY_A, 'A', SHIFT, "A"}, {KEY_A, 0xe4, 0, "ä"}, {KEY_A, 0x7ff, 0, "\u07ff"},
                {KEY_E, 0x20ac, 0, "€"}, {KEY_A, 0x800, 0, "\u0800"}, {KEY_A, 0xffff, 0, "\xef\xbf\xbf"},
                {KEY_A, 0x1f600, 0, "😀"}, {KEY_A, 0x10'ffff, 0, "\xf4\x8f\xbf\xbf"},
                {KEY_NONE, '^', 0, "^"}); // an accent that no letter bears
}

static void control_keys_are_sent_as_terminals_do(void **)
{
    ASSERT_ROWS({KEY_ENTER, '\n', 0, "\r"}, {KEY_KEYPAD_ENTER, '\n', 0, "\r"}, {KEY_BACKSPACE, '\b', 0, "\x7f"},
                {KEY_BACKSPACE, '\b', CONTROL, "\b"}, {KEY_H, '\b', CONTROL, "\b"}, {KEY_TAB, '\t', 0, "\t"},
                {KEY_TAB, '\t', SHIFT, "\033[Z"}, {KEY_ESCAPE, 033, 0, "\033"}, {KEY_C, 3, CONTROL, "\003"});
}

static void alt_sends_escape_first(void **)
{
    ASSERT_ROWS({KEY_B, 'b', ALT, "\033b"}, {KEY_BACKSPACE, '\b', ALT, "\033\x7f"}, {KEY_A, 0xe4, ALT, "\033ä"},
                {KEY_C, 3, ALT | CONTROL, "\033\003"});
}

static void function_keys_send_sequences(void **)
{
    ASSERT_ROWS({KEY_UP, 0, 0, "\033[A"}, {KEY_DOWN, 0, 0, "\033[B"}, {KEY_RIGHT, 0, 0, "\033[C"},
                {KEY_LEFT, 0, 0, "\033[D"}, {KEY_HOME, 0, 0, "\033[H"}, {KEY_END, 0, 0, "\033[F"},
                {KEY_INSERT, 0, 0, "\033[2~"}, {KEY_DELETE, 0, 0, "\033[3~"}, {KEY_PAGE_UP, 0, 0, "\033[5~"},
                {KEY_PAGE_DOWN, 0, 0, "\033[6~"}, {KEY_F1, 0, 0, "\033OP"}, {KEY_F4, 0, 0, "\033OS"},
                {KEY_F5, 0, 0, "\033[15~"}, {KEY_F10, 0, 0, "\033[21~"}, {KEY_F12, 0, 0, "\033[24~"});
}

static void modifiers_are_numbers_in_the_sequence(void **)
{
    ASSERT_ROWS({KEY_RIGHT, 0, CONTROL, "\033[1;5C"}, {KEY_LEFT, 0, ALT, "\033[1;3D"}, {KEY_UP, 0, SHIFT, "\033[1;2A"},
                {KEY_DELETE, 0, CONTROL, "\033[3;5~"}, {KEY_F1, 0, SHIFT, "\033[1;2P"},
                {KEY_F12, 0, CONTROL | ALT | SHIFT, "\033[24;8~"}, // the longest
                {KEY_UP, 0, KEY_MODIFIER_NUM_LOCK | KEY_MODIFIER_CAPS_LOCK, "\033[A"});
}

static void keypad_without_digits_sends_what_is_printed_on_it(void **)
{
    ASSERT_ROWS({KEY_KEYPAD_7, 0, 0, "\033[H"}, {KEY_KEYPAD_DECIMAL, 0, 0, "\033[3~"}, {KEY_KEYPAD_5, 0, 0, "\033[E"},
                {KEY_KEYPAD_7, '7', 0, "7"});
}

static void other_keys_send_nothing(void **)
{
    ASSERT_ROWS({KEY_LEFT_SHIFT, 0, SHIFT, ""}, {KEY_CAPS_LOCK, 0, 0, ""}, {KEY_PAUSE, 0, 0, ""}, {KEY_MENU, 0, 0, ""},
                {(enum key)0xff, 0, 0, ""});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_sent_in_utf8),
        cmocka_unit_test(control_keys_are_sent_as_terminals_do),
        cmocka_unit_test(alt_sends_escape_first),
        cmocka_unit_test(function_keys_send_sequences),
        cmocka_unit_test(modifiers_are_numbers_in_the_sequence),
        cmocka_unit_test(keypad_without_digits_sends_what_is_printed_on_it),
        cmocka_unit_test(other_keys_send_nothing),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
