// SPDX-License-Identifier: MIT
// kernel/process/elf_names: a file with three symbols, and the same file in all the ways in which it can be wrong.
#include <elf.h>
#include <elf_names/elf_names.h>
#include <stdlib.h>
#include <support/unit.h>

static struct {
    Elf64_Ehdr header;
    Elf64_Shdr sections[3];
    Elf64_Sym symbols[3];
    char strings[16];
} file;

static int make_file(void **)
{
    memset(&file, 0, sizeof file);
    memcpy(file.strings, "\0one\0data\0two", 14);
    file.header.e_shoff = offsetof(typeof(file), sections);
    file.header.e_shentsize = sizeof *file.sections;
    file.header.e_shnum = 3;
    file.sections[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                    .sh_offset = offsetof(typeof(file), symbols),
                                    .sh_size = sizeof file.symbols,
                                    .sh_link = 2};
    file.sections[2] = (Elf64_Shdr){
        .sh_type = SHT_STRTAB, .sh_offset = offsetof(typeof(file), strings), .sh_size = sizeof file.strings};
    file.symbols[0] = (Elf64_Sym){.st_name = 5, .st_info = STT_OBJECT, .st_value = 0x1000, .st_size = 0x5000};
    file.symbols[1] = (Elf64_Sym){.st_name = 1, .st_info = STT_FUNC, .st_value = 0x2000, .st_size = 0x100};
    file.symbols[2] = (Elf64_Sym){.st_name = 10, .st_info = STT_FUNC, .st_value = 0x2100, .st_size = 0x10};
    return 0;
}

static bool find(uint64_t address, struct elf_name *name)
{
    return elf_names_find((const uint8_t *)&file, sizeof file, address, name);
}

static void function_and_offset_are_found(void **)
{
    struct elf_name name;
    assert_true(find(0x2000, &name));
    assert_string_equal(name.text, "one");
    assert_int_equal(name.offset, 0);
    assert_true(find(0x20ff, &name));
    assert_int_equal(name.offset, 0xff);
    assert_true(find(0x2100, &name));
    assert_string_equal(name.text, "two");
}

static void address_in_no_function_has_no_name(void **)
{
    struct elf_name name;
    assert_false(find(0x1fff, &name));
    assert_false(find(0x2110, &name));
    assert_false(find(0, &name));
    assert_false(find(UINT64_MAX, &name));
}

static void check_refused(void)
{
    struct elf_name name;
    assert_false(find(0x2000, &name));
}

static void damage_is_no_name(void **state)
{
    file.header.e_shentsize = 40;
    check_refused();
    make_file(state);
    file.header.e_shoff = UINT64_MAX - 8;
    check_refused();
    make_file(state);
    file.header.e_shnum = 0xffff;
    check_refused();
    make_file(state);
    file.sections[1].sh_offset = sizeof file - 8;
    check_refused();
    make_file(state);
    file.sections[1].sh_size = UINT64_MAX;
    check_refused();
    make_file(state);
    file.sections[1].sh_link = 3;
    check_refused();
    make_file(state);
    file.sections[1].sh_link = 1;
    check_refused();
    make_file(state);
    file.symbols[1].st_name = sizeof file.strings;
    check_refused();
    make_file(state);
    memset(file.strings, 'x', sizeof file.strings);
    check_refused();
    make_file(state);
    file.strings[2] = '\x1b'; // what a terminal would obey
    check_refused();
}

static void file_may_end_anywhere(void **)
{
    for (size_t size = 0; size < sizeof file; size++) {
        struct elf_name name;
        uint8_t *cut = malloc(size + 1); // so that a sanitizer sees its end
        memcpy(cut + 1, &file, size);
        assert_false(elf_names_find(cut + 1, size, 0x2000, &name));
        free(cut);
    }
}

#define NAMES_TEST(name) cmocka_unit_test_setup(name, make_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAMES_TEST(function_and_offset_are_found),
        NAMES_TEST(address_in_no_function_has_no_name),
        NAMES_TEST(damage_is_no_name),
        NAMES_TEST(file_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
