// SPDX-License-Identifier: MIT
// Tests of the ELF64 parser. A good image is built with the host's <elf.h>, whose structures owe nothing to the
// parser's; each check is then provoked by one edit, and its sentence compared.
#include <support/unit.h>

#include <elf.h>
#include <elf64/elf64.h>
#include <stdlib.h>
#include <string.h>
#include <support/sentence.h>

constexpr uint64_t BASE = 0xffff'ffff'8020'0000;
constexpr uint32_t FILE_SIZE = 0x6000;

enum {
    NOTE,
    TEXT,
    RODATA,
    DATA,
    STACK
};

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr table[ELF64_PROGRAM_HEADER_LIMIT];
    uint32_t file_size;
} good;
static struct elf64_image image;
static struct problem problem;

static int build_good_image(void **state)
{
    (void)state;
    memset(&good, 0, sizeof(good));
    memset(&image, 0xa5, sizeof(image));
    memset(&problem, 0xa5, sizeof(problem));
    good.file_size = FILE_SIZE;
    good.header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = BASE + 0x40,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 5,
    };
    good.table[NOTE] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = 0x200, .p_filesz = 36, .p_memsz = 36};
    good.table[TEXT] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0x1000, BASE, 0, 0x1234, 0x1234, 0x1000};
    good.table[RODATA] = (Elf64_Phdr){PT_LOAD, PF_R, 0x3000, BASE + 0x3000, 0, 0x800, 0x800, 0x1000};
    good.table[DATA] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x4000, BASE + 0x5000, 0, 0x2000, 0x9000, 0x1000};
    good.table[STACK] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
    return 0;
}

// Both steps, from buffers of exactly the size that the parser may read, so that ASan sees its ends.
static enum status parse(void)
{
    uint32_t length = good.file_size < ELF64_HEADER_SIZE ? good.file_size : ELF64_HEADER_SIZE;
    void *bytes = malloc(length + 1);
    memcpy((char *)bytes + 1, &good.header, length); // an odd address on purpose
    struct elf64_header header;
    enum status status = elf64_parse_header((char *)bytes + 1, length, good.file_size, &header, &problem);
    free(bytes);
    if (status != STATUS_OK)
        return status;
    assert_int_equal(header.table_offset, good.header.e_phoff);
    assert_int_equal(header.table_size, good.header.e_phnum * sizeof(Elf64_Phdr));
    bytes = malloc(header.table_size + 1);
    memcpy((char *)bytes + 1, good.table, header.table_size);
    status = elf64_parse_segments(&header, (char *)bytes + 1, good.file_size, &image, &problem);
    free(bytes);
    return status;
}

static void assert_refused(const char *sentence)
{
    assert_int_equal(parse(), STATUS_INVALID);
    assert_sentence(&problem, sentence);
}

static void elf64_good_image_is_taken_apart(void **state)
{
    (void)state;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.entry, BASE + 0x40);
    assert_int_equal(image.note_offset, 0x200);
    assert_int_equal(image.note_size, 36);
    assert_int_equal(image.segment_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const Elf64_Phdr *wanted = &good.table[TEXT + i];
        const struct elf64_segment *segment = &image.segments[i];
        assert_int_equal(segment->virtual_address, wanted->p_vaddr);
        assert_int_equal(segment->memory_size, wanted->p_memsz);
        assert_int_equal(segment->file_offset, wanted->p_offset);
        assert_int_equal(segment->file_size, wanted->p_filesz);
        assert_int_equal(segment->flags, wanted->p_flags);
        assert_int_equal(segment->number, TEXT + i);
    }
}

static void elf64_order_of_segments_is_kept(void **state)
{
    (void)state;
    Elf64_Phdr text = good.table[TEXT];
    good.table[TEXT] = good.table[DATA];
    good.table[DATA] = text;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.segments[0].virtual_address, BASE + 0x5000);
    assert_int_equal(image.segments[2].virtual_address, BASE);
}

static void elf64_empty_file_is_truncated(void **state)
{
    (void)state;
    good.file_size = 0;
    assert_refused("truncated: it needs 64 bytes and has 0");
}

static void elf64_file_of_63_bytes_is_truncated(void **state)
{
    (void)state;
    good.file_size = 63;
    assert_refused("truncated: it needs 64 bytes and has 63");
}

static void elf64_other_magic_is_shown(void **state)
{
    (void)state;
    memcpy(good.header.e_ident, "MZ\x90", 4);
    assert_refused("not an ELF file: it starts with 4d5a9000, not 7f454c46");
}

static void elf64_32_bit_file_is_refused(void **state)
{
    (void)state;
    good.header.e_ident[EI_CLASS] = ELFCLASS32;
    assert_refused("not 64-bit (ELF class 1); compile it with -m64");
}

static void elf64_big_endian_file_is_refused(void **state)
{
    (void)state;
    good.header.e_ident[EI_DATA] = ELFDATA2MSB;
    assert_refused("not little-endian (ELF encoding 2)");
}

