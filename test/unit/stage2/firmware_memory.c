// SPDX-License-Identifier: MIT
// Tests of how stage 2 asks for the memory map, through simulated BIOSes: E820 in its dialects, E801, 88h, nothing.
// Includes the source, because the raw map is a variable of its own. What becomes of mad ranges is the portable
// module's matter (test/unit/stage2/portable/memory_map.c).
#include <support/unit.h>

#include "simulated.h"
#include <stage2/firmware_memory.c> // NOLINT(bugprone-suspicious-include)

constexpr uint64_t MIB = 1 << 20;
constexpr uint32_t LOADER_END = 0x3'8000; // CMakeLists.txt gives the linker's symbol this value
constexpr uint32_t CALL_LIMIT = 1000;

static struct {
    struct e820_entry entries[200];
    uint32_t entry_count;
    bool ends_with_carry, never_ends, keeps_signature_back;
    uint32_t returned_size;

    bool has_e801, e801_in_cx_dx, has_88h;
    uint16_t e801_kib, e801_blocks, kib_88h;
    uint16_t base_kib, stored_base_kib;
    uint32_t e820_calls, e801_calls;
} bios;

static struct memory_map map;

uint16_t low_memory_read16(uint32_t address)
{
    assert_int_equal(address, 0x413);
    return bios.stored_base_kib;
}

static void answer_e820(const struct bios_registers *in, struct bios_registers *out)
{
    assert_in_range(++bios.e820_calls, 1, CALL_LIMIT);
    assert_int_equal(in->edx, E820_SIGNATURE);
    assert_int_equal(in->ecx, 24);
    struct e820_entry *entry = real_mode_pointer(in->es, in->edi);
    assert_int_equal(entry->attributes, 1); // a BIOS that gives 20 bytes leaves what was there
    uint32_t index = in->ebx ? in->ebx - GARBAGE : 0;
    if (bios.never_ends)
        index %= bios.entry_count;
    if (index >= bios.entry_count) {
        out->flags = FLAG_CARRY;
        return;
    }
    memcpy(entry, &bios.entries[index], bios.returned_size);
    bool is_last = index + 1 == bios.entry_count && !bios.ends_with_carry && !bios.never_ends;
    out->ebx = is_last ? 0 : GARBAGE + index + 1;
    out->ecx = bios.returned_size;
    out->eax = bios.keeps_signature_back ? GARBAGE : E820_SIGNATURE;
}

static void answer_e801(struct bios_registers *out)
{
    bios.e801_calls++;
    uint32_t upper = GARBAGE & 0xffff'0000;
    out->eax = out->ebx = upper;
    if (!bios.e801_kib)
        out->ecx = out->edx = upper;
    *(bios.e801_in_cx_dx ? &out->ecx : &out->eax) = upper | bios.e801_kib;
    *(bios.e801_in_cx_dx ? &out->edx : &out->ebx) = upper | bios.e801_blocks;
    if (!bios.has_e801)
        out->flags = FLAG_CARRY;
}

