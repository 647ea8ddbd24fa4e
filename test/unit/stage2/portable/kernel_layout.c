// SPDX-License-Identifier: MIT
// Tests of where a kernel may be placed, and of the search for its checksum note among good and damaged notes.
#include <support/unit.h>

#include <portable/kernel_layout.h>
#include <stdlib.h>
#include <string.h>
#include <support/sentence.h>

static struct kernel_layout layout;
static struct problem problem;

struct place {
    uint64_t address;
    uint64_t size;
};

static enum status choose(uint32_t count, const struct place *places)
{
    struct elf64_image image = {.segment_count = count};
    for (uint32_t i = 0; i < count; i++) {
        image.segments[i].virtual_address = places[i].address;
        image.segments[i].memory_size = places[i].size;
    }
    memset(&layout, 0xa5, sizeof(layout));
    return kernel_layout_choose(&image, &layout, &problem);
}
#define CHOOSE(...) choose(sizeof((struct place[]){__VA_ARGS__}) / sizeof(struct place), (struct place[]){__VA_ARGS__})

static void assert_layout(enum kernel_placement placement, uint64_t virt_base, uint32_t size)
{
    assert_int_equal(layout.placement, placement);
    assert_int_equal(layout.virt_base, virt_base);
    assert_int_equal(layout.size, size);
}