static void elf64_other_machine_is_refused(void **state)
{
    (void)state;
    good.header.e_machine = EM_AARCH64;
    assert_refused("for machine 183; x86-64 is 62");
}

static void elf64_position_independent_file_is_refused(void **state)
{
    (void)state;
    good.header.e_type = ET_DYN;
    assert_refused("position-independent; link it with -static -no-pie");
}

static void elf64_object_file_is_refused(void **state)
{
    (void)state;
    good.header.e_type = ET_REL;
    assert_refused("not an executable (ELF type 1); link it");
}

static void elf64_odd_program_header_size_is_refused(void **state)
{
    (void)state;
    good.header.e_phentsize = 32;
    assert_refused("program headers of 32 bytes, not 56");
}

static void elf64_program_header_count_has_bounds(void **state)
{
    (void)state;
    good.header.e_phnum = 0;
    assert_refused("0 program headers; 1 to 64 are allowed");
    good.header.e_phnum = 65;
    assert_refused("65 program headers; 1 to 64 are allowed");
    good.header.e_phnum = 64;
    assert_int_equal(parse(), STATUS_OK);
}

static void elf64_table_beyond_the_file_is_truncated(void **state)
{
    (void)state;
    good.header.e_phoff = FILE_SIZE - 5 * 56 + 1;
    assert_refused("truncated: it needs 24577 bytes and has 24576");
    good.header.e_phoff = FILE_SIZE - 5 * 56;
    assert_int_equal(parse(), STATUS_OK);
    good.header.e_phoff = UINT64_MAX - 8;
    assert_refused("truncated: it needs 18446744073709551615 bytes and has 24576");
    good.header.e_phoff = 0x1'0000'0040; // its low half alone would do
    assert_refused("truncated: it needs 4294967640 bytes and has 24576");
}

static void elf64_file_without_segments_is_refused(void **state)
{
    (void)state;
    good.table[TEXT].p_type = good.table[RODATA].p_type = good.table[DATA].p_type = PT_NULL;
    assert_refused("no segment to load");
}

static void elf64_segments_without_memory_are_skipped(void **state)
{
    (void)state;
    good.table[RODATA].p_filesz = good.table[RODATA].p_memsz = 0;
    good.table[RODATA].p_flags = PF_W | PF_X;
    good.table[RODATA].p_vaddr = BASE;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.segments[1].number, DATA);
}

static void elf64_segment_count_has_a_bound(void **state)
{
    (void)state;
    good.header.e_phnum = 18;
    for (uint32_t i = 4; i < 18; i++)
        good.table[i] = (Elf64_Phdr){PT_LOAD, PF_R, 0, BASE + (uint64_t)i * 0x10000, 0, 16, 16, 0x1000};
    assert_refused("more than 16 segments to load");
    good.header.e_phnum = 17;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.segment_count, 16);
}

static void elf64_more_file_than_memory_is_refused(void **state)
{
    (void)state;
    good.table[RODATA].p_memsz = 0x7ff;
    assert_refused("segment 2 has more bytes in the file than in memory");
    good.table[RODATA].p_memsz = 0;
    assert_refused("segment 2 has more bytes in the file than in memory");
}

static void elf64_segment_beyond_the_file_is_truncated(void **state)
{
    (void)state;
    good.file_size = FILE_SIZE - 1;
    assert_refused("truncated: it needs 24576 bytes and has 24575");
    good.file_size = FILE_SIZE;
    good.table[DATA].p_offset = UINT64_MAX - 0x1000;
    assert_refused("truncated: it needs 18446744073709551615 bytes and has 24576");
    good.table[DATA].p_offset = 0x1'0000'4000;
    assert_refused("truncated: it needs 4294991872 bytes and has 24576");
}

static void elf64_bss_alone_may_start_beyond_the_file(void **state)
{
    (void)state;
    good.table[DATA].p_filesz = 0;
    good.table[DATA].p_offset = 0x7000;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.segments[2].file_size, 0);
    assert_int_equal(image.segments[2].memory_size, 0x9000);
}

static void elf64_note_beyond_the_file_is_truncated(void **state)
{
    (void)state;
    good.table[NOTE].p_filesz = 0x5e01;
    assert_refused("truncated: it needs 24577 bytes and has 24576");
}

static void elf64_first_note_counts(void **state)
{
    (void)state;
    good.table[STACK] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = 0x400, .p_filesz = 20};
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.note_offset, 0x200);
    good.table[NOTE].p_type = PT_NULL;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.note_offset, 0x400);
    good.table[STACK].p_type = PT_NULL;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.note_size, 0);
}

