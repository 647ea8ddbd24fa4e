// SPDX-License-Identifier: MIT
// Tests of the choice of a graphics mode, over blocks written field by field: what `video=` may say, what a mode must
// have, and which of several is taken.
#include <support/unit.h>

#include <portable/vbe.h>
#include <stdlib.h>

constexpr uint16_t MODE = 0x118;
constexpr uint32_t ADDRESS = 0xfd00'0000;
constexpr uint16_t ATTRIBUTES = 0x9b; // supported, described, colour, graphics, linear

static uint8_t *block; // blocks of their own, so that ASan sees their ends; at odd addresses
static struct vbe_choice choice;
static struct memory_map map;

static void put16(uint32_t offset, uint32_t value)
{
    block[offset] = (uint8_t)value;
    block[offset + 1] = (uint8_t)(value >> 8);
}

static void put32(uint32_t offset, uint32_t value)
{
    put16(offset, value);
    put16(offset + 2, value >> 16);
}

static void put_bytes(uint32_t offset, const char *bytes, uint32_t count)
{
    memcpy(block + offset, bytes, count);
}

// A mode as a well-behaved BIOS describes it.
static void put_mode(uint32_t width, uint32_t height)
{
    memset(block, 0, VBE_MODE_INFO_BYTES);
    put16(0, ATTRIBUTES);
    put16(16, width * 4);
    put16(18, width);
    put16(20, height);
    block[24] = 1;
    block[25] = 32;
    block[27] = 6;
    put_bytes(31, "\x08\x10\x08\x08\x08\x00\x08\x18", 8);
    put32(40, ADDRESS);
    put16(50, width * 4);
    put_bytes(54, "\x08\x10\x08\x08\x08\x00\x08\x18", 8);
}