static void kernel_layout_top_2_gib_is_one_block(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE({0xffff'ffff'8000'0000, 1}), STATUS_OK);
    assert_layout(KERNEL_BLOCK, 0xffff'ffff'8000'0000, 4096);
    assert_int_equal(CHOOSE({0xffff'ffff'8020'5010, 0x1ff0}, {0xffff'ffff'8020'0123, 5}, {0xffff'ffff'8020'9000, 1}),
                     STATUS_OK);
    assert_layout(KERNEL_BLOCK, 0xffff'ffff'8020'0000, 0xa000);
}

static void kernel_layout_block_may_fill_the_top_2_gib(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE({0xffff'ffff'ffff'ffff, 1}, {0xffff'ffff'8000'0000, 1}), STATUS_OK);
    assert_layout(KERNEL_BLOCK, 0xffff'ffff'8000'0000, 0x8000'0000);
}

static void kernel_layout_below_4_gib_is_identity(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE({0x10'0000, 0x3001}, {0x40'0800, 0x800}), STATUS_OK);
    assert_layout(KERNEL_IDENTITY, 0x10'0000, 0x30'1000);
    assert_int_equal(CHOOSE({0x1000, 1}, {0xffff'ffff, 1}), STATUS_OK);
    assert_layout(KERNEL_IDENTITY, 0x1000, 0xffff'f000);
}

static void kernel_layout_page_0_is_refused(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE({0x10'0000, 1}, {0xfff, 1}), STATUS_INVALID);
    assert_sentence(&problem, "linked to fff, in page 0, which is never mapped");
}

static void kernel_layout_between_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct place place;
        const char *sentence;
    } cases[] = {
        {{0xffff'ffff, 2}, "linked to ffffffff..100000000, neither below 4 GiB nor above ffffffff80000000"},
        {{0x1'0000'0000, 1}, "linked to 100000000..100000000, neither below 4 GiB nor above ffffffff80000000"},
        {{0x7fff'ffff'ffff, 1}, "linked to 7fffffffffff..7fffffffffff, neither below 4 GiB nor above ffffffff80000000"},
        {{0xffff'8000'0000'0000, 9},
         "linked to ffff800000000000..ffff800000000008, neither below 4 GiB nor above ffffffff80000000"},
        {{0xffff'ffff'7fff'ffff, 2},
         "linked to ffffffff7fffffff..ffffffff80000000, neither below 4 GiB nor above ffffffff80000000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(choose(1, &cases[i].place), STATUS_INVALID);
        assert_sentence(&problem, cases[i].sentence);
    }
}

static void kernel_layout_mixture_is_refused(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE({0xffff'ffff'8000'0000, 0x1000}, {0x10'0000, 0x1000}), STATUS_INVALID);
    assert_sentence(&problem, "linked to 100000..ffffffff80000fff, neither below 4 GiB nor above ffffffff80000000");
}

// Notes as an assembler would lay them out, at an odd address and in a block of their own size.
static struct {
    uint8_t bytes[256];
    uint32_t size;
} notes;

static int forget_notes(void **state)
{
    (void)state;
    memset(&notes, 0, sizeof(notes));
    return 0;
}

static void add_note(const char *name, uint32_t name_size, uint32_t type, const void *descriptor, uint32_t size)
{
    uint32_t header[3] = {name_size, size, type};
    memcpy(&notes.bytes[notes.size], header, sizeof(header));
    notes.size += sizeof(header);
    memcpy(&notes.bytes[notes.size], name, name_size);
    notes.size += (name_size + 3) & ~3u;
    memcpy(&notes.bytes[notes.size], descriptor, size);
    notes.size += (size + 3) & ~3u;
}

static bool find(struct boot_note_checksum *note)
{
    char *copy = malloc(notes.size + 1);
    memcpy(copy + 1, notes.bytes, notes.size);
    bool is_found = kernel_find_checksum_note(copy + 1, notes.size, note);
    free(copy);
    return is_found;
}

static const struct boot_note_checksum SUMS = {0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210};

static void kernel_layout_note_is_found_among_others(void **state)
{
    (void)state;
    struct boot_note_checksum found;
    assert_false(find(&found));
    add_note("GNU", 4, 3, "build-id of 20 bytes", 20);
    add_note("Hewn", 5, 2, &SUMS, sizeof(SUMS)); // another type
    add_note("Hewm", 5, 1, &SUMS, sizeof(SUMS)); // another owner
    add_note("Hewn", 4, 1, &SUMS, sizeof(SUMS)); // its name without the terminator
    add_note("Hewn", 5, 1, &SUMS, 12);           // too short
    add_note("odd", 3, 7, "odd", 3);
    assert_false(find(&found));
    add_note("Hewn", 5, BOOT_NOTE_CHECKSUM, &SUMS, sizeof(SUMS));
    assert_true(find(&found));
    assert_memory_equal(&found, &SUMS, sizeof(SUMS));
}

static void kernel_layout_cut_note_is_not_found(void **state)
{
    (void)state;
    struct boot_note_checksum found;
    add_note("Hewn", 5, BOOT_NOTE_CHECKSUM, &SUMS, sizeof(SUMS));
    uint32_t whole = notes.size;
    for (notes.size = 0; notes.size < whole; notes.size++)
        assert_false(find(&found));
    assert_true(find(&found));
}

static void kernel_layout_last_note_may_lack_its_padding(void **state)
{
    (void)state;
    struct boot_note_checksum found;
    add_note("odd", 4, 7, "odd", 3);
    notes.size--;
    assert_false(find(&found));
}

static void kernel_layout_mad_note_sizes_end_the_search(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0xffff'ffff, 0xffff'fffc, 0xffff'fff0, 0x8000'0000, 0x100};
    struct boot_note_checksum found;
    for (uint32_t field = 0; field < 2; field++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            forget_notes(nullptr);
            add_note("", 0, 3, "", 0); // taken as padded to nothing, it would end where the right one begins
            memcpy(&notes.bytes[4 * field], &sizes[i], 4);
            add_note("Hewn", 5, BOOT_NOTE_CHECKSUM, &SUMS, sizeof(SUMS));
            assert_false(find(&found));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernel_layout_top_2_gib_is_one_block),
        cmocka_unit_test(kernel_layout_block_may_fill_the_top_2_gib),
        cmocka_unit_test(kernel_layout_below_4_gib_is_identity),
        cmocka_unit_test(kernel_layout_page_0_is_refused),
        cmocka_unit_test(kernel_layout_between_is_refused),
        cmocka_unit_test(kernel_layout_mixture_is_refused),
        cmocka_unit_test_setup(kernel_layout_note_is_found_among_others, forget_notes),
        cmocka_unit_test_setup(kernel_layout_cut_note_is_not_found, forget_notes),
        cmocka_unit_test_setup(kernel_layout_last_note_may_lack_its_padding, forget_notes),
        cmocka_unit_test_setup(kernel_layout_mad_note_sizes_end_the_search, forget_notes),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
