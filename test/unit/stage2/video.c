// SPDX-License-Identifier: MIT
// Tests of how stage 2 sets a graphics mode, on a simulated video BIOS: in which order it is asked, what is believed,
// and that whatever fails ends in text. Which mode is chosen, and what is wrong with others, is the portable module's
// matter (test/unit/stage2/portable/vbe.c).
#include <support/unit.h>

#include "simulated.h"
#include <stage2/console.h>
#include <stage2/disk.h>
#include <stage2/video.h>

constexpr uint32_t MODES_MOST = 16;
constexpr uint32_t CALL_LIMIT = 300;
constexpr uint32_t ROM_LIST = 0xc'4321;
constexpr uint16_t END = 0xffff;
constexpr uint32_t ADDRESS = 0xe000'0000;
constexpr uint16_t DONE = 0x004f, FAILED = 0x014f;
constexpr uint32_t IN_BLOCK = 0x40; // where in the information block a mode list may lie

alignas(16) uint8_t bounce_buffer[512];

static struct {
    uint16_t version;   // of VBE; 0: none
    uint16_t list[256]; // what the list holds; from list_length on it ends, or never
    uint32_t list_length;
    bool list_is_in_block, list_never_ends;
    struct {
        uint16_t number, width, height;
    } modes[MODES_MOST];
    uint32_t mode_count;
    uint32_t edid_width, edid_height; // 0: none
    bool cannot_set, sets_text_mode;
    uint8_t mode; // in the BIOS data area

    uint32_t calls, info_calls, mode_calls, edid_calls, set_calls, text_modes;
    uint16_t set_mode;
    bool screen_is_left;
} bios;

static struct boot_video video;
static struct memory_map map;

void memory_clear(void *destination, uint32_t size_bytes)
{
    memset(destination, 0, size_bytes);
}

uint16_t low_memory_read16(uint32_t address)
{
    if (address == 0x449)
        return (uint16_t)(0x5000 | bios.mode); // the next byte is another variable
    if (bios.list_is_in_block) {
        const uint8_t *at = real_mode_pointer((uint16_t)(address >> 4), address & 15);
        assert_in_range(at - bounce_buffer, IN_BLOCK, sizeof bounce_buffer - 2);
        return (uint16_t)(at[0] | at[1] << 8);
    }
    uint32_t index = (address - ROM_LIST) / 2;
    assert_int_equal(address % 2, ROM_LIST % 2);
    if (bios.list_never_ends)
        return bios.list[index % bios.list_length];
    return index < bios.list_length ? bios.list[index] : END;
}

void console_set_text_mode(void)
{
    assert_false(bios.screen_is_left);
    bios.calls++;
    bios.text_modes++;
    if (bios.sets_text_mode)
        bios.mode = 3;
}

void console_leave_screen(void)
{
    assert_int_equal(bios.mode, bios.set_mode & 0x7f);
    bios.screen_is_left = true;
}

static void put16(uint32_t offset, uint32_t value)
{
    bounce_buffer[offset] = (uint8_t)value;
    bounce_buffer[offset + 1] = (uint8_t)(value >> 8);
}

static uint16_t give_info(void)
{
    bios.info_calls++;
    assert_memory_equal(bounce_buffer, "VBE2", 4);
    if (!bios.version)
        return 0x4f00; // AX as it came
    uint32_t list = ROM_LIST;
    if (bios.list_is_in_block) {
        uintptr_t low = (uintptr_t)bounce_buffer & 0xf'ffff;
        list = (uint32_t)low + IN_BLOCK;
        for (uint32_t i = 0; i <= bios.list_length; i++)
            put16(IN_BLOCK + i * 2, i < bios.list_length ? bios.list[i] : END);
    }
    memcpy(bounce_buffer, "VESA", 4);
    put16(4, bios.version);
    put16(14, list & 15);
    put16(16, list >> 4);
    return DONE;
}

static uint16_t give_mode_info(uint16_t number)
{
    assert_in_range(++bios.mode_calls, 1, 256);
    for (uint32_t i = 0; i < sizeof bounce_buffer / 2; i++)
        assert_int_equal(bounce_buffer[i], 0);
    memset(bounce_buffer + 66, 0xa5, 190);
    for (uint32_t i = 0; i < bios.mode_count; i++) {
        if (bios.modes[i].number != number)
            continue;
        put16(0, 0x9b);
        put16(16, bios.modes[i].width * 4u);
        put16(18, bios.modes[i].width);
        put16(20, bios.modes[i].height);
        bounce_buffer[25] = 32;
        bounce_buffer[27] = 6;
        put16(42, ADDRESS >> 16);
        return DONE;
    }
    put16(0, 0x9b); // refuses, but not without writing
    return FAILED;
}