static int make_block(void **state)
{
    static const struct boot_memory entries[] = {
        {0x1000, 0x9'e000, BOOT_MEMORY_USABLE, 0},        {0xf'0000, 0x1'0000, BOOT_MEMORY_RESERVED, 0},
        {0x10'0000, 0x7ff0'0000, BOOT_MEMORY_USABLE, 0},  {0xfe00'0000, 0x10'0000, BOOT_MEMORY_RESERVED, 0},
        {0x1'0000'0000, 0x1'0000, BOOT_MEMORY_USABLE, 0},
    };
    map.count = sizeof entries / sizeof *entries;
    memcpy(map.entries, entries, sizeof entries);
    *state = malloc(VBE_INFO_BYTES + 1);
    assert_non_null(*state);
    block = (uint8_t *)*state + VBE_INFO_BYTES + 1 - VBE_MODE_INFO_BYTES;
    choice = (struct vbe_choice){};
    return 0;
}

static int free_block(void **state)
{
    free(*state);
    return 0;
}

static bool consider(uint16_t mode)
{
    return vbe_consider(&choice, mode, block, &map);
}

static void wish_for(const char *text)
{
    assert_true(vbe_read_wish(&choice, text));
    choice.version = 0x0300;
}

static void assert_taken(uint16_t mode, uint32_t width, uint32_t height)
{
    assert_int_equal(choice.video.kind, BOOT_VIDEO_FRAMEBUFFER);
    assert_int_equal(choice.mode, mode);
    assert_int_equal(choice.video.width, width);
    assert_int_equal(choice.video.height, height);
}

// ---- what video= says

static void wishes_are_read(void **)
{
    assert_true(vbe_read_wish(&choice, "text"));
    assert_int_equal(choice.wish, VBE_WISH_TEXT);
    assert_true(vbe_read_wish(&choice, "best"));
    assert_int_equal(choice.wish, VBE_WISH_BEST);
    assert_int_equal(choice.width, 1920);
    assert_int_equal(choice.height, 1080);
    assert_true(vbe_read_wish(&choice, "1024x768"));
    assert_int_equal(choice.wish, VBE_WISH_SIZE);
    assert_int_equal(choice.width, 1024);
    assert_int_equal(choice.height, 768);
    assert_true(vbe_read_wish(&choice, "65535x65535"));
    assert_int_equal(choice.width, 65535);
    assert_int_equal(choice.height, 65535);
    assert_true(vbe_read_wish(&choice, "0640x0480"));
    assert_int_equal(choice.width, 640);
}

static void anything_else_is_no_wish(void **)
{
    static const char *const wrong[] = {
        "",           "Text",       "texts",     "best ",        "1024",
        "1024x",      "x768",       "1024x768x", "1024x768x32",  "1024X768",
        "1024 x 768", "-1024x768",  "+1024x768", "0x768",        "1024x0",
        "65536x768",  "1024x65536", "x",         "4294967297x1", "99999999999999x1",
        "\xc3\x97",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (vbe_read_wish(&choice, wrong[i]))
            fail_msg("video=%s was understood", wrong[i]);
        assert_int_equal(choice.wish, VBE_WISH_UNKNOWN);
        assert_int_equal(choice.video.kind, BOOT_VIDEO_NONE);
    }
}

// ---- the information block

static uint32_t list_of(const char *signature, uint32_t version, uint32_t segment, uint32_t offset)
{
    uint8_t *info = block - VBE_MODE_INFO_BYTES;
    memset(info, 0, VBE_INFO_BYTES);
    memcpy(info, signature, 4);
    memcpy(info + 4, &version, 2);
    memcpy(info + 14, &offset, 2);
    memcpy(info + 16, &segment, 2);
    return vbe_read_info(&choice, info);
}

static void mode_list_is_found(void **)
{
    assert_int_equal(list_of("VESA", 0x0200, 0xc000, 0x1234), 0xc'1234);
    assert_int_equal(choice.version, 0x0200);
    assert_int_equal(list_of("VESA", 0x0300, 0xffff, 0xffff), 0x10'ffef);
    assert_int_equal(choice.version, 0x0300);
}

static void what_is_no_vbe_2_has_no_list(void **)
{
    assert_int_equal(list_of("VESA", 0x0102, 0xc000, 0), 0);
    assert_int_equal(list_of("VBE2", 0x0300, 0xc000, 0), 0); // nobody answered
    assert_int_equal(list_of("VESA", 0x0200, 0, 0), 0);
}

// ---- what a mode must have

static void mode_of_the_wanted_size_ends_the_search(void **)
{
    wish_for("1024x768");
    put_mode(1024, 768);
    assert_true(consider(MODE));
    assert_taken(MODE, 1024, 768);
    assert_int_equal(choice.video.pitch, 4096);
    assert_int_equal(choice.video.bits_per_pixel, 32);
    assert_int_equal(choice.video.address, ADDRESS);
    assert_memory_equal(&choice.video.red_shift, ((const uint8_t[]){16, 8, 8, 8, 0, 8}), 6);
    assert_memory_equal(choice.video.reserved, ((const uint8_t[6]){}), 6);
}

static void modes_of_other_sizes_are_passed_by(void **)
{
    wish_for("1024x768");
    static const uint32_t sizes[][2] = {{1024, 767}, {1024, 769}, {1023, 768}, {1025, 768}, {768, 1024}, {0, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put_mode(sizes[i][0], sizes[i][1]);
        assert_false(consider(MODE));
    }
    assert_int_equal(choice.video.kind, BOOT_VIDEO_NONE);
}

// One thing is wrong with each.
static void modes_that_cannot_be_used_are_passed_by(void **)
{
    static const struct {
        uint32_t offset, size, value;
    } wrong[] = {
        {0, 2, ATTRIBUTES & ~1u},    // not supported
        {0, 2, ATTRIBUTES & ~0x10u}, // text
        {0, 2, ATTRIBUTES & ~0x80u}, // by a window only
        {25, 1, 24},
        {25, 1, 16},
        {27, 1, 4},    // packed pixels
        {50, 2, 4092}, // rows that overlap
        {50, 2, 4098}, // pixels that are not aligned
        {40, 4, 0},
        {40, 4, 0xa'0000},
        {40, 4, 0xf'fffc},
        {40, 4, 0x10'0000},   // usable memory
        {40, 4, 0x7fff'f000}, // the last of it
        {40, 4, 0x7fd0'0004}, // begins in it
        {40, 4, ADDRESS + 2},
        {40, 4, 0xffd0'0004}, // ends above 4 GiB
        {40, 4, 0xffff'fffc},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wish_for("1024x768");
        put_mode(1024, 768);
        memcpy(block + wrong[i].offset, &wrong[i].value, wrong[i].size);
        if (consider(MODE) || choice.video.kind != BOOT_VIDEO_NONE)
            fail_msg("a mode with %x at %u was taken", wrong[i].value, wrong[i].offset);
    }
}

static void low_memory_is_nobodys_framebuffer(void **)
{
    map.count = 0;
    wish_for("1024x768");
    put_mode(1024, 768);
    put32(40, 0xf'fffc);
    assert_false(consider(MODE));
    put32(40, 0x10'0000);
    assert_true(consider(MODE));
}

static void framebuffer_may_touch_the_end_of_memory_and_of_4_gib(void **)
{
    static const uint32_t places[] = {0x8000'0000, 0xffd0'0000, 0xfe00'0000}; // the last one in a reserved range
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        wish_for("1024x768");
        put_mode(1024, 768);
        put32(40, places[i]);
        assert_true(consider(MODE));
        assert_int_equal(choice.video.address, places[i]);
    }
}

static void no_kind_of_memory_may_be_hit(void **)
{
    for (uint32_t kind = BOOT_MEMORY_USABLE; kind <= BOOT_MEMORY_MODULE; kind++) {
        wish_for("1024x768");
        put_mode(1024, 768);
        map.entries[3] = (struct boot_memory){ADDRESS + 0x2f'ffff, 1, (enum boot_memory_kind)kind, 0};
        assert_int_equal(consider(MODE), kind == BOOT_MEMORY_RESERVED);
        map.entries[3].base++; // right behind it
        assert_true(consider(MODE));
    }
}

static void rows_count_with_all_of_their_bytes(void **)
{
    wish_for("1024x768");
    put_mode(1024, 768);
    put32(40, 0xffd0'0000); // just fits with rows of 4096 bytes
    put16(50, 4100);
    assert_false(consider(MODE));
}

static void largest_numbers_do_not_wrap(void **)
{
    wish_for("65535x65535");
    put_mode(65535, 65535);
    put16(50, 65532);
    assert_false(consider(MODE)); // pitch < width * 4
    map.count = 0;
    wish_for("16383x65524");
    put_mode(16383, 65524);
    put32(40, 0x10'0000);
    assert_false(consider(MODE)); // 48 bytes too many
    wish_for("16383x65523");
    put16(20, 65523);
    assert_true(consider(MODE));
}

// ---- pitch and colours

static void linear_fields_count_from_version_3_on(void **)
{
    wish_for("1024x768");
    put_mode(1024, 768);
    put16(16, 4608);
    put16(50, 5120);
    put_bytes(31, "\x05\x0a\x05\x05\x05\x00", 6);
    put_bytes(54, "\x08\x00\x08\x08\x08\x10", 6);
    assert_true(consider(MODE));
    assert_int_equal(choice.video.pitch, 5120);
    assert_memory_equal(&choice.video.red_shift, ((const uint8_t[]){0, 8, 8, 8, 16, 8}), 6);
    wish_for("1024x768");
    choice.version = 0x0200;
    assert_true(consider(MODE));
    assert_int_equal(choice.video.pitch, 4608);
    assert_memory_equal(&choice.video.red_shift, ((const uint8_t[]){10, 5, 5, 5, 0, 5}), 6);
}

static void linear_fields_that_are_empty_do_not_count(void **)
{
    wish_for("1024x768");
    put_mode(1024, 768);
    put16(50, 0);
    put_bytes(31, "\x08\x00\x08\x08\x08\x10", 6);
    memset(block + 54, 0, 8);
    assert_true(consider(MODE));
    assert_int_equal(choice.video.pitch, 4096);
    assert_memory_equal(&choice.video.red_shift, ((const uint8_t[]){0, 8, 8, 8, 16, 8}), 6);
}

static void colours_that_cannot_be_are_guessed(void **)
{
    static const char wrong[][7] = {
        "\x00\x00\x00\x00\x00\x00", // absent
        "\x08\x10\x08\x08\x00\x00", // one of them
        "\x08\x10\x08\x08\x08\x08", // two overlap
        "\x08\x19\x08\x08\x08\x00", // beyond 32 bits
        "\x08\xff\x08\x08\x08\x00", //
        "\x21\x00\x08\x08\x08\x00", // too many
        "\xff\xff\xff\xff\xff\xff",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wish_for("1024x768");
        put_mode(1024, 768);
        put_bytes(31, wrong[i], 6);
        put_bytes(54, wrong[i], 6);
        assert_true(consider(MODE));
        assert_memory_equal(&choice.video.red_shift, ((const uint8_t[]){16, 8, 8, 8, 0, 8}), 6);
    }
}

static void unused_bits_do_not_matter(void **)
{
    wish_for("1024x768");
    put_mode(1024, 768);
    put_bytes(54, "\x0a\x14\x0a\x0a\x0a\x00\x00\x00", 8); // as an OptiPlex 3020 leaves them, at 30 bits
    assert_true(consider(MODE));
    assert_memory_equal(&choice.video.red_shift, ((const uint8_t[]){20, 10, 10, 10, 0, 10}), 6);
}

// ---- the best

static void best_is_the_largest_that_fits(void **)
{
    wish_for("best");
    static const struct {
        uint32_t width, height;
        bool is_better;
    } modes[] = {{800, 600, true},    {640, 480, false},   {1280, 1024, true}, {1400, 900, false}, {2560, 1600, false},
                 {2048, 1000, false}, {1920, 1200, false}, {1680, 1050, true}, {1050, 1680, false}};
    uint32_t best = 0;
    for (uint32_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        put_mode(modes[i].width, modes[i].height);
        assert_false(consider((uint16_t)(MODE + i)));
        if (modes[i].is_better)
            best = i;
        assert_taken((uint16_t)(MODE + best), modes[best].width, modes[best].height);
    }
    put_mode(1920, 1080);
    assert_true(consider(0x1ff));
    assert_taken(0x1ff, 1920, 1080);
}

static void first_of_equals_is_taken(void **)
{
    wish_for("best");
    put_mode(1024, 768);
    assert_false(consider(MODE));
    assert_false(consider(MODE + 1));
    assert_taken(MODE, 1024, 768);
}

static void best_has_a_size(void **)
{
    wish_for("best");
    put_mode(0, 0);
    assert_false(consider(MODE));
    put_mode(1024, 0);
    assert_false(consider(MODE));
    assert_int_equal(choice.video.kind, BOOT_VIDEO_NONE);
}

// ---- the monitor

static void put_edid(uint32_t width, uint32_t height)
{
    memset(block, 0, VBE_EDID_BYTES);
    put_bytes(0, "\x00\xff\xff\xff\xff\xff\xff\x00", 8);
    block[18] = 1;
    block[19] = 3;
    put16(54, 0x1234); // pixel clock
    block[56] = (uint8_t)width;
    block[58] = (uint8_t)(width >> 4 & 0xf0) | 3; // the low half belongs to the blanking
    block[59] = (uint8_t)height;
    block[61] = (uint8_t)(height >> 4 & 0xf0) | 5;
}

static void close_edid(void)
{
    block[127] = 0;
    for (uint32_t i = 0; i < 127; i++)
        block[127] = (uint8_t)(block[127] - block[i]);
}

static void best_fits_the_monitor(void **)
{
    wish_for("best");
    put_edid(3840, 2160);
    close_edid();
    vbe_fit_monitor(&choice, block);
    assert_int_equal(choice.width, 3840);
    assert_int_equal(choice.height, 2160);
    put_edid(1280, 1024);
    close_edid();
    vbe_fit_monitor(&choice, block);
    put_mode(1600, 1200);
    assert_false(consider(MODE));
    put_mode(1280, 1024);
    assert_true(consider(MODE + 1));
    assert_taken(MODE + 1, 1280, 1024);
}

static void edid_that_cannot_be_believed_changes_nothing(void **)
{
    wish_for("best");
    for (uint32_t i = 0; i < 7; i++) {
        put_edid(1280, 1024);
        if (i == 0)
            block[3] = 0; // no header
        if (i == 1)
            put16(54, 0); // a text in place of a timing
        if (i == 2)
            block[71] = 0x80; // interlaced
        if (i == 3)
            put_edid(639, 480);
        if (i == 4)
            put_edid(640, 479);
        close_edid();
        if (i == 5)
            block[100] ^= 1; // the sum is wrong
        if (i == 6)
            memset(block, 0, VBE_EDID_BYTES); // the BIOS said yes and wrote nothing
        vbe_fit_monitor(&choice, block);
        assert_int_equal(choice.width, 1920);
        assert_int_equal(choice.height, 1080);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_block, free_block)
    const struct CMUnitTest tests[] = {
        TEST(wishes_are_read),
        TEST(anything_else_is_no_wish),
        TEST(mode_list_is_found),
        TEST(what_is_no_vbe_2_has_no_list),
        TEST(mode_of_the_wanted_size_ends_the_search),
        TEST(modes_of_other_sizes_are_passed_by),
        TEST(modes_that_cannot_be_used_are_passed_by),
        TEST(low_memory_is_nobodys_framebuffer),
        TEST(framebuffer_may_touch_the_end_of_memory_and_of_4_gib),
        TEST(no_kind_of_memory_may_be_hit),
        TEST(rows_count_with_all_of_their_bytes),
        TEST(largest_numbers_do_not_wrap),
        TEST(linear_fields_count_from_version_3_on),
        TEST(linear_fields_that_are_empty_do_not_count),
        TEST(colours_that_cannot_be_are_guessed),
        TEST(unused_bits_do_not_matter),
        TEST(best_is_the_largest_that_fits),
        TEST(first_of_equals_is_taken),
        TEST(best_has_a_size),
        TEST(best_fits_the_monitor),
        TEST(edid_that_cannot_be_believed_changes_nothing),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
