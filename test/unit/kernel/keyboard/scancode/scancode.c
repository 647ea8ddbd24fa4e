// SPDX-License-Identifier: MIT
// kernel/keyboard/scancode: bytes as real keyboards send them, and as they do not, against the events and the text that
// they must become. Keys are given by their codes or by what is printed on a US keyboard, never by the decoder's
// tables.
#include <layout.h>
#include <scancode/scancode.h>
#include <stdlib.h>
#include <support/unit.h>
#include <uchar.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct scancode_decoder decoder;

constexpr size_t EVENT_LIMIT = 4096;
static struct key_event events[EVENT_LIMIT];
static size_t event_count;

static void use_layout(const char *name)
{
    const struct scancode_layout *layout = scancode_layout_find(name);
    assert_non_null(layout);
    scancode_decoder_init(&decoder, layout);
    event_count = 0;
}

static int fresh(void **)
{
    use_layout("us");
    return 0;
}

static void take_events(void)
{
    while (event_count < EVENT_LIMIT && scancode_next_event(&decoder, &events[event_count]))
        event_count++;
    assert_true(event_count < EVENT_LIMIT);
}

static void feed(uint8_t byte)
{
    size_t before = event_count;
    scancode_feed(&decoder, byte);
    take_events();
    if (byte != 0x00 && byte != 0xff && byte != 0xc5)
        assert_true(event_count - before <= SCANCODE_EVENT_LIMIT);
}

static void feed_bytes(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        feed(bytes[i]);
}

#define FEED(...) feed_bytes((const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

static size_t append_utf8(char *text, uint32_t codepoint)
{
    if (codepoint < 0x80) {
        text[0] = (char)codepoint;
        return 1;
    }
    if (codepoint < 0x800) {
        text[0] = (char)(0xc0 | codepoint >> 6);
        text[1] = (char)(0x80 | (codepoint & 0x3f));
        return 2;
    }
    text[0] = (char)(0xe0 | codepoint >> 12);
    text[1] = (char)(0x80 | (codepoint >> 6 & 0x3f));
    text[2] = (char)(0x80 | (codepoint & 0x3f));
    return 3;
}

// What all events up to now have typed, as UTF-8; they are forgotten.
static const char *typed(void)
{
    static char text[EVENT_LIMIT * 3 + 1];
    size_t length = 0;
    for (size_t i = 0; i < event_count; i++) {
        if (events[i].codepoint != 0) {
            assert_true(events[i].is_pressed);
            length += append_utf8(text + length, events[i].codepoint);
        }
    }
    text[length] = '\0';
    event_count = 0;
    return text;
}

static void assert_nothing_is_down(void)
{
    size_t before = event_count;
    scancode_release_all(&decoder);
    take_events();
    assert_int_equal(event_count, before);
    assert_int_equal(scancode_modifiers(&decoder) & 0x0f, 0);
}

// ---- a person at a US keyboard: the rows of keys as they are printed there, from code 02h, 10h, 1Eh and 2Ch on

#define ALTGR       "\1" // before a key: with AltGr held
#define ISO         "\2" // the key that US keyboards lack
#define SHIFT_ISO   "\3"
#define ALTGR_SHIFT "\4" // before a key: with AltGr and Shift held

