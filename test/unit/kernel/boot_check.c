// SPDX-License-Identifier: MIT
// kernel/boot_check.c: what the loader may say, at its limits. That the kernel ends over it, and says so:
// test/boot/kernel.py.
#include <boot_check.h>
#include <support/unit.h>

static struct boot_info info;

static int set_up(void **)
{
    info = (struct boot_info){
        .magic = BOOT_INFO_MAGIC,
        .version = BOOT_INFO_VERSION,
        .size = sizeof info,
        .command_line = 0x9000,
        .memory_map = 0xa000,
        .memory_count = 12,
        .memory_entry_size = sizeof(struct boot_memory),
        .video = {.kind = BOOT_VIDEO_FRAMEBUFFER,
                  .width = 1024,
                  .height = 768,
                  .pitch = 4096,
                  .bits_per_pixel = 32,
                  .red_shift = 16,
                  .red_bits = 8,
                  .green_shift = 8,
                  .green_bits = 8,
                  .blue_bits = 8,
                  .address = 0xfd00'0000},
    };
    return 0;
}

// What is wrong with INFO; with its framebuffer, if IS_VIDEO.
static void assert_refused(const char *problem, bool is_video)
{
    const char *found = boot_check(&info);
    assert_non_null(found);
    assert_string_equal(found, problem);
    if (is_video)
        assert_null(boot_check_framebuffer(&info));
    else
        assert_ptr_equal(boot_check_framebuffer(&info), &info.video);
}

static void assert_video_refused(struct boot_video video, const char *problem)
{
    info.video = video;
    assert_refused(problem, true);
}

static void assert_video_accepted(struct boot_video video)
{
    info.video = video;
    assert_null(boot_check(&info));
    assert_ptr_equal(boot_check_framebuffer(&info), &info.video);
}

static void what_a_loader_should_say_is_accepted(void **)
{
    assert_null(boot_check(&info));
    assert_ptr_equal(boot_check_framebuffer(&info), &info.video);
    info.video = (struct boot_video){};
    info.command_line = 0;
    info.version = 9;
    info.size = 4096;
    assert_null(boot_check(&info));
}

static void without_a_header_nothing_is_believed(void **)
{
    static struct {
        uint64_t before;
        struct boot_info info;
    } apart;
    apart.info = info;
    const char *address_wrong = "RDI does not hold an address of the identity map";
    const struct boot_info *misaligned = (const void *)((const char *)&apart.info - 4);
    assert_string_equal(boot_check(misaligned), address_wrong);
    assert_null(boot_check_framebuffer(misaligned));
    assert_string_equal(boot_check(nullptr), address_wrong);
    assert_null(boot_check_framebuffer(nullptr));
    info.size = sizeof info - 1;
    assert_refused("its size is less than version 1 of the protocol has", true);
    info.version = 0;
    assert_refused("its version is 0", true);
    info.magic++;
    assert_refused("its magic number is wrong", true);
}

static void tables_are_where_they_can_be(void **)
{
    constexpr uint64_t LOW_HALF_END = 1ull << 47;
    info.command_line = 4095;
    assert_refused("its command line lies outside the identity map", false);
    info.command_line = LOW_HALF_END;
    assert_refused("its command line lies outside the identity map", false);
    info.command_line = LOW_HALF_END - 1;
    info.memory_map = LOW_HALF_END;
    assert_refused("its memory map lies outside the identity map", false);
    info.memory_map = 4096;
    info.memory_count = 65'537;
    assert_refused("its memory map has impossible dimensions", false);
    info.memory_count = 65'536;
    info.module_count = 4096;
    info.module_entry_size = sizeof(struct boot_module);
    assert_refused("its module table lies outside the identity map", false);
    info.modules = 4096;
    assert_null(boot_check(&info));
    info.module_count++;
    assert_refused("its module table has impossible dimensions", false);
}

static void kinds_of_a_later_version_are_its_affair(void **)
{
    info.video.kind = BOOT_VIDEO_FRAMEBUFFER + 1;
    assert_refused("its screen is of a kind that version 1 of the protocol does not have", true);
    info.version = 2;
    assert_null(boot_check(&info));
    assert_null(boot_check_framebuffer(&info));
}

static void text_mode_is_the_kernels_own(void **)
{
    info.video = (struct boot_video){.kind = BOOT_VIDEO_TEXT, .width = UINT32_MAX, .pitch = 1, .bits_per_pixel = 99};
    assert_null(boot_check(&info));
    assert_null(boot_check_framebuffer(&info));
}

static void framebuffers_have_dimensions_that_can_be(void **)
{
    const struct boot_video good = info.video;
    static const struct {
        uint32_t width, height, pitch;
        const char *problem; // nullptr: none
    } sizes[] = {
        {0, 768, 4096, "its framebuffer has impossible dimensions"},
        {1024, 0, 4096, "its framebuffer has impossible dimensions"},
        {1024, 65'537, 4096, "its framebuffer has impossible dimensions"},
        {1024, UINT32_MAX, UINT32_MAX, "its framebuffer has impossible dimensions"},
        {1024, 768, 65'540, "its framebuffer has impossible dimensions"},
        {1024, 768, 4092, "its framebuffer has rows that overlap, or end inside a pixel"},
        {1024, 768, 0, "its framebuffer has rows that overlap, or end inside a pixel"},
        {1024, 768, 4098, "its framebuffer has rows that overlap, or end inside a pixel"},
        {0x4000'0001, 768, 4096,
         "its framebuffer has rows that overlap, or end inside a pixel"}, // 4 bytes, modulo 2^32
        {1, 1, 4, nullptr},
        {16'384, 65'536, 65'536, nullptr},
        {1000, 768, 4096, nullptr},
    };
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct boot_video video = good;
        video.width = sizes[i].width;
        video.height = sizes[i].height;
        video.pitch = sizes[i].pitch;
        if (sizes[i].problem != nullptr)
            assert_video_refused(video, sizes[i].problem);
        else
            assert_video_accepted(video);
    }
}

static void framebuffers_have_pixels_of_32_bits(void **)
{
    info.video.bits_per_pixel = 24;
    assert_refused("its framebuffer has not 32 bits a pixel", true);
}

static void framebuffers_have_colours_beside_each_other(void **)
{
    const struct boot_video good = info.video;
    static const struct {
        uint8_t red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
        bool is_possible;
    } layouts[] = {
        {16, 8, 8, 8, 0, 8, true},     {0, 1, 1, 1, 31, 1, true},   {16, 16, 8, 8, 0, 8, true},
        {22, 10, 12, 10, 2, 10, true}, {16, 0, 8, 8, 0, 8, false},  {16, 8, 8, 0, 0, 8, false},
        {16, 8, 8, 8, 0, 0, false},    {15, 17, 8, 7, 0, 8, false}, {25, 8, 8, 8, 0, 8, false},
        {16, 8, 255, 8, 0, 8, false},  {16, 8, 8, 8, 1, 8, false},  {16, 8, 16, 8, 0, 8, false},
        {16, 255, 8, 8, 0, 8, false},
    };
    for (unsigned i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        struct boot_video video = good;
        video.red_shift = layouts[i].red_shift;
        video.red_bits = layouts[i].red_bits;
        video.green_shift = layouts[i].green_shift;
        video.green_bits = layouts[i].green_bits;
        video.blue_shift = layouts[i].blue_shift;
        video.blue_bits = layouts[i].blue_bits;
        if (layouts[i].is_possible)
            assert_video_accepted(video);
        else
            assert_video_refused(video, "its framebuffer has colours that cannot be");
    }
}

static void framebuffers_lie_where_they_can(void **)
{
    const struct boot_video good = info.video;
    struct boot_video video = good;
    static const uint64_t wrong[] = {0, 4095, UINT64_MAX - 4096 * 768 + 1, UINT64_MAX};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        video.address = wrong[i];
        assert_video_refused(video, "its framebuffer lies where none can be");
    }
    static const uint64_t right[] = {4096, 1ull << 40, UINT64_MAX - 4096 * 768};
    for (unsigned i = 0; i < sizeof right / sizeof *right; i++) {
        video.address = right[i];
        assert_video_accepted(video);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_a_loader_should_say_is_accepted, set_up),
        cmocka_unit_test_setup(without_a_header_nothing_is_believed, set_up),
        cmocka_unit_test_setup(tables_are_where_they_can_be, set_up),
        cmocka_unit_test_setup(kinds_of_a_later_version_are_its_affair, set_up),
        cmocka_unit_test_setup(text_mode_is_the_kernels_own, set_up),
        cmocka_unit_test_setup(framebuffers_have_dimensions_that_can_be, set_up),
        cmocka_unit_test_setup(framebuffers_have_pixels_of_32_bits, set_up),
        cmocka_unit_test_setup(framebuffers_have_colours_beside_each_other, set_up),
        cmocka_unit_test_setup(framebuffers_lie_where_they_can, set_up),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