static uint16_t give_edid(void)
{
    bios.edid_calls++;
    if (!bios.edid_width)
        return FAILED;
    memset(bounce_buffer, 0, 128);
    memcpy(bounce_buffer, "\0\xff\xff\xff\xff\xff\xff", 8);
    bounce_buffer[54] = 1;
    bounce_buffer[56] = (uint8_t)bios.edid_width;
    bounce_buffer[58] = (uint8_t)(bios.edid_width >> 8 << 4);
    bounce_buffer[59] = (uint8_t)bios.edid_height;
    bounce_buffer[61] = (uint8_t)(bios.edid_height >> 8 << 4);
    for (uint32_t i = 0; i < 127; i++)
        bounce_buffer[127] = (uint8_t)(bounce_buffer[127] - bounce_buffer[i]);
    return DONE;
}

static uint16_t set_mode(uint16_t number)
{
    bios.set_calls++;
    bios.set_mode = number;
    if (bios.cannot_set)
        return FAILED;
    bios.mode = number & 0x7f;
    return DONE;
}

void bios_call(uint8_t number, struct bios_registers *registers)
{
    assert_int_equal(number, 0x10);
    assert_in_range(++bios.calls, 1, CALL_LIMIT);
    assert_false(bios.screen_is_left);
    assert_ptr_equal(real_mode_pointer(registers->es, registers->edi), bounce_buffer);
    uint16_t answer = 0;
    switch (registers->eax) {
    case 0x4f00:
        answer = give_info();
        break;
    case 0x4f01:
        answer = give_mode_info((uint16_t)registers->ecx);
        break;
    case 0x4f02:
        answer = set_mode((uint16_t)registers->ebx);
        break;
    case 0x4f15:
        assert_int_equal(registers->ebx, 1);
        assert_int_equal(registers->ecx | registers->edx, 0);
        answer = give_edid();
        break;
    default:
        fail_msg("INT 10h with EAX = %x", registers->eax);
    }
    ruin_registers(registers);
    registers->eax = (GARBAGE & 0xffff'0000) | answer;
}

static void offer(uint16_t number, uint16_t width, uint16_t height)
{
    bios.list[bios.list_length++] = number;
    bios.modes[bios.mode_count++] = (typeof(*bios.modes)){number, width, height};
}

static int make_bios(void **)
{
    simulated_reset();
    bios = (typeof(bios)){.version = 0x0300, .mode = 3, .sets_text_mode = true};
    offer(0x112, 640, 480);
    offer(0x118, 1024, 768);
    offer(0x11b, 1280, 1024);
    offer(0x123, 1600, 1200);
    video = (struct boot_video){};
    return 0;
}

static void assert_text(void)
{
    assert_int_equal(video.kind, BOOT_VIDEO_TEXT);
    assert_int_equal(video.width, 80);
    assert_int_equal(video.height, 25);
    assert_int_equal(video.pitch, 160);
    assert_int_equal(video.address, 0xb'8000);
    assert_int_equal(bios.mode, 3);
    assert_false(bios.screen_is_left);
}

static void assert_framebuffer(uint16_t number, uint32_t width, uint32_t height)
{
    assert_int_equal(bios.set_mode, 0x4000 | number);
    assert_int_equal(bios.set_calls, 1);
    assert_true(bios.screen_is_left);
    assert_int_equal(video.kind, BOOT_VIDEO_FRAMEBUFFER);
    assert_int_equal(video.width, width);
    assert_int_equal(video.height, height);
    assert_int_equal(video.pitch, width * 4);
    assert_int_equal(video.address, ADDRESS);
    assert_string_equal(said, "");
}

static void start(const char *command_line)
{
    video_start(command_line, &map, &video);
}

static void text_asks_the_bios_for_nothing(void **)
{
    start("");
    assert_text();
    start("loglevel=debug video=text exit=pass");
    assert_text();
    assert_int_equal(bios.calls, 0);
    assert_string_equal(said, "");
}

static void another_mode_gives_way_to_text(void **)
{
    bios.mode = 0x12;
    start("");
    assert_text();
    assert_int_equal(bios.calls, 1);
    assert_string_equal(said, "");
}

static void machine_without_text_has_no_screen(void **)
{
    bios.mode = 7;
    bios.sets_text_mode = false;
    start("");
    assert_int_equal(video.kind, BOOT_VIDEO_NONE);
    assert_int_equal(bios.calls, 1);
}

static void wanted_size_is_set(void **)
{
    start("exit=pass video=1024x768");
    assert_framebuffer(0x118, 1024, 768);
    assert_int_equal(bios.mode_calls, 2);
    assert_int_equal(bios.edid_calls, 0);
}

static void best_without_a_monitor_that_speaks(void **)
{
    start("video=best");
    assert_framebuffer(0x11b, 1280, 1024);
    assert_int_equal(bios.edid_calls, 1);
}

static void best_with_one_that_does(void **)
{
    bios.edid_width = 1024;
    bios.edid_height = 800;
    start("video=best");
    assert_framebuffer(0x118, 1024, 768);
}

// Every call after the first one destroys it there.
static void list_in_the_information_block_is_copied_first(void **)
{
    bios.list_is_in_block = true;
    bios.edid_width = 1600;
    bios.edid_height = 1200;
    start("video=best");
    assert_framebuffer(0x123, 1600, 1200);
}

static void list_without_an_end_is_cut_off(void **)
{
    bios.list_never_ends = true;
    start("video=800x600");
    assert_text();
    assert_int_equal(bios.mode_calls, 256);
}

static void empty_list_is_no_harm(void **)
{
    bios.list_length = 0;
    start("video=best");
    assert_text();
    assert_string_equal(said, "video=best: the BIOS has no such mode with 32 bits a pixel; text it is\n");
}

static void modes_that_are_refused_are_passed_by(void **)
{
    bios.list[1] = 0x100; // in the list, but 4F01h does not know it
    start("video=1024x768");
    assert_text();
    assert_int_equal(bios.mode_calls, 4);
    assert_int_equal(bios.set_calls, 0);
}

static void numbers_with_other_meanings_are_never_used(void **)
{
    bios.list[1] = bios.modes[1].number = 0x118 | 1 << 11; // "timings at ES:DI"
    start("video=1024x768");
    assert_text();
    assert_int_equal(bios.mode_calls, 3);
}

static void bios_without_vbe(void **)
{
    bios.version = 0;
    start("video=1024x768");
    assert_text();
    assert_int_equal(bios.calls, 1);
    assert_string_equal(said, "video=1024x768: the BIOS has no VBE 2.0; text it is\n");
}

static void bios_with_an_old_vbe(void **)
{
    bios.version = 0x0102;
    start("video=1024x768");
    assert_text();
    assert_int_equal(bios.calls, 1);
}

static void size_that_nobody_has(void **)
{
    start("video=9999x9999");
    assert_text();
    assert_int_equal(bios.mode_calls, 4);
    assert_string_equal(said, "video=9999x9999: the BIOS has no such mode with 32 bits a pixel; text it is\n");
}

// The BIOS data area still says mode 3 then.
static void mode_that_cannot_be_set_is_left_for_text(void **)
{
    bios.cannot_set = true;
    start("video=1024x768");
    assert_int_equal(bios.set_mode, 0x4118);
    assert_int_equal(bios.text_modes, 1);
    assert_text();
    assert_string_equal(said, "video=1024x768: the BIOS cannot set its own mode; text it is\n");
}

static void rubbish_is_named(void **)
{
    start("video=rubbish");
    assert_text();
    start("video=");
    assert_text();
    start("video=\"1024x768 and a text that is longer than any wish\"");
    assert_text();
    assert_int_equal(bios.calls, 0);
    assert_words(said, (const char *[]){"video=rubbish: neither text, best nor WIDTHxHEIGHT; text it is\n",
                                        "video=: neither", "video=1024x768 and a text that is lon:", nullptr});
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, make_bios)
    const struct CMUnitTest tests[] = {
        TEST(text_asks_the_bios_for_nothing),
        TEST(another_mode_gives_way_to_text),
        TEST(machine_without_text_has_no_screen),
        TEST(wanted_size_is_set),
        TEST(best_without_a_monitor_that_speaks),
        TEST(best_with_one_that_does),
        TEST(list_in_the_information_block_is_copied_first),
        TEST(list_without_an_end_is_cut_off),
        TEST(empty_list_is_no_harm),
        TEST(modes_that_are_refused_are_passed_by),
        TEST(numbers_with_other_meanings_are_never_used),
        TEST(bios_without_vbe),
        TEST(bios_with_an_old_vbe),
        TEST(size_that_nobody_has),
        TEST(mode_that_cannot_be_set_is_left_for_text),
        TEST(rubbish_is_named),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