static bool find_key(char legend, uint8_t *code, bool *is_shifted)
{
    static const struct {
        uint8_t first;
        const char *plain, *shifted;
    } rows[] = {
        {0x02, "1234567890-=\b\tqwertyuiop[]\n", "!@#$%^&*()_+"},
        {0x10, "", "QWERTYUIOP{}"},
        {0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
        {0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
        {0x39, " ", ""},
        {0x56, ISO, SHIFT_ISO},
        {0x01, "\x1b", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *plain = strchr(rows[i].plain, legend);
        const char *shifted = strchr(rows[i].shifted, legend);
        if (plain == nullptr && shifted == nullptr)
            continue;
        *is_shifted = plain == nullptr;
        *code = (uint8_t)(rows[i].first + (plain ? plain - rows[i].plain : shifted - rows[i].shifted));
        return true;
    }
    return false;
}

// Press and release what is needed to type KEYS on a US keyboard. Each key goes down before the last one is up, as when
// typing fast, unless its modifiers change.
static void type_keys(const char *keys)
{
    uint8_t last = 0;
    bool had_shift = false;
    bool had_altgr = false;
    for (; *keys; keys++) {
        bool is_altgr = *keys == *ALTGR || *keys == *ALTGR_SHIFT;
        bool is_altgr_shift = *keys == *ALTGR_SHIFT;
        if (is_altgr)
            keys++;
        uint8_t code;
        bool is_shifted;
        if (!find_key(*keys, &code, &is_shifted))
            fail_msg("no key bears <%c>", *keys);
        is_shifted = is_shifted || is_altgr_shift;
        if (last != 0 && (is_shifted != had_shift || is_altgr != had_altgr || code == last)) {
            feed(last | 0x80);
            last = 0;
        }
        if (is_shifted != had_shift)
            feed(is_shifted ? 0x36 : 0xb6);
        if (is_altgr != had_altgr)
            FEED(0xe0, is_altgr ? 0x38 : 0xb8);
        feed(code);
        if (last != 0)
            feed(last | 0x80);
        last = code;
        had_shift = is_shifted;
        had_altgr = is_altgr;
    }
    if (last != 0)
        feed(last | 0x80);
    if (had_shift)
        feed(0xb6);
    if (had_altgr)
        FEED(0xe0, 0xb8);
}

static void assert_types(const char *layout, const char *keys, const char *text)
{
    use_layout(layout);
    type_keys(keys);
    assert_string_equal(typed(), text);
    assert_nothing_is_down();
}

static void each_layout_types_text(void **)
{
    static const struct {
        const char *layout, *keys, *text;
    } cases[] = {
        {"us", "The quick brown fox jumps over the lazy dog.\n", "The quick brown fox jumps over the lazy dog.\n"},
        {"us", "`1234567890-=~!@#$%^&*()_+[]\\{}|;':\",./<>?" ISO SHIFT_ISO,
         "`1234567890-=~!@#$%^&*()_+[]\\{}|;':\",./<>?<>"},
        {"us", "\tMississippi\b\b\x1b", "\tMississippi\b\b\x1b"},
        {"de", "Yw;lf Boxk'mpfer jagen Viktor quer [ber den gro-en Szlter Deich. ",
         "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. "},
        {"de", "1234567890~!@#$%^&*()_]}\\|{:\",<.>/?" ISO SHIFT_ISO, "1234567890°!\"§$%&/()=?+*#'ÜÖÄ,;.:-_<>"},
        {"de", ALTGR "7" ALTGR "8" ALTGR "9" ALTGR "0" ALTGR "-" ALTGR "q" ALTGR "e" ALTGR "]" ALTGR "m" ALTGR ISO,
         "{[]}\\@€~µ|"},
        {"de", ALTGR "2" ALTGR "3" ALTGR_SHIFT "s" ALTGR_SHIFT "l" ALTGR "a" ALTGR_SHIFT "a", "²³ẞŁæÆ"},
        {"fr", "Portew ce vieux zhisky qu juge blond aui fu;e< ", "Portez ce vieux whisky au juge blond qui fume. "},
        {"fr", "`1234567890-=~!@#$%^&*()_+]};:'\"\\|mM,<.>/?" ISO SHIFT_ISO,
         "²&é\"'(-è_çà)=~1234567890°+$£mMù%*µ,?;.:/!§<>"},
        {"fr",
         ALTGR "2" ALTGR "3" ALTGR "4" ALTGR "5" ALTGR "6" ALTGR "7" ALTGR "8" ALTGR "9" ALTGR "0" ALTGR "-" ALTGR
               "=" ALTGR "e" ALTGR ISO,
         "~#{[|`\\^@]}€|"},
        {"dvorak", "Kjd xfgiv nos,l ysb cfmr; s.do kjd pa/t hsue\n", "The quick brown fox jumps over the lazy dog.\n"},
        {"dvorak", "`1234567890-=~!@#$%^&*()_+qwe]QWE}'\"z?\\|" ISO SHIFT_ISO,
         "`1234567890[]~!@#$%^&*(){}',.=\"<>+-_;Z\\|<>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_types(cases[i].layout, cases[i].keys, cases[i].text);
}

// ... and what cannot be typed directly, through a dead key.
static void every_ascii_character_can_be_typed_in_every_layout(void **)
{
    static const uint8_t prefixes[][2] = {{0, 0}, {0x36, 0}, {0xe0, 0x38}};
    size_t layout_count = 0;
    for (const char *name; (name = scancode_layout_name(layout_count)) != nullptr; layout_count++) {
        bool is_reached[128] = {};
        for (unsigned code = 1; code < 0x57; code++) {
            if (code >= 0x37 && code != 0x39 && code != 0x56)
                continue; // not the keypad
            for (size_t i = 0; i < COUNT(prefixes); i++) {
                use_layout(name);
                if (prefixes[i][0] != 0)
                    feed(prefixes[i][0]);
                if (prefixes[i][1] != 0)
                    feed(prefixes[i][1]);
                FEED((uint8_t)code, (uint8_t)(code | 0x80), 0x39, 0xb9);
                for (size_t event = 0; event < event_count; event++)
                    if (events[event].codepoint < 128)
                        is_reached[events[event].codepoint] = true;
            }
        }
        for (char character = ' '; character <= '~'; character++)
            if (!is_reached[(unsigned)character])
                fail_msg("layout %s cannot type <%c>", name, character);
    }
    assert_int_equal(layout_count, 4);
}

static void layouts_are_found_by_their_names(void **)
{
    for (size_t i = 0; scancode_layout_name(i) != nullptr; i++)
        assert_non_null(scancode_layout_find(scancode_layout_name(i)));
    assert_null(scancode_layout_find("d"));
    assert_null(scancode_layout_find("dee"));
    assert_null(scancode_layout_find(""));
    assert_null(scancode_layout_find("DE"));
}

static void dead_keys_wait_for_a_letter(void **)
{
    static const struct {
        const char *layout, *keys, *text;
    } cases[] = {
        {"de", "`a`e`i`o`u`A`E`I`O`U", "âêîôûÂÊÎÔÛ"},
        {"de", "=a=e=i=o=u=z=A=C=Z", "áéíóúýÁĆÝ"},
        {"de", "+a+e+i+o+u+A+E", "àèìòùÀÈ"},
        {"de", "` = + ", "^´`"},    // a space: the accent itself
        {"de", "``==++", "^´`"},    // so does the same key again
        {"de", "`x`1=q", "^x^1´q"}, // what does not combine: both
        {"de", "`=e", "^é"},        // another accent: the first one alone
        {"de", "`\n`\b", "^\n^\b"}, // also with keys that type no letter
        {"de", "`;", "^ö"},         // no such character
        {"de", ALTGR "[a", "ä"},    // AltGr+ü is ¨
        {"fr", "[q[e[i[o[u[E[H", "âêîôûÊĤ"},
        {"fr", "{e{i{u{y{O", "ëïüÿÖ"},
        {"fr", "[ { [[{{[{", "^¨^¨^"},        // the last one still waits
        {"fr", ALTGR "\\e" ALTGR "mE", "èÉ"}, // ` and ´ on AltGr
        {"us", "`a'e", "`a'e"},               // no dead keys here
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_types(cases[i].layout, cases[i].keys, cases[i].text);
}

static void another_layout_counts_from_the_next_key_on(void **)
{
    use_layout("us");
    FEED(0x2a, 0x15, 0x95); // Shift is held, and stays so
    scancode_set_layout(&decoder, scancode_layout_find("de"));
    FEED(0x15, 0x95, 0xaa, 0x29, 0xa9); // the circumflex waits
    assert_string_equal(scancode_name_of(decoder.layout), "de");
    scancode_set_layout(&decoder, scancode_layout_find("us"));
    FEED(0x1e, 0x9e);
    uint32_t typed[4] = {};
    size_t count = 0;
    for (size_t i = 0; i < event_count; i++)
        if (events[i].codepoint != 0)
            typed[count++ % COUNT(typed)] = events[i].codepoint;
    assert_int_equal(count, 3);
    assert_int_equal(typed[0], 'Y');
    assert_int_equal(typed[1], 'Z');
    assert_int_equal(typed[2], 'a');
}

static void an_accent_alone_is_an_event_without_a_key(void **)
{
    use_layout("de");
    FEED(0x29, 0xa9);
    assert_int_equal(event_count, 2);
    assert_int_equal(events[0].codepoint, 0);
    feed(0x2d); // x
    assert_int_equal(event_count, 4);
    assert_int_equal(events[2].key, KEY_NONE);
    assert_int_equal(events[2].codepoint, '^');
    assert_int_equal(events[3].key, KEY_X);
    assert_int_equal(events[3].codepoint, 'x');
}

static void an_accent_survives_modifiers_and_its_own_repeats(void **)
{
    use_layout("de");
    FEED(0x29, 0x29, 0x29, 0xa9); // held
    FEED(0x2a, 0x1e, 0x9e, 0xaa); // Shift+a
    assert_string_equal(typed(), "Â");
    FEED(0x29, 0xa9, 0x1d, 0x9d, 0xe0, 0x38, 0xe0, 0xb8, 0x3a, 0xba, 0x3a, 0xba, 0x1e, 0x9e);
    assert_string_equal(typed(), "â");
    FEED(0x29, 0xa9, 0xe0, 0x4b, 0xe0, 0xcb, 0x1e, 0x9e); // an arrow key cannot bear it
    assert_string_equal(typed(), "^a");
}

// ---- keys and sequences

struct expected_event {
    enum key key;
    char kind; // 'p'ressed, 'r'eleased, 'a'gain
};

struct sequence {
    const char *name;
    uint8_t bytes[16];
    uint8_t byte_count;
    struct expected_event expected[6];
};

static void assert_events(const char *name, const struct expected_event *expected, size_t limit)
{
    size_t count = 0;
    while (count < limit && expected[count].kind)
        count++;
    if (event_count != count)
        fail_msg("%s: %zu events instead of %zu", name, event_count, count);
    for (size_t i = 0; i < count; i++) {
        bool is_pressed = expected[i].kind != 'r';
        bool is_repeat = expected[i].kind == 'a';
        if (events[i].key != expected[i].key || events[i].is_pressed != is_pressed || events[i].is_repeat != is_repeat)
            fail_msg("%s: event %zu is key %02xh, pressed %d, repeat %d", name, i, (unsigned)events[i].key,
                     events[i].is_pressed, events[i].is_repeat);
    }
}

#define BYTES(...)                                                                                                     \
    {__VA_ARGS__}, sizeof(const uint8_t[])                                                                             \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static void sequences_become_events(void **)
{
    static const struct sequence sequences[] = {
        {"a letter", BYTES(0x1e, 0x9e), {{KEY_A, 'p'}, {KEY_A, 'r'}}},
        {"auto-repeat", BYTES(0x1e, 0x1e, 0x1e, 0x9e), {{KEY_A, 'p'}, {KEY_A, 'a'}, {KEY_A, 'a'}, {KEY_A, 'r'}}},
        {"rollover", BYTES(0x1e, 0x30, 0x9e, 0xb0), {{KEY_A, 'p'}, {KEY_B, 'p'}, {KEY_A, 'r'}, {KEY_B, 'r'}}},
        {"a release that nobody saw pressed", BYTES(0x9c, 0xe0, 0xcb), {}},
        {"an arrow", BYTES(0xe0, 0x4b, 0xe0, 0xcb), {{KEY_LEFT, 'p'}, {KEY_LEFT, 'r'}}},
        {"an arrow is not its twin on the keypad",
         BYTES(0xe0, 0x4b, 0x4b, 0xe0, 0xcb, 0xcb),
         {{KEY_LEFT, 'p'}, {KEY_KEYPAD_4, 'p'}, {KEY_LEFT, 'r'}, {KEY_KEYPAD_4, 'r'}}},
        {"an arrow with NumLock",
         BYTES(0xe0, 0x2a, 0xe0, 0x4b, 0xe0, 0xcb, 0xe0, 0xaa),
         {{KEY_LEFT, 'p'}, {KEY_LEFT, 'r'}}},
        {"an arrow with the right Shift held",
         BYTES(0x36, 0xe0, 0xb6, 0xe0, 0x4b, 0xe0, 0xcb, 0xe0, 0x36, 0xb6),
         {{KEY_RIGHT_SHIFT, 'p'}, {KEY_LEFT, 'p'}, {KEY_LEFT, 'r'}, {KEY_RIGHT_SHIFT, 'r'}}},
        {"Pause", BYTES(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5), {{KEY_PAUSE, 'p'}, {KEY_PAUSE, 'r'}}},
        {"Ctrl+Pause",
         BYTES(0x1d, 0xe0, 0x46, 0xe0, 0xc6, 0x9d),
         {{KEY_LEFT_CONTROL, 'p'}, {KEY_PAUSE, 'p'}, {KEY_PAUSE, 'r'}, {KEY_LEFT_CONTROL, 'r'}}},
        {"Print Screen",
         BYTES(0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa),
         {{KEY_PRINT_SCREEN, 'p'}, {KEY_PRINT_SCREEN, 'r'}}},
        {"Print Screen with Ctrl",
         BYTES(0x1d, 0xe0, 0x37, 0xe0, 0xb7, 0x9d),
         {{KEY_LEFT_CONTROL, 'p'}, {KEY_PRINT_SCREEN, 'p'}, {KEY_PRINT_SCREEN, 'r'}, {KEY_LEFT_CONTROL, 'r'}}},
        {"SysRq",
         BYTES(0x38, 0x54, 0xd4, 0xb8),
         {{KEY_LEFT_ALT, 'p'}, {KEY_PRINT_SCREEN, 'p'}, {KEY_PRINT_SCREEN, 'r'}, {KEY_LEFT_ALT, 'r'}}},
        {"F11 and F12",
         BYTES(0x57, 0xd7, 0x58, 0xd8),
         {{KEY_F11, 'p'}, {KEY_F11, 'r'}, {KEY_F12, 'p'}, {KEY_F12, 'r'}}},
        {"volume up, which has no name here", BYTES(0xe0, 0x30, 0xe0, 0xb0), {{0xb0, 'p'}, {0xb0, 'r'}}},
        {"a prefix twice", BYTES(0xe0, 0xe0, 0x4b), {{KEY_LEFT, 'p'}}},
        {"a prefix and then Pause", BYTES(0xe0, 0xe1, 0x1d, 0x45), {{KEY_PAUSE, 'p'}}},
        {"Pause cut short after one byte", BYTES(0xe1, 0x1e), {{KEY_A, 'p'}}},
        {"Pause cut short after two bytes", BYTES(0xe1, 0x1d, 0x1e), {{KEY_A, 'p'}}},
        {"Pause cut short by an arrow", BYTES(0xe1, 0x1d, 0xe0, 0x4b), {{KEY_LEFT, 'p'}}},
        {"the release of Pause cut short", BYTES(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0x1e), {{KEY_PAUSE, 'p'}, {KEY_A, 'p'}}},
        {"Pause without its first byte",
         BYTES(0x1d, 0x45, 0xe1, 0x9d, 0xc5),
         {{KEY_LEFT_CONTROL, 'p'}, {KEY_NUM_LOCK, 'p'}, {KEY_LEFT_CONTROL, 'r'}, {KEY_NUM_LOCK, 'r'}}},
        {"the keyboard lost something",
         BYTES(0x2a, 0x1e, 0xff, 0x1e),
         {{KEY_LEFT_SHIFT, 'p'}, {KEY_A, 'p'}, {KEY_A, 'r'}, {KEY_LEFT_SHIFT, 'r'}, {KEY_A, 'p'}}},
        {"the keyboard failed inside a sequence",
         BYTES(0x1d, 0xe0, 0x00, 0x4b),
         {{KEY_LEFT_CONTROL, 'p'}, {KEY_LEFT_CONTROL, 'r'}, {KEY_KEYPAD_4, 'p'}}},
        {"codes that no key can have", BYTES(0x80, 0x7f, 0x60, 0x61, 0xe0, 0x60, 0xe0, 0x7f, 0xe0, 0x80), {}},
    };
    for (size_t i = 0; i < COUNT(sequences); i++) {
        use_layout("us");
        feed_bytes(sequences[i].bytes, sequences[i].byte_count);
        assert_events(sequences[i].name, sequences[i].expected, COUNT(sequences[i].expected));
    }
}

static void every_key_is_pressed_and_released(void **)
{
    for (unsigned code = 1; code < 0x7f; code++) {
        for (unsigned extended = 0; extended < 2; extended++) {
            if (code == 0x60 || code == 0x61 || (extended && (code == 0x2a || code == 0x36)))
                continue;
            enum key key = (enum key)(extended ? code | 0x80 : code);
            if (key == 0x54)
                key = KEY_PRINT_SCREEN;
            use_layout("us");
            for (unsigned release = 0; release <= 0x80; release += 0x80) {
                if (extended)
                    feed(0xe0);
                feed((uint8_t)(code | release));
            }
            assert_events("any key", (const struct expected_event[]){{key, 'p'}, {key, 'r'}, {}}, 3);
        }
    }
}

static void events_that_were_not_taken_are_forgotten(void **)
{
    struct key_event event;
    scancode_feed(&decoder, 0x2a);
    scancode_feed(&decoder, 0x1e);
    assert_true(scancode_next_event(&decoder, &event));
    assert_int_equal(event.key, KEY_A);
    assert_int_equal(event.codepoint, 'A');
    assert_false(scancode_next_event(&decoder, &event));
    scancode_feed(&decoder, 0xff);
    scancode_feed(&decoder, 0x30); // the releases were not taken, but nothing is down any more
    assert_true(scancode_next_event(&decoder, &event));
    assert_int_equal(event.codepoint, 'b');
    assert_false(scancode_next_event(&decoder, &event));
}

// ---- modifiers and locks

static void modifiers_are_held_by_either_key_and_type_nothing(void **)
{
    static const struct {
        uint8_t press[2], release[2];
        uint8_t us, de;
    } keys[] = {
        {{0x2a}, {0xaa}, KEY_MODIFIER_SHIFT, KEY_MODIFIER_SHIFT},
        {{0x36}, {0xb6}, KEY_MODIFIER_SHIFT, KEY_MODIFIER_SHIFT},
        {{0x1d}, {0x9d}, KEY_MODIFIER_CONTROL, KEY_MODIFIER_CONTROL},
        {{0xe0, 0x1d}, {0xe0, 0x9d}, KEY_MODIFIER_CONTROL, KEY_MODIFIER_CONTROL},
        {{0x38}, {0xb8}, KEY_MODIFIER_ALT, KEY_MODIFIER_ALT},
        {{0xe0, 0x38}, {0xe0, 0xb8}, KEY_MODIFIER_ALT, KEY_MODIFIER_ALTGR},
    };
    for (size_t i = 0; i < COUNT(keys); i++) {
        size_t length = keys[i].press[1] ? 2 : 1;
        for (unsigned is_de = 0; is_de < 2; is_de++) {
            use_layout(is_de ? "de" : "us");
            feed_bytes(keys[i].press, length);
            assert_int_equal(scancode_modifiers(&decoder), is_de ? keys[i].de : keys[i].us);
            feed_bytes(keys[i].press, length);
            feed_bytes(keys[i].release, length);
            assert_int_equal(scancode_modifiers(&decoder), 0);
            assert_int_equal(event_count, 3);
            assert_int_equal(events[0].modifiers, is_de ? keys[i].de : keys[i].us);
            assert_true(events[1].is_repeat);
            assert_int_equal(events[2].modifiers, 0);
            assert_string_equal(typed(), "");
        }
    }
}

static void one_of_two_shifts_is_enough(void **)
{
    FEED(0x2a, 0x36, 0xaa, 0x1e, 0x9e, 0xb6, 0x1e, 0x9e);
    assert_string_equal(typed(), "Aa");
}

static void a_fake_shift_is_no_shift(void **)
{
    FEED(0xe0, 0x2a, 0x1e, 0x9e, 0xe0, 0xaa);       // does not begin
    FEED(0x2a, 0xe0, 0xaa, 0x1e, 0x9e, 0xe0, 0x2a); // nor does its release end the real one
    FEED(0x30, 0xaa, 0xb0);
    assert_string_equal(typed(), "aAB");
}

static void alt_does_not_change_what_is_typed(void **)
{
    FEED(0x38, 0x1e, 0x9e, 0xb8);
    assert_int_equal(events[1].codepoint, 'a');
    assert_int_equal(events[1].modifiers, KEY_MODIFIER_ALT);
}

static void control_makes_control_characters(void **)
{
    FEED(0x1d);
    for (uint8_t code = 0x10; code <= 0x35; code++) {
        if (code != 0x1d && code != 0x2a)
            FEED(code, code | 0x80);
    }
    // qwertyuiop[] Enter asdfghjkl;'` \zxcvbnm,./ of which ; ' ` , . / have none
    assert_string_equal(typed(),
                        "\x11\x17\x05\x12\x14\x19\x15\x09\x0f\x10\x1b\x1d\n\x01\x13\x04\x06\x07\x08\x0a\x0b\x0c"
                        "\x1c\x1a\x18\x03\x16\x02\x0e\x0d");
}

static void control_holds_back_what_has_no_control_character(void **)
{
    FEED(0x1d, 0x02, 0x82, 0x39, 0xb9, 0x37, 0xb7, 0x4e, 0xce, 0x9d);
    assert_string_equal(typed(), "");
    use_layout("de");
    FEED(0x1d, 0x27, 0xa7, 0x29, 0xa9, 0x9d, 0x1e, 0x9e); // neither ö nor a waiting ^
    assert_string_equal(typed(), "a");
    FEED(0x1d, 0xe0, 0x38, 0x0c, 0x8c, 0xe0, 0xb8, 0x9d); // Ctrl+AltGr+ß is Ctrl+backslash
    assert_string_equal(typed(), "\x1c");
    FEED(0x2a, 0x1d, 0x2c, 0xac, 0x9d, 0xaa); // with Shift too, by what the layout makes of the key
    assert_string_equal(typed(), "\x19");
    FEED(0x1d, 0x0e, 0x0f, 0x1c, 0x01, 0x9d); // keys that are control characters already
    assert_string_equal(typed(), "\b\t\n\x1b");
}

static void caps_lock_inverts_shift_for_letters_only(void **)
{
    static const struct {
        const char *layout, *keys, *text;
    } cases[] = {
        {"us", "aA1!;:", "Aa1!;:"},
        {"de", "aA;:'\"[{zZ1!-_", "AaÖöÄäÜüYy1!ẞ?"},
        {"de", ALTGR "a" ALTGR_SHIFT "a" ALTGR "q" ALTGR "e" ALTGR "o", "Ææ@€Ø"},
        {"de", ALTGR_SHIFT "," ALTGR_SHIFT ".", "×÷"},
        {"de", ALTGR "t" ALTGR "f" ALTGR "g" ALTGR "h" ALTGR "k" ALTGR "l" ALTGR "s", "ŦĐŊĦĸŁS"},
        {"de", ALTGR_SHIFT "t" ALTGR_SHIFT "h" ALTGR_SHIFT "i", "ŧħı"},
        {"fr", "qQ;:aA!1", "AaMmQq1&"},
        {"fr", "2@7&9(0)'\"", "É2È7Ç9À0Ù%"}, // capitals that Shift does not reach
        {"dvorak", "sS-_;:", "Oo[{Ss"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        use_layout(cases[i].layout);
        FEED(0x3a, 0xba);
        assert_int_equal(scancode_modifiers(&decoder), KEY_MODIFIER_CAPS_LOCK);
        type_keys(cases[i].keys);
        assert_string_equal(typed(), cases[i].text);
        FEED(0x3a, 0xba);
        assert_int_equal(scancode_modifiers(&decoder), 0);
        assert_nothing_is_down();
    }
}

// A layout with the letters of Latin Extended-A, which those of the kernel have only in part.
static void caps_lock_knows_the_letters_of_latin_extended_a(void **)
{
    static const char16_t small[] = u"āăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžſÿßĸŉı";
    static const char16_t capital[] = u"ĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŹŻŽSŸẞĸŉı";
    static_assert(sizeof small == sizeof capital);
    static struct scancode_layout layout = {.name = "extended"};
    constexpr unsigned POSITION_OF_Q = 13;
    for (size_t i = 0; small[i] != 0; i++) {
        uint16_t pair[] = {small[i], capital[i]};
        for (size_t n = 0; n < COUNT(pair); n++) { // a capital stays one
            layout.text[0][POSITION_OF_Q] = pair[n];
            layout.text[1][POSITION_OF_Q] = '#';
            scancode_decoder_init(&decoder, &layout);
            event_count = 0;
            FEED(0x3a, 0xba, 0x10, 0x90);
            assert_int_equal(events[2].codepoint, capital[i]);
        }
    }
}

static void a_lock_turns_once_a_press(void **)
{
    static const struct {
        uint8_t code, modifier;
    } locks[] = {{0x3a, KEY_MODIFIER_CAPS_LOCK}, {0x45, KEY_MODIFIER_NUM_LOCK}, {0x46, KEY_MODIFIER_SCROLL_LOCK}};
    uint8_t expected = 0;
    for (size_t i = 0; i < COUNT(locks); i++) {
        FEED(locks[i].code, locks[i].code);
        expected |= locks[i].modifier;
        assert_int_equal(scancode_modifiers(&decoder), expected);
        feed(locks[i].code | 0x80);
        assert_int_equal(scancode_modifiers(&decoder), expected);
    }
    scancode_release_all(&decoder);
    take_events();
    assert_int_equal(scancode_modifiers(&decoder), expected); // locks are no keys that are held
    FEED(0x45, 0xc5);
    assert_int_equal(scancode_modifiers(&decoder), KEY_MODIFIER_CAPS_LOCK | KEY_MODIFIER_SCROLL_LOCK);
}

static void type_keypad(void)
{
    for (uint8_t code = 0x47; code <= 0x53; code++)
        FEED(code, code | 0x80);
    FEED(0x37, 0xb7, 0xe0, 0x35, 0xe0, 0xb5, 0xe0, 0x1c, 0xe0, 0x9c);
}

static void the_keypad_has_digits_with_num_lock(void **)
{
    static const struct {
        const char *layout, *digits, *others;
    } cases[] = {{"us", "789-456+1230.*/\n", "-+*/\n"},
                 {"de", "789-456+1230,*/\n", "-+*/\n"},
                 {"fr", "789-456+1230.*/\n", "-+*/\n"},
                 {"dvorak", "789-456+1230.*/\n", "-+*/\n"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        use_layout(cases[i].layout);
        for (unsigned is_on = 0; is_on < 2; is_on++) {
            type_keypad();
            assert_string_equal(typed(), is_on ? cases[i].digits : cases[i].others);
            feed(0x2a);
            type_keypad();
            feed(0xaa);
            assert_string_equal(typed(), is_on ? cases[i].others : cases[i].digits);
            FEED(0x45, 0xc5);
        }
        FEED(0xe0, 0x53, 0xe0, 0xd3, 0xe0, 0x47, 0xe0, 0xc7); // Delete, Home: never
        assert_string_equal(typed(), "");
    }
}

// ---- losses

static void what_a_loss_cut_off_is_forgotten(void **)
{
    FEED(0xe0);
    scancode_release_all(&decoder);
    take_events();
    FEED(0x4b, 0xcb); // the keypad's 4, not the arrow
    assert_int_equal(event_count, 2);
    assert_int_equal(events[0].key, KEY_KEYPAD_4);
    use_layout("de");
    FEED(0x29, 0xa9); // a dead circumflex
    scancode_release_all(&decoder);
    take_events();
    FEED(0x1e, 0x9e);
    assert_string_equal(typed(), "a");
}

// ---- garbage

// A hundred thousand bytes of noise, then everything is released and a person goes on typing.
static void noise_leaves_nothing_behind(void **)
{
    uint32_t random = 1;
    for (unsigned round = 0; round < 50; round++) {
        use_layout(scancode_layout_name(round % 4));
        for (unsigned i = 0; i < 2000; i++) {
            random = random * 1664525 + 1013904223;
            event_count = 0;
            scancode_feed(&decoder, (uint8_t)(random >> 24));
            take_events();
        }
        scancode_release_all(&decoder);
        event_count = 0;
        take_events();
        assert_int_equal(scancode_modifiers(&decoder) & 0x0f, 0);
        uint8_t locks = scancode_modifiers(&decoder);
        if (locks & KEY_MODIFIER_CAPS_LOCK)
            FEED(0x3a, 0xba);
        event_count = 0;
        FEED(0x02, 0x82, 0x2a, 0x12, 0x92, 0xaa);
        assert_string_equal(typed(), round % 4 == 2 ? "&E" : round % 4 == 3 ? "1>" : "1E");
        assert_nothing_is_down();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_layout_types_text, fresh),
        cmocka_unit_test_setup(every_ascii_character_can_be_typed_in_every_layout, fresh),
        cmocka_unit_test_setup(layouts_are_found_by_their_names, fresh),
        cmocka_unit_test_setup(dead_keys_wait_for_a_letter, fresh),
        cmocka_unit_test_setup(an_accent_alone_is_an_event_without_a_key, fresh),
        cmocka_unit_test_setup(another_layout_counts_from_the_next_key_on, fresh),
        cmocka_unit_test_setup(an_accent_survives_modifiers_and_its_own_repeats, fresh),
        cmocka_unit_test_setup(sequences_become_events, fresh),
        cmocka_unit_test_setup(every_key_is_pressed_and_released, fresh),
        cmocka_unit_test_setup(events_that_were_not_taken_are_forgotten, fresh),
        cmocka_unit_test_setup(modifiers_are_held_by_either_key_and_type_nothing, fresh),
        cmocka_unit_test_setup(one_of_two_shifts_is_enough, fresh),
        cmocka_unit_test_setup(a_fake_shift_is_no_shift, fresh),
        cmocka_unit_test_setup(alt_does_not_change_what_is_typed, fresh),
        cmocka_unit_test_setup(control_makes_control_characters, fresh),
        cmocka_unit_test_setup(control_holds_back_what_has_no_control_character, fresh),
        cmocka_unit_test_setup(caps_lock_inverts_shift_for_letters_only, fresh),
        cmocka_unit_test_setup(caps_lock_knows_the_letters_of_latin_extended_a, fresh),
        cmocka_unit_test_setup(a_lock_turns_once_a_press, fresh),
        cmocka_unit_test_setup(the_keypad_has_digits_with_num_lock, fresh),
        cmocka_unit_test_setup(what_a_loss_cut_off_is_forgotten, fresh),
        cmocka_unit_test_setup(noise_leaves_nothing_behind, fresh),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