void bios_call(uint8_t number, struct bios_registers *registers)
{
    struct bios_registers in = *registers;
    ruin_registers(registers);
    registers->flags = 0;
    if (number == 0x12) {
        registers->eax = (GARBAGE & 0xffff'0000) | bios.base_kib;
        return;
    }
    assert_int_equal(number, 0x15);
    if (in.eax == 0xe820) {
        answer_e820(&in, registers);
    } else if ((uint16_t)in.eax == 0xe801) {
        answer_e801(registers);
    } else {
        assert_int_equal(in.eax >> 8 & 0xff, 0x88);
        registers->eax = (GARBAGE & 0xffff'0000) | bios.kib_88h;
        registers->flags = bios.has_88h ? 0 : FLAG_CARRY;
    }
}

static void give(uint64_t base, uint64_t length, uint32_t type)
{
    bios.entries[bios.entry_count++] = (struct e820_entry){base, length, type, 0};
}

static int make_bios(void **)
{
    simulated_reset();
    raw.count = 0;
    bios = (typeof(bios)){.returned_size = 20, .base_kib = 639, .stored_base_kib = 639};
    return 0;
}

static int make_e820_bios(void **state)
{
    make_bios(state);
    give(0, 0x9'fc00, 1);
    give(0x9'fc00, 0x400, 2);
    give(MIB, 15 * MIB, 1);
    return 0;
}

static uint64_t usable_above_1_mib(void)
{
    firmware_memory_map(&map);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < map.count; i++)
        if (map.entries[i].kind == BOOT_MEMORY_USABLE && map.entries[i].base >= MIB)
            sum += map.entries[i].length;
    return sum;
}

static void e820_of_20_bytes(void **)
{
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
    assert_int_equal(bios.e820_calls, 3);
    assert_int_equal(bios.e801_calls, 0);
    assert_string_equal(said, "");
}

// Bit 0 of the attributes is clear in all of them, which ACPI 3 reads as "ignore".
static void e820_of_24_bytes_is_taken_without_attributes(void **)
{
    bios.returned_size = 24;
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
}

static void e820_that_ends_with_carry(void **)
{
    bios.ends_with_carry = true;
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
    assert_int_equal(bios.e820_calls, 4);
}

static void e820_that_never_ends_is_cut_off(void **)
{
    bios.never_ends = true;
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
    assert_in_range(bios.e820_calls, 3, 128);
}

static void e820_with_nothing_in_it_is_no_harm(void **)
{
    give(0x5000'0000, 0, 1);
    give(0, 0, 2);
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
}

static void e820_of_more_entries_than_are_asked_for(void **)
{
    for (uint32_t i = 0; i < 180; i++)
        give(0x1000'0000 + i * 2 * MIB, MIB, 1);
    assert_int_equal(usable_above_1_mib(), 15 * MIB + 125 * MIB);
    assert_int_equal(bios.e820_calls, 128);
}

static void e820_without_signature_is_not_believed(void **)
{
    bios.keeps_signature_back = true;
    bios.has_88h = true;
    bios.kib_88h = 3072;
    assert_int_equal(usable_above_1_mib(), 3 * MIB);
    assert_words(said, (const char *[]){"memory map", "E820", nullptr});
}

static void e820_without_usable_memory_gives_way(void **)
{
    bios.entry_count = 0;
    give(MIB, 15 * MIB, 2);
    bios.has_e801 = true;
    bios.e801_kib = 4096;
    assert_int_equal(usable_above_1_mib(), 4 * MIB);
}

static void pages_of_the_loader_are_its_own(void **)
{
    firmware_memory_map(&map);
    assert_true(map.entries[0].kind == BOOT_MEMORY_RESERVED);
    assert_int_equal(map.entries[0].length, 4096);
    assert_true(map.entries[1].kind == BOOT_MEMORY_LOADER);
    assert_int_equal(map.entries[1].base, 4096);
    assert_int_equal(map.entries[1].length, LOADER_END - 4096);
    assert_true(map.entries[2].kind == BOOT_MEMORY_USABLE);
    assert_int_equal(map.entries[2].base + map.entries[2].length, 0x9'f000);
}

static void loader_in_reserved_memory_is_refused(void **)
{
    give(0x3'0000, 0x1000, 2);
    ASSERT_STOPS(firmware_memory_map(&map), "memory map", "224 KiB");
}

static void e801_below_and_above_16_mib(void **)
{
    bios.has_e801 = true;
    bios.e801_kib = 15360;
    bios.e801_blocks = 100;
    assert_int_equal(usable_above_1_mib(), (15360 + 6400) * 1024);
    assert_words(said, (const char *[]){"memory map", "E820", nullptr});
    assert_int_equal(map.entries[2].base + map.entries[2].length, 0x9'f000); // 639 KiB, whole pages
}

static void e801_with_a_hole_below_16_mib(void **)
{
    bios.has_e801 = true;
    bios.e801_kib = 14336;
    bios.e801_blocks = 16;
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
    assert_true(memory_map_covers(&map, 16 * MIB, MIB));
    assert_false(memory_map_covers(&map, 15 * MIB, 4096));
}

static void e801_in_cx_and_dx(void **)
{
    bios.has_e801 = true;
    bios.e801_in_cx_dx = true;
    bios.e801_kib = 8192;
    bios.e801_blocks = 0;
    assert_int_equal(usable_above_1_mib(), 8 * MIB);
}

static void only_88h(void **)
{
    bios.has_88h = true;
    bios.kib_88h = 7168;
    assert_int_equal(usable_above_1_mib(), 7 * MIB);
}

static void nothing_at_all_is_refused(void **)
{
    ASSERT_STOPS(firmware_memory_map(&map), "memory map", "E820", "E801", "88h");
}

static void answers_of_0_are_refused(void **)
{
    bios.has_e801 = true;
    bios.has_88h = true;
    ASSERT_STOPS(firmware_memory_map(&map), "memory map", "E820", "E801", "88h");
}

static void smaller_of_two_base_memories_is_believed(void **)
{
    bios.base_kib = 127;
    ASSERT_STOPS(firmware_memory_map(&map), "127 KiB", "INT 12h", "224");
    bios.base_kib = 639;
    bios.stored_base_kib = 200;
    ASSERT_STOPS(firmware_memory_map(&map), "200 KiB", "INT 12h", "224");
}

static void base_memory_that_is_just_enough(void **)
{
    bios.base_kib = LOADER_END >> 10;
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
}

// An EBDA or an option ROM lives there, whatever E820 says.
static void memory_above_the_base_memory_is_reserved(void **)
{
    bios.stored_base_kib = 512;
    firmware_memory_map(&map);
    assert_true(memory_map_covers(&map, LOADER_END, 0x8'0000 - LOADER_END));
    assert_false(memory_map_covers(&map, 0x8'0000, 4096));
    assert_false(memory_map_covers(&map, 0x9'e000, 4096));
}

static void base_memory_of_more_than_640_kib_is_640(void **)
{
    bios.base_kib = bios.stored_base_kib = 0xffff;
    assert_int_equal(usable_above_1_mib(), 15 * MIB);
    assert_true(memory_map_covers(&map, 0x9'e000, 4096));
}

// AX comes back as it went in, without the carry flag.
static void e801_that_does_nothing_is_no_answer(void **)
{
    bios.has_e801 = bios.has_88h = true;
    bios.e801_kib = 0xe801;
    bios.kib_88h = 3072;
    assert_int_equal(usable_above_1_mib(), 3 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(e820_of_20_bytes, make_e820_bios),
        cmocka_unit_test_setup(e820_of_24_bytes_is_taken_without_attributes, make_e820_bios),
        cmocka_unit_test_setup(e820_that_ends_with_carry, make_e820_bios),
        cmocka_unit_test_setup(e820_that_never_ends_is_cut_off, make_e820_bios),
        cmocka_unit_test_setup(e820_with_nothing_in_it_is_no_harm, make_e820_bios),
        cmocka_unit_test_setup(e820_of_more_entries_than_are_asked_for, make_e820_bios),
        cmocka_unit_test_setup(e820_without_signature_is_not_believed, make_e820_bios),
        cmocka_unit_test_setup(e820_without_usable_memory_gives_way, make_e820_bios),
        cmocka_unit_test_setup(pages_of_the_loader_are_its_own, make_e820_bios),
        cmocka_unit_test_setup(loader_in_reserved_memory_is_refused, make_e820_bios),
        cmocka_unit_test_setup(e801_below_and_above_16_mib, make_bios),
        cmocka_unit_test_setup(e801_with_a_hole_below_16_mib, make_bios),
        cmocka_unit_test_setup(e801_in_cx_and_dx, make_bios),
        cmocka_unit_test_setup(only_88h, make_bios),
        cmocka_unit_test_setup(nothing_at_all_is_refused, make_bios),
        cmocka_unit_test_setup(answers_of_0_are_refused, make_bios),
        cmocka_unit_test_setup(smaller_of_two_base_memories_is_believed, make_e820_bios),
        cmocka_unit_test_setup(base_memory_that_is_just_enough, make_e820_bios),
        cmocka_unit_test_setup(memory_above_the_base_memory_is_reserved, make_e820_bios),
        cmocka_unit_test_setup(base_memory_of_more_than_640_kib_is_640, make_e820_bios),
        cmocka_unit_test_setup(e801_that_does_nothing_is_no_answer, make_bios),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
