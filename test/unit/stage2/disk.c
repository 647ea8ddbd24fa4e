// SPDX-License-Identifier: MIT
// Tests of the ways to read a disk through a simulated BIOS: by packet, by cylinder, head and sector, and from one to
// the other when reads fail. Includes the source, because it keeps what it learnt of the drive in variables of its own.
#include <support/unit.h>

#include "simulated.h"
#include <stage2/disk.c> // NOLINT(bugprone-suspicious-include)

constexpr uint32_t SECTOR_BYTES = 512;
constexpr uint32_t NOWHERE = UINT32_MAX;
constexpr uint8_t DRIVE = 0x81;
constexpr uint8_t BIOS_BAD_SECTOR = 0x0c;
constexpr uint8_t BIOS_INVALID = 0x01;

alignas(16) uint8_t bounce_buffer[DISK_CHUNK * SECTOR_BYTES];

static struct {
    bool has_packets, has_packets_without_access, has_geometry, packets_fail, packets_refuse_large;
    bool hides_status; // fails with the carry flag, but AH = 0
    uint32_t heads, sectors_per_track;
    uint32_t failures; // reads that fail before the first that does not
    uint32_t bad_lba;  // reads of it fail
    uint8_t status;

    uint32_t reads, packet_reads, resets;
    uint32_t lba, count;                   // of the last read that worked
    uint32_t cylinder, head, sector;       // and where it was
    uint32_t reads_since_reset, last_size; // so that every failure is followed by a reset
} bios;

uint64_t time_stamp(void)
{
    static uint64_t now;
    return now += 10;
}

static uint8_t read_sectors(uint32_t lba, uint32_t count)
{
    bios.reads++;
    assert_in_range(count, 1, DISK_CHUNK);
    assert_int_equal(bios.reads_since_reset, 0);
    bios.last_size = count;
    if (bios.failures || bios.bad_lba - lba < count) {
        bios.failures -= bios.failures != 0;
        bios.reads_since_reset = 1;
        return bios.status;
    }
    bios.lba = lba;
    bios.count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = lba + i;
        memcpy(bounce_buffer + i * SECTOR_BYTES, &number, sizeof number);
    }
    return 0;
}

static uint8_t read_by_disk_packet(const struct bios_registers *registers)
{
    struct {
        uint8_t size, reserved;
        uint16_t count, offset, segment;
        uint64_t lba;
    } given;
    memcpy(&given, real_mode_pointer(registers->ds, registers->esi), sizeof given);
    assert_int_equal(given.size, 16);
    assert_int_equal(given.reserved, 0);
    assert_ptr_equal(real_mode_pointer(given.segment, given.offset), bounce_buffer);
    bios.packet_reads++;
    if (bios.packets_fail || (bios.packets_refuse_large && given.count > 8)) {
        bios.reads++;
        bios.reads_since_reset = 1;
        return bios.status;
    }
    return read_sectors((uint32_t)given.lba, given.count);
}

static uint8_t read_by_cylinder(const struct bios_registers *registers)
{
    uint32_t cx = registers->ecx;
    bios.cylinder = (cx >> 8 & 0xff) | (cx & 0xc0) << 2;
    bios.head = registers->edx >> 8 & 0xff;
    bios.sector = cx & 63;
    uint32_t count = registers->eax & 0xff;
    assert_in_range(bios.sector, 1, bios.sectors_per_track);
    assert_in_range(bios.head, 0, bios.heads - 1);
    assert_in_range(count, 1, bios.sectors_per_track - bios.sector + 1); // never across the end of a track
    assert_ptr_equal(real_mode_pointer(registers->es, registers->ebx), bounce_buffer);
    return read_sectors((bios.cylinder * bios.heads + bios.head) * bios.sectors_per_track + bios.sector - 1, count);
}