static void elf64_segment_outside_the_address_space_is_refused(void **state)
{
    (void)state;
    good.table[DATA].p_vaddr = 0x8000'0000'0000;
    assert_refused("segment 3 at 800000000000 leaves the address space");
    good.table[DATA].p_vaddr = 0xffff'7fff'ffff'f000;
    assert_refused("segment 3 at ffff7ffffffff000 leaves the address space");
    good.table[DATA].p_vaddr = 0x7fff'ffff'8000; // runs into the hole
    assert_refused("segment 3 at 7fffffff8000 leaves the address space");
    good.table[DATA].p_vaddr = 0x7fff'ffff'7000;
    assert_int_equal(parse(), STATUS_OK);
    good.table[DATA].p_vaddr = 0xffff'ffff'ffff'8000; // wraps round
    assert_refused("segment 3 at ffffffffffff8000 leaves the address space");
    good.table[DATA].p_vaddr = 0xffff'ffff'ffff'7000; // ends with the address space
    assert_int_equal(parse(), STATUS_OK);
    good.table[DATA].p_vaddr = 0x1000;
    good.table[DATA].p_memsz = UINT64_MAX; // wraps round into the same half
    assert_refused("segment 3 at 1000 leaves the address space");
}

static void elf64_overlapping_segments_are_named(void **state)
{
    (void)state;
    good.table[DATA].p_vaddr = BASE + 0x1000;
    assert_refused("segments 3 and 1 overlap or share a page");
    good.table[DATA].p_vaddr = BASE - 0x8000; // from below, over the whole of segment 1
    good.table[DATA].p_memsz = 0x20000;
    assert_refused("segments 3 and 1 overlap or share a page");
}

static void elf64_segments_in_one_page_are_named(void **state)
{
    (void)state;
    good.table[DATA].p_vaddr = BASE + 0x3800; // segment 2 ends right there
    assert_refused("segments 3 and 2 overlap or share a page");
    good.table[DATA].p_vaddr = BASE + 0x4000;
    assert_int_equal(parse(), STATUS_OK);
    good.table[DATA].p_vaddr = BASE - 0x8fff; // from below: its last byte is in segment 1's first page
    assert_refused("segments 3 and 1 overlap or share a page");
    good.table[DATA].p_vaddr = BASE - 0x9000;
    assert_int_equal(parse(), STATUS_OK);
    good.table[TEXT].p_vaddr += 0x800; // ends below segment 1, in its first page
    good.header.e_entry += 0x800;
    assert_int_equal(parse(), STATUS_OK);
    good.table[DATA].p_vaddr += 0x400;
    assert_refused("segments 3 and 1 overlap or share a page");
}

static void elf64_writable_and_executable_segment_is_refused(void **state)
{
    (void)state;
    good.table[DATA].p_flags |= PF_X;
    assert_refused("segment 3 at ffffffff80205000 is writable and executable");
}

static void elf64_entry_outside_code_is_refused(void **state)
{
    (void)state;
    good.header.e_entry = BASE + 0x3000; // read-only data
    assert_refused("entry point ffffffff80203000 is outside every executable segment");
    good.header.e_entry = BASE + 0x1234; // one byte beyond the code
    assert_refused("entry point ffffffff80201234 is outside every executable segment");
    good.header.e_entry = BASE - 1;
    assert_refused("entry point ffffffff801fffff is outside every executable segment");
    good.header.e_entry = BASE + 0x1233;
    assert_int_equal(parse(), STATUS_OK);
}

static void elf64_dynamically_linked_file_is_refused(void **state)
{
    (void)state;
    good.table[STACK].p_type = PT_INTERP;
    assert_refused("dynamically linked; link it with -static");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, build_good_image)
    const struct CMUnitTest tests[] = {
        TEST(elf64_good_image_is_taken_apart),
        TEST(elf64_order_of_segments_is_kept),
        TEST(elf64_empty_file_is_truncated),
        TEST(elf64_file_of_63_bytes_is_truncated),
        TEST(elf64_other_magic_is_shown),
        TEST(elf64_32_bit_file_is_refused),
        TEST(elf64_big_endian_file_is_refused),
        TEST(elf64_other_machine_is_refused),
        TEST(elf64_position_independent_file_is_refused),
        TEST(elf64_object_file_is_refused),
        TEST(elf64_odd_program_header_size_is_refused),
        TEST(elf64_program_header_count_has_bounds),
        TEST(elf64_table_beyond_the_file_is_truncated),
        TEST(elf64_file_without_segments_is_refused),
        TEST(elf64_segments_without_memory_are_skipped),
        TEST(elf64_segment_count_has_a_bound),
        TEST(elf64_more_file_than_memory_is_refused),
        TEST(elf64_segment_beyond_the_file_is_truncated),
        TEST(elf64_bss_alone_may_start_beyond_the_file),
        TEST(elf64_note_beyond_the_file_is_truncated),
        TEST(elf64_first_note_counts),
        TEST(elf64_segment_outside_the_address_space_is_refused),
        TEST(elf64_overlapping_segments_are_named),
        TEST(elf64_segments_in_one_page_are_named),
        TEST(elf64_writable_and_executable_segment_is_refused),
        TEST(elf64_entry_outside_code_is_refused),
        TEST(elf64_dynamically_linked_file_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
