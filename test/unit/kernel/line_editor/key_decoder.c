// SPDX-License-Identifier: MIT
// line_editor/key_decoder.c: each spelling of each key, UTF-8 with all its mistakes, and bytes that mean nothing.
#include <key_bytes/key_bytes.h>
#include <line_editor/key_decoder.h>
#include <stdio.h>
#include <support/random.h>
#include <support/unit.h>

// The keys of BYTES as words: "up", "a", "^C", "M-b", "U+20AC".
static void decode(struct key_decoder *decoder, const char *bytes, size_t length, char *text, size_t size)
{
    static const char *const names[] = {
        [TYPED_ENTER] = "enter",
        [TYPED_TAB] = "tab",
        [TYPED_BACKSPACE] = "backspace",
        [TYPED_DELETE] = "delete",
        [TYPED_UP] = "up",
        [TYPED_DOWN] = "down",
        [TYPED_LEFT] = "left",
        [TYPED_RIGHT] = "right",
        [TYPED_WORD_LEFT] = "word-left",
        [TYPED_WORD_RIGHT] = "word-right",
        [TYPED_HOME] = "home",
        [TYPED_END] = "end",
        [TYPED_PASTE_BEGIN] = "paste",
        [TYPED_PASTE_END] = "pasted",
    };
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < length; i++) {
        struct typed_key keys[KEY_DECODER_LIMIT];
        size_t count = key_decoder_push(decoder, (uint8_t)bytes[i], keys);
        assert_true(count <= KEY_DECODER_LIMIT);
        for (size_t k = 0; k < count && used < size; k++) {
            const char *gap = used != 0 ? " " : "";
            unsigned codepoint = keys[k].codepoint;
            if (keys[k].kind == TYPED_CHARACTER && codepoint < 0x80)
                used += (size_t)snprintf(text + used, size - used, "%s%c", gap, (int)codepoint);
            else if (keys[k].kind == TYPED_CHARACTER)
                used += (size_t)snprintf(text + used, size - used, "%sU+%04X", gap, codepoint);
            else if (keys[k].kind == TYPED_CONTROL)
                used += (size_t)snprintf(text + used, size - used, "%s^%c", gap, (int)codepoint);
            else if (keys[k].kind == TYPED_META)
                used += (size_t)snprintf(text + used, size - used, codepoint == 0x7f ? "%sM-DEL" : "%sM-%c", gap,
                                         (int)codepoint);
            else
                used += (size_t)snprintf(text + used, size - used, "%s%s", gap, names[keys[k].kind]);
        }
    }
}

struct row {
    const char *bytes, *keys;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct key_decoder decoder = {};
        char text[128];
        decode(&decoder, rows[i].bytes, strlen(rows[i].bytes), text, sizeof text);
        if (strcmp(text, rows[i].keys) != 0)
            fail_msg("row %zu, %s, is <%s> instead of <%s>", i, rows[i].bytes + (rows[i].bytes[0] == 27), text,
                     rows[i].keys);
        assert_false(key_decoder_is_waiting(&decoder));
    }
}
#define ASSERT_ROWS(...)                                                                                               \
    do {                                                                                                               \
        static const struct row ROWS[] = {__VA_ARGS__};                                                                \
        assert_rows(ROWS, sizeof ROWS / sizeof *ROWS);                                                                 \
    } while (false)

static void plain_keys_are_told(void **)
{
    ASSERT_ROWS({"a", "a"}, {"aB~", "a B ~"}, {"\003", "^C"}, {"\001\032", "^A ^Z"},
                {"\034\035\036\037", "^\\ ^] ^^ ^_"}, {"\t", "tab"}, {"\b\177", "backspace backspace"});
    struct key_decoder decoder = {};
    char text[16];
    decode(&decoder, "\0", 1, text, sizeof text);
    assert_string_equal(text, "^@");
}

static void every_line_end_is_one_enter(void **)
{
    ASSERT_ROWS({"\r", "enter"}, {"\n", "enter"}, {"\r\n", "enter"}, {"\r\r", "enter enter"}, {"\n\n", "enter enter"},
                {"\r\n\r\n", "enter enter"}, {"\ra\n", "enter a enter"}, {"\n\r", "enter enter"});
}

static void arrows_have_many_spellings(void **)
{
    ASSERT_ROWS({"\033[A\033[B\033[C\033[D", "up down right left"}, {"\033OA\033OB\033OC\033OD", "up down right left"},
                {"\033[1;2A", "up"}, {"\033[1;5C\033[1;5D", "word-right word-left"},
                {"\033[1;3C\033[1;3D", "word-right word-left"}, {"\033[5C\033[5D", "word-right word-left"},
                {"\033O5C", "word-right"}, {"\033Oc\033Od", "word-right word-left"}, {"\033[1;2D", "left"},
                {"\033[1C", "right"}, {"\033\033[A", "up"});
}

static void other_keys_have_many_spellings(void **)
{
    ASSERT_ROWS({"\033[H\033[1~\033[7~\033OH", "home home home home"},
                {"\033[F\033[4~\033[8~\033OF", "end end end end"}, {"\033[3~\033[3;5~", "delete delete"},
                {"\033OM", "enter"}, {"\033b\033f\033d\033\177\033\b", "M-b M-f M-d M-DEL M-DEL"},
                {"\033[200~a\tb\033[201~", "paste a tab b pasted"});
}

static void keys_without_a_meaning_here_end_silently(void **)
{
    ASSERT_ROWS({"\033[2~a", "a"}, {"\033[5~\033[6~a", "a"}, {"\033[11~\033[24;8~a", "a"}, {"\033OPa", "a"},
                {"\033[1;5Pa", "a"}, {"\033[[Aa", "a"}, {"\033[Za", "a"}, {"\033[Ea", "a"}, {"\033[Ia\033[O", "a"});
}