// Registers come back ruined but for what each function is documented to return, upper halves included.
void bios_call(uint8_t number, struct bios_registers *registers)
{
    assert_int_equal(number, 0x13);
    assert_int_equal(registers->edx & 0xff, DRIVE);
    struct bios_registers in = *registers;
    ruin_registers(registers);
    uint8_t status = BIOS_INVALID;
    switch (in.eax >> 8 & 0xff) {
    case 0x00:
        bios.resets++;
        bios.reads_since_reset = 0;
        status = 0;
        break;
    case 0x02:
        status = read_by_cylinder(&in);
        break;
    case 0x08:
        if (!bios.has_geometry)
            break;
        assert_int_equal(in.es, 0);
        assert_int_equal(in.edi, 0);
        status = 0;
        registers->ecx = (GARBAGE & 0xffff'0000) | 0xffc0 | bios.sectors_per_track;
        registers->edx = (GARBAGE & 0xffff'00ff) | (bios.heads - 1) << 8;
        break;
    case 0x41:
        assert_int_equal((uint16_t)in.ebx, 0x55aa);
        if (!bios.has_packets)
            break;
        status = 0;
        registers->ebx = (GARBAGE & 0xffff'0000) | 0xaa55;
        registers->ecx = (GARBAGE & 0xffff'0000) | (bios.has_packets_without_access ? 6 : 7);
        break;
    case 0x42:
        assert_true(bios.has_packets);
        status = read_by_disk_packet(&in);
        break;
    default:
        fail_msg("INT 13h AX=%x", in.eax);
    }
    // Success says nothing about AX (Hyper-V leaves rubbish in it); failure says it in AH.
    registers->flags = status ? FLAG_CARRY : 0;
    if (status)
        registers->eax = (GARBAGE & 0xffff'00ff) | (uint32_t)(bios.hides_status ? 0 : status) << 8;
}

static int make_good_bios(void **)
{
    simulated_reset();
    bios = (typeof(bios)){.has_packets = true,
                          .has_geometry = true,
                          .heads = 16,
                          .sectors_per_track = 63,
                          .bad_lba = NOWHERE,
                          .status = BIOS_BAD_SECTOR};
    chunk_limit = DISK_CHUNK;
    heads = sectors_per_track = 0;
    uses_packets = false;
    return 0;
}

static int make_bios_without_extensions(void **state)
{
    make_good_bios(state);
    bios.has_packets = false;
    return 0;
}

// Reads COUNT sectors from LBA on in as many calls as it takes; each must arrive.
static void read_all(uint32_t lba, uint32_t count)
{
    while (count) {
        uint32_t got = disk_read(lba, count);
        assert_in_range(got, 1, count);
        for (uint32_t i = 0; i < got; i++) {
            uint32_t number;
            memcpy(&number, bounce_buffer + i * SECTOR_BYTES, sizeof number);
            assert_int_equal(number, lba + i);
        }
        lba += got;
        count -= got;
    }
}

static void assert_chs(uint32_t lba, uint32_t cylinder, uint32_t head, uint32_t sector)
{
    read_all(lba, 1);
    assert_int_equal(bios.cylinder, cylinder);
    assert_int_equal(bios.head, head);
    assert_int_equal(bios.sector, sector);
}

static void packets_carry_127_sectors_at_most(void **)
{
    disk_init(DRIVE);
    assert_int_equal(disk_read(0xffff'ff00, 200), 127);
    assert_int_equal(bios.lba, 0xffff'ff00);
    assert_int_equal(bios.count, 127);
    assert_int_equal(bios.reads, 1);
    assert_string_equal(said, "");
    assert_true(disk_ticks() > 0);
}

static void failure_that_goes_away_costs_a_line(void **)
{
    disk_init(DRIVE);
    bios.failures = 3;
    read_all(2048, 4);
    assert_int_equal(bios.resets, 3);
    assert_words(said, (const char *[]){"LBA 2048", "3 failures", "0ch", nullptr});
    assert_int_equal(bios.packet_reads, bios.reads);
}

static void one_failure_by_chance_leaves_reads_as_large_as_they_were(void **)
{
    disk_init(DRIVE);
    for (uint32_t i = 0; i < 10; i++) {
        bios.failures = 1;
        assert_int_equal(disk_read(2048, 500), DISK_CHUNK);
    }
}

static void error_without_status_is_an_error(void **)
{
    disk_init(DRIVE);
    bios.failures = UINT32_MAX;
    bios.hides_status = true;
    ASSERT_STOPS(disk_read(7, 1), "LBA 7", "ffh");
}

static void large_reads_that_fail_become_small_and_stay_so(void **)
{
    disk_init(DRIVE);
    bios.packets_refuse_large = true;
    read_all(1000, 500);
    assert_words(said, (const char *[]){"LBA 1000", nullptr});
    assert_int_equal(bios.packet_reads, bios.reads);
    uint32_t before = bios.resets;
    read_all(5000, 100);
    assert_int_equal(bios.resets, before);
}

static void packets_that_never_work_give_way_to_chs(void **)
{
    disk_init(DRIVE);
    bios.packets_fail = true;
    read_all(2048, 300);
    assert_int_equal(bios.lba + bios.count, 2348);
    assert_words(said, (const char *[]){"LBA 2048", "failures", "0ch", nullptr});
    uint32_t packets = bios.packet_reads;
    read_all(4096, 10);
    assert_int_equal(bios.packet_reads, packets);
}

static void read_error_for_good_names_sector_drive_and_status(void **)
{
    disk_init(DRIVE);
    bios.bad_lba = 3333;
    read_all(3000, 100);
    ASSERT_STOPS(read_all(3300, 127), "LBA 3333 ", "81h", "0ch");
    assert_in_range(bios.reads, 1, 100);
}

// SeaBIOS has no geometry for disks with 64 sectors a track.
static void read_error_without_geometry_names_the_sector(void **)
{
    disk_init(DRIVE);
    bios.has_geometry = false;
    bios.bad_lba = 2051;
    ASSERT_STOPS(read_all(2048, 127), "LBA 2051 ", "81h", "0ch");
}

// The first cylinder that CHS cannot name is 1024: what failed there is the packet, and its status is the news.
static void read_error_beyond_chs_names_the_status(void **)
{
    disk_init(DRIVE);
    bios.bad_lba = 1024 * 16 * 63 + 5;
    ASSERT_STOPS(read_all(bios.bad_lba, 1), "LBA 1032197 ", "81h", "0ch");
}

static void chs_of_16_heads(void **)
{
    disk_init(DRIVE);
    assert_chs(0, 0, 0, 1);
    assert_chs(62, 0, 0, 63);
    assert_chs(63, 0, 1, 1);
    assert_chs(2048, 2, 0, 33);
    assert_chs(131039, 129, 15, 63);
    assert_chs(1024 * 16 * 63 - 1, 1023, 15, 63);
    assert_int_equal(bios.packet_reads, 0);
}

static void chs_of_255_heads(void **)
{
    bios.heads = 255;
    disk_init(DRIVE);
    assert_chs(16064, 0, 254, 63);
    assert_chs(16065, 1, 0, 1);
    assert_chs(300 * 16065 + 64, 300, 1, 2);
    assert_chs(1024 * 16065 - 1, 1023, 254, 63);
}

static void chs_of_240_heads(void **)
{
    bios.heads = 240;
    disk_init(DRIVE);
    assert_chs(15119, 0, 239, 63);
    assert_chs(15120, 1, 0, 1);
    assert_chs(700 * 15120 + 239 * 63 + 62, 700, 239, 63);
}

static void chs_of_256_heads(void **)
{
    bios.heads = 256;
    disk_init(DRIVE);
    assert_chs(256 * 63 - 1, 0, 255, 63);
}

static void floppy_is_read_track_by_track(void **)
{
    bios.heads = 2;
    bios.sectors_per_track = 18;
    disk_init(DRIVE);
    read_all(5, 100);
    assert_int_equal(bios.reads, 6); // 13, 18, 18, 18, 18, 15
}

static void reads_by_chs_are_retried(void **)
{
    disk_init(DRIVE);
    bios.failures = 4;
    read_all(100, 60);
    assert_words(said, (const char *[]){"LBA 100", "4 failures", nullptr});
}

static void read_error_by_chs_names_sector_and_status(void **)
{
    disk_init(DRIVE);
    bios.bad_lba = 77;
    bios.status = 0x04;
    ASSERT_STOPS(read_all(64, 60), "LBA 77 ", "81h", "04h");
    assert_in_range(bios.reads, 1, 60);
}

static void sector_beyond_the_last_cylinder_is_refused(void **)
{
    disk_init(DRIVE);
    ASSERT_STOPS(read_all(1024 * 16 * 63, 1), "LBA 1032192", "1023", "16 heads", "63 sectors");
    assert_int_equal(bios.reads, 0);
}

static void geometry_without_sectors_is_refused(void **)
{
    bios.sectors_per_track = 0;
    ASSERT_STOPS(disk_init(DRIVE), "81h", "AH=41h", "AH=08h");
}

static void drive_without_any_access_is_refused(void **)
{
    bios.has_geometry = false;
    ASSERT_STOPS(disk_init(DRIVE), "81h", "AH=41h", "AH=08h");
}

static void extensions_without_packets_are_not_used(void **)
{
    bios.has_packets = true;
    bios.has_packets_without_access = true;
    disk_init(DRIVE);
    read_all(63, 1);
    assert_int_equal(bios.packet_reads, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(packets_carry_127_sectors_at_most, make_good_bios),
        cmocka_unit_test_setup(failure_that_goes_away_costs_a_line, make_good_bios),
        cmocka_unit_test_setup(one_failure_by_chance_leaves_reads_as_large_as_they_were, make_good_bios),
        cmocka_unit_test_setup(error_without_status_is_an_error, make_good_bios),
        cmocka_unit_test_setup(large_reads_that_fail_become_small_and_stay_so, make_good_bios),
        cmocka_unit_test_setup(packets_that_never_work_give_way_to_chs, make_good_bios),
        cmocka_unit_test_setup(read_error_for_good_names_sector_drive_and_status, make_good_bios),
        cmocka_unit_test_setup(read_error_without_geometry_names_the_sector, make_good_bios),
        cmocka_unit_test_setup(read_error_beyond_chs_names_the_status, make_good_bios),
        cmocka_unit_test_setup(chs_of_16_heads, make_bios_without_extensions),
        cmocka_unit_test_setup(chs_of_255_heads, make_bios_without_extensions),
        cmocka_unit_test_setup(chs_of_240_heads, make_bios_without_extensions),
        cmocka_unit_test_setup(chs_of_256_heads, make_bios_without_extensions),
        cmocka_unit_test_setup(floppy_is_read_track_by_track, make_bios_without_extensions),
        cmocka_unit_test_setup(reads_by_chs_are_retried, make_bios_without_extensions),
        cmocka_unit_test_setup(read_error_by_chs_names_sector_and_status, make_bios_without_extensions),
        cmocka_unit_test_setup(sector_beyond_the_last_cylinder_is_refused, make_bios_without_extensions),
        cmocka_unit_test_setup(geometry_without_sectors_is_refused, make_bios_without_extensions),
        cmocka_unit_test_setup(drive_without_any_access_is_refused, make_bios_without_extensions),
        cmocka_unit_test_setup(extensions_without_packets_are_not_used, make_bios_without_extensions),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