static void answers_of_terminals_end_silently(void **)
{
    ASSERT_ROWS({"\033[24;80Ra", "a"}, {"\033[?1;2ca", "a"}, {"\033[>0;115;0ca", "a"}, {"\033[0na", "a"},
                {"\033[?2026;2$ya", "a"}, {"\033[99999999999999;1Ra", "a"}, {"\033[1;2;3;4;5;6Ra", "a"});
}

static void control_characters_end_a_sequence_and_count(void **)
{
    ASSERT_ROWS({"\033[1;\003", "^C"}, {"\033O\r", "enter"}, {"\033[\033[A", "up"}, {"\033[3\177", "backspace"},
                {"\033\r", "enter"}, {"\033[[\003", "^C"}, {"\033[1\303\244", "U+00E4"});
}

static void utf8_is_read(void **)
{
    ASSERT_ROWS({"\u00e4", "U+00E4"}, {"\u07ff\u0800", "U+07FF U+0800"}, {"\u20ac", "U+20AC"},
                {"\xef\xbf\xbf", "U+FFFF"}, {"\xf0\x90\x80\x80", "U+10000"}, {"\xf4\x8f\xbf\xbf", "U+10FFFF"},
                {"\xed\x9f\xbf\xee\x80\x80", "U+D7FF U+E000"}, {"\xc2\xa0", "U+00A0"});
}

static void broken_utf8_is_replaced_and_nothing_else_is_lost(void **)
{
    ASSERT_ROWS({"\x80", "U+FFFD"}, {"\xc0\x80", "U+FFFD U+FFFD"}, {"\xc1\xbf", "U+FFFD U+FFFD"},
                {"\xe0\x80\x80", "U+FFFD"}, {"\xed\xa0\x80", "U+FFFD"}, {"\xf0\x80\x80\x80", "U+FFFD"},
                {"\xf4\x90\x80\x80", "U+FFFD"}, {"\xf5", "U+FFFD"}, {"\xff", "U+FFFD"},
                {"\xc3"
                 "a",
                 "U+FFFD a"},
                {"\xe2\x82\r", "U+FFFD enter"}, {"\xe2\xc3\xa4", "U+FFFD U+00E4"},
                {"\xc2\x85"
                 "a",
                 "a"});
}

static void escape_alone_waits_until_it_is_forgotten(void **)
{
    struct key_decoder decoder = {};
    char text[32];
    decode(&decoder, "\033", 1, text, sizeof text);
    assert_string_equal(text, "");
    assert_true(key_decoder_is_waiting(&decoder));
    key_decoder_forget(&decoder);
    assert_false(key_decoder_is_waiting(&decoder));
    decode(&decoder, "b", 1, text, sizeof text);
    assert_string_equal(text, "b");
}

static void keyboard_of_the_kernel_is_understood(void **)
{
    static const struct {
        enum key key;
        uint8_t modifiers;
        const char *typed;
    } ROWS[] = {
        {KEY_UP, 0, "up"},
        {KEY_DOWN, 0, "down"},
        {KEY_LEFT, 0, "left"},
        {KEY_RIGHT, 0, "right"},
        {KEY_LEFT, KEY_MODIFIER_CONTROL, "word-left"},
        {KEY_RIGHT, KEY_MODIFIER_ALT, "word-right"},
        {KEY_HOME, 0, "home"},
        {KEY_END, 0, "end"},
        {KEY_DELETE, 0, "delete"},
        {KEY_F1, 0, ""},
        {KEY_F12, 0, ""},
        {KEY_PAGE_UP, 0, ""},
        {KEY_INSERT, 0, ""},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct key_event event = {.key = ROWS[i].key, .modifiers = ROWS[i].modifiers, .is_pressed = true};
        uint8_t bytes[KEY_BYTES_LIMIT];
        size_t length = key_bytes(&event, bytes);
        struct key_decoder decoder = {};
        char text[32];
        decode(&decoder, (const char *)bytes, length, text, sizeof text);
        assert_string_equal(text, ROWS[i].typed);
        assert_false(key_decoder_is_waiting(&decoder));
    }
}

// Whatever came before, an Enter that comes twice ends a line.
static void no_bytes_keep_it_from_the_next_key(void **)
{
    uint64_t seed = 7;
    struct key_decoder decoder = {};
    for (unsigned round = 0; round < 100'000; round++) {
        char bytes[8], text[256];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)(random_below(&seed, 3) == 0 ? "\033[O;1~"[random_below(&seed, 6)]
                                                          : (char)random_below(&seed, 256));
        decode(&decoder, bytes, sizeof bytes, text, sizeof text);
        decode(&decoder, "\r\r", 2, text, sizeof text);
        assert_true(strlen(text) >= 5 && strcmp(text + strlen(text) - 5, "enter") == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_keys_are_told),
        cmocka_unit_test(every_line_end_is_one_enter),
        cmocka_unit_test(arrows_have_many_spellings),
        cmocka_unit_test(other_keys_have_many_spellings),
        cmocka_unit_test(keys_without_a_meaning_here_end_silently),
        cmocka_unit_test(answers_of_terminals_end_silently),
        cmocka_unit_test(control_characters_end_a_sequence_and_count),
        cmocka_unit_test(utf8_is_read),
        cmocka_unit_test(broken_utf8_is_replaced_and_nothing_else_is_lost),
        cmocka_unit_test(escape_alone_waits_until_it_is_forgotten),
        cmocka_unit_test(keyboard_of_the_kernel_is_understood),
        cmocka_unit_test(no_bytes_keep_it_from_the_next_key),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
