// SPDX-License-Identifier: MIT
// Tests of the FAT reader: on volumes that mkfs.fat and mtools made (make_fat_volumes.py), read back whole, and on the
// same volumes with bytes changed on their way to the reader.
#define _DEFAULT_SOURCE 1 // pread: -std=c23 hides it
#include <support/unit.h>

#include <fcntl.h>
#include <portable/fat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

constexpr uint32_t BASE_LBA = 2048;
constexpr uint32_t WINDOW_SECTORS_MAX = 127;
constexpr uint32_t RUN_SECTORS = 127;

// A volume with bytes changed.
struct edit {
    uint64_t offset;
    uint32_t length;
    uint8_t bytes[512];
};

static struct disk {
    int file;
    uint32_t base_lba; // where the volume starts on the drive
    uint32_t sector_count;
    uint32_t reads;
    uint32_t sectors_read;
    uint32_t failing_read; // counted from 1; 0: none fails
    uint32_t edit_count;
    struct edit edits[16];
    struct fat_volume volume;
    uint8_t *window;
    uint32_t bits, cluster_sectors;
} disk;

static enum status disk_read(void *context, uint32_t lba, uint32_t sector_count, void *buffer)
{
    struct disk *from = context;
    assert_true(lba >= from->base_lba);
    uint32_t first = lba - from->base_lba;
    assert_true(sector_count > 0 && first < from->sector_count && sector_count <= from->sector_count - first);
    if (from->volume.fat_sectors && lba < from->volume.fat_lba + from->volume.fat_sectors && first > 0)
        assert_true(lba + sector_count <= from->volume.fat_lba + from->volume.fat_sectors);
    from->reads++;
    from->sectors_read += sector_count;
    memset(buffer, 0xa5, (size_t)sector_count * FAT_SECTOR_BYTES);
    if (from->reads == from->failing_read)
        return STATUS_IO;
    uint64_t start = (uint64_t)first * FAT_SECTOR_BYTES, length = (uint64_t)sector_count * FAT_SECTOR_BYTES;
    assert_int_equal(pread(from->file, buffer, length, (off_t)start), (ssize_t)length);
    for (uint32_t i = 0; i < from->edit_count; i++) {
        const struct edit *edit = &from->edits[i];
        for (uint32_t j = 0; j < edit->length; j++)
            if (edit->offset + j >= start && edit->offset + j < start + length)
                ((uint8_t *)buffer)[edit->offset + j - start] = edit->bytes[j];
    }
    return STATUS_OK;
}

static void disk_open(uint32_t bits, uint32_t cluster_bytes, uint32_t window_sectors)
{
    char name[64];
    snprintf(name, sizeof name, "fat_volumes/fat%u-%u.img", bits, cluster_bytes);
    memset(&disk, 0, sizeof disk);
    disk.file = open(name, O_RDONLY);
    assert_true(disk.file >= 0);
    struct stat information;
    assert_int_equal(fstat(disk.file, &information), 0);
    disk.base_lba = BASE_LBA;
    disk.sector_count = (uint32_t)(information.st_size / FAT_SECTOR_BYTES);
    disk.window = malloc(window_sectors * FAT_SECTOR_BYTES); // its own block, so that ASan sees its end
    assert_non_null(disk.window);
    disk.volume = (struct fat_volume){
        .read = disk_read, .context = &disk, .window = disk.window, .window_sectors = window_sectors};
    disk.bits = bits;
    disk.cluster_sectors = cluster_bytes / FAT_SECTOR_BYTES;
}

static int disk_close(void **state)
{
    (void)state;
    if (disk.window)
        close(disk.file);
    free(disk.window);
    disk.window = nullptr;
    return 0;
}

static void disk_mount(uint32_t bits, uint32_t cluster_bytes, uint32_t window_sectors)
{
    disk_open(bits, cluster_bytes, window_sectors);
    struct problem problem;
    assert_int_equal(fat_mount(&disk.volume, BASE_LBA, disk.sector_count, &problem), STATUS_OK);
}

static void disk_edit(uint64_t offset, const void *bytes, uint32_t length)
{
    assert_true(disk.edit_count < 16 && length <= sizeof disk.edits[0].bytes);
    struct edit *edit = &disk.edits[disk.edit_count++];
    edit->offset = offset;
    edit->length = length;
    memcpy(edit->bytes, bytes, length);
    disk.volume.window_count = 0;
}

// Little-endian number of LENGTH bytes.
static void disk_edit_number(uint64_t offset, uint64_t value, uint32_t length)
{
    disk_edit(offset, &value, length);
}

static uint64_t offset_of_lba(uint32_t lba)
{
    return (uint64_t)(lba - disk.base_lba) * FAT_SECTOR_BYTES;
}

static uint32_t lba_of_cluster(uint32_t cluster)
{
    return disk.volume.data_lba + (cluster - 2) * disk.cluster_sectors;
}

// In the first FAT. Of FAT12, even entries only.
static void edit_fat(uint32_t cluster, uint32_t value)
{
    uint64_t fat = offset_of_lba(disk.volume.fat_lba);
    if (disk.bits == 12) {
        uint8_t kept;
        assert_int_equal(cluster % 2, 0);
        assert_int_equal(pread(disk.file, &kept, 1, (off_t)(fat + cluster / 2 * 3 + 1)), 1);
        disk_edit_number(fat + cluster / 2 * 3, (value & 0xfff) | (kept & 0xf0u) << 8, 2);
    } else {
        disk_edit_number(fat + cluster * disk.bits / 8, value, disk.bits / 8);
    }
}

// Where the root directory has the entry with the short name NAME of 11 characters.
static uint64_t root_entry(const char *name)
{
    uint32_t lba = disk.bits == 32 ? lba_of_cluster(disk.volume.root_cluster) : disk.volume.root_lba;
    uint32_t sectors = disk.bits == 32 ? disk.cluster_sectors : disk.volume.root_sectors;
    for (uint64_t at = offset_of_lba(lba); at < offset_of_lba(lba + sectors); at += 32) {
        char found[11];
        assert_int_equal(pread(disk.file, found, sizeof found, (off_t)at), sizeof found);
        if (memcmp(found, name, sizeof found) == 0)
            return at;
    }
    fail_msg("no %s in the root directory", name);
    return 0;
}

static const char *sentence(const struct problem *problem)
{
    static char text[256];
    // The formats are literals of the module under test; unused values are allowed.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, problem->format, problem->values[0], problem->values[1]);
#pragma clang diagnostic pop
    return text;
}

static void assert_problem(enum status status, const struct problem *problem, enum status wanted_status,
                           const char *wanted)
{
    assert_int_equal(status, wanted_status);
    assert_string_equal(sentence(problem), wanted);
}

static void assert_open_fails(const char *path, enum status wanted_status, const char *wanted)
{
    struct fat_file file;
    struct problem problem = {};
    enum status status = fat_open(&disk.volume, path, &file, &problem);
    assert_problem(status, &problem, wanted_status, wanted);
}

static struct fat_file must_open(const char *path)
{
    struct fat_file file;
    struct problem problem = {};
    if (fat_open(&disk.volume, path, &file, &problem) != STATUS_OK)
        fail_msg("%s: %s", path, problem.format ? sentence(&problem) : "read error");
    return file;
}

static void assert_content(const struct fat_file *file, struct fat_run run, uint32_t file_sector, uint32_t seed)
{
    size_t length = (size_t)run.sector_count * FAT_SECTOR_BYTES;
    uint8_t *data = malloc(length);
    assert_non_null(data);
    assert_int_equal(pread(disk.file, data, length, (off_t)offset_of_lba(run.lba)), (ssize_t)length);
    for (size_t i = 0; i < length; i++) {
        size_t at = (size_t)file_sector * FAT_SECTOR_BYTES + i;
        uint32_t word = (uint32_t)(at / 4 + 1) * 2654435761u + seed;
        if (at < file->size_bytes && data[i] != (uint8_t)(word >> at % 4 * 8))
            fail_msg("byte %zu of the file is wrong", at);
    }
    free(data);
}

// RANGES as in the manifest. Follows the file in runs of at most LIMIT sectors, and compares each with what mshowfat
// said.
static void assert_file_is(struct fat_file *file, const char *ranges, uint32_t seed, uint32_t limit)
{
    uint32_t total = (file->size_bytes + FAT_SECTOR_BYTES - 1) / FAT_SECTOR_BYTES;
    uint32_t sector = 0;
    struct problem problem = {};
    for (const char *range = ranges; *range && *range != '-';) {
        char *end;
        uint32_t first = (uint32_t)strtoul(range, &end, 10);
        uint32_t last = (uint32_t)strtoul(end + 1, &end, 10);
        range = end + (*end == ',');
        uint32_t lba = lba_of_cluster(first);
        uint32_t left = (last - first + 1) * disk.cluster_sectors;
        while (left && sector < total) {
            struct fat_run run;
            enum status status = fat_extent(file, sector, limit, &run, &problem);
            if (status != STATUS_OK)
                fail_msg("sector %u: %s", sector, problem.format ? sentence(&problem) : "read error");
            uint32_t wanted = left < limit ? left : limit;
            if (wanted > total - sector)
                wanted = total - sector;
            assert_int_equal(run.lba, lba);
            assert_int_equal(run.sector_count, wanted);
            assert_content(file, run, sector, seed);
            lba += wanted;
            left -= wanted;
            sector += wanted;
        }
    }
    assert_int_equal(sector, total);
    struct fat_run run;
    assert_int_equal(fat_extent(file, total, limit, &run, &problem), STATUS_RANGE);
}

// Calls USE for each file of each volume in the manifest, the volume mounted through a window of WINDOW_SECTORS.
static void for_each_file(uint32_t window_sectors,
                          void (*use)(const char *path, uint32_t size, const char *ranges, uint32_t seed))
{
    FILE *manifest = fopen("fat_volumes/manifest.txt", "r");
    assert_non_null(manifest);
    static char line[65536], ranges[65536];
    uint32_t volumes = 0, files = 0;
    while (fgets(line, sizeof line, manifest)) {
        line[strcspn(line, "\n")] = '\0';
        uint32_t bits, cluster_sectors, size, seed;
        int path = 0;
        if (sscanf(line, "V %*s %u %u", &bits, &cluster_sectors) == 2) {
            disk_close(nullptr);
            disk_mount(bits, cluster_sectors * FAT_SECTOR_BYTES, window_sectors);
            assert_int_equal(disk.volume.entry_nibbles * 4, bits);
            volumes++;
        } else if (sscanf(line, "F %u %u %s %n", &size, &seed, ranges, &path) == 3) {
            use(line + path, size, ranges, seed);
            files++;
        }
    }
    fclose(manifest);
    assert_int_equal(volumes, 22);
    assert_int_equal(files, 22 * 59);
}

static void read_back(const char *path, uint32_t size, const char *ranges, uint32_t seed)
{
    static const uint32_t limits[] = {RUN_SECTORS, 1, 7, UINT32_MAX};
    struct fat_file file = must_open(path);
    assert_int_equal(file.size_bytes, size);
    for (uint32_t i = 0; i < sizeof limits / sizeof *limits; i++)
        assert_file_is(&file, ranges, seed, limits[i]);
}

static void fat_files_of_all_volumes_read_back(void **state)
{
    (void)state;
    for_each_file(WINDOW_SECTORS_MAX, read_back);
}

static void fat_smallest_window_reads_the_same(void **state)
{
    (void)state;
    for_each_file(2, read_back);
}

static void open_in_other_case(const char *path, uint32_t size, const char *ranges, uint32_t seed)
{
    (void)ranges;
    (void)seed;
    char changed[256];
    uint32_t length = 0;
    changed[length++] = '\\';
    for (; *path; path++) {
        char character = *path;
        if ((character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z'))
            character ^= 0x20;
        changed[length++] = character;
        if (character == '/')
            length = (uint32_t)(stpcpy(changed + length, "\\/") - changed);
    }
    changed[length] = '\0';
    assert_int_equal(must_open(changed).size_bytes, size);
}

static void fat_names_ignore_ascii_case_and_fold_separators(void **state)
{
    (void)state;
    for_each_file(16, open_in_other_case);
}

static void fat_contiguous_file_is_few_runs_and_reads(void **state)
{
    (void)state;
    disk_mount(16, 512, 16);
    assert_int_equal(disk.reads, 1);
    struct fat_file file = must_open("KERNEL.ELF");
    assert_int_equal(disk.reads, 2);
    assert_int_equal(disk.sectors_read, 1 + disk.volume.root_sectors);
    struct problem problem;
    uint32_t runs = 0;
    for (uint32_t sector = 0; sector < 782; runs++) {
        struct fat_run run;
        assert_int_equal(fat_extent(&file, sector, RUN_SECTORS, &run, &problem), STATUS_OK);
        sector += run.sector_count;
    }
    assert_int_equal(runs, (782 + RUN_SECTORS - 1) / RUN_SECTORS);
    assert_int_equal(disk.reads, 3); // 782 entries of 2 bytes from entry 2 on: four sectors of the FAT
    assert_int_equal(disk.sectors_read, 1 + disk.volume.root_sectors + 4);
}

static void fat_file_in_one_cluster_needs_no_fat(void **state)
{
    (void)state;
    disk_mount(32, 4096, 16);
    struct fat_file file = must_open("one.byt");
    struct fat_run run;
    struct problem problem;
    assert_int_equal(fat_extent(&file, 0, RUN_SECTORS, &run, &problem), STATUS_OK);
    must_open("KERNEL.ELF"); // the directory is still in the window
    assert_int_equal(disk.reads, 2);
}

static void fat_going_back_starts_over(void **state)
{
    (void)state;
    disk_mount(12, 512, 16);
    struct fat_file file = must_open("fragmented.bin");
    uint32_t total = file.size_bytes / FAT_SECTOR_BYTES + 1;
    struct problem problem;
    uint32_t lbas[64];
    assert_true(total <= 64);
    for (uint32_t i = 0; i < total; i++) {
        struct fat_run run;
        assert_int_equal(fat_extent(&file, i, 1, &run, &problem), STATUS_OK);
        lbas[i] = run.lba;
    }
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t sector = i * 7919 % total;
        struct fat_run run;
        assert_int_equal(fat_extent(&file, sector, 1 + i % 5, &run, &problem), STATUS_OK);
        assert_int_equal(run.lba, lbas[sector]);
    }
}

static void fat_short_alias_opens_the_long_name(void **state)
{
    (void)state;
    disk_mount(16, 4096, 16);
    assert_int_equal(must_open("/alongn~1.bin").size_bytes, 3000);
    assert_int_equal(must_open("THIRTE~1.CHA").size_bytes, 512);
}

static void fat_dot_entries_are_followed(void **state)
{
    (void)state;
    for (uint32_t bits = 12; bits <= 32; bits += bits == 12 ? 4 : 16) {
        disk_mount(bits, 512, 16);
        assert_int_equal(must_open("boot/../boot/modules/./../../KERNEL.ELF").size_bytes, 400003);
        assert_open_fails("../KERNEL.ELF", STATUS_NOT_FOUND, "no such file in the volume");
        disk_close(nullptr);
    }
}

static void fat_missing_names_are_not_found(void **state)
{
    (void)state;
    static const char *const names[] = {
        "KERNEL",
        "KERNEL.EL",
        "KERNEL.ELF2",
        "ERNEL.ELF",
        "KERNELELF",
        "HEWN TEST",
        "FILL0",
        "FILL18",
        "thirteen.cha",
        "one.byt ",
        "thirteen.charr",
        "KERNEL.ELF.",
        "Grüße",
        "boot/nope",
        "nope/initrd.img",
        "one..byt",
        "Grüsse an 日本語.txt",
        "ONE     .BYT",
        "many/module number 3 of this directory.ko",
        "\x01",
        "A long name of more than 26",
    };
    for (uint32_t bits = 12; bits <= 32; bits += bits == 12 ? 4 : 16) {
        disk_mount(bits, 1024, 16);
        for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
            assert_open_fails(names[i], STATUS_NOT_FOUND, "no such file in the volume");
        disk_close(nullptr);
    }
}

static void fat_impossible_names_get_their_sentence(void **state)
{
    (void)state;
    disk_mount(16, 512, 16);
    static const char wanted[] = "a name in its path is too long or not UTF-8";
    char name[300];
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    assert_open_fails(name, STATUS_INVALID, wanted);
    name[255] = '\0';
    assert_open_fails(name, STATUS_NOT_FOUND, "no such file in the volume");
    memcpy(name + 254, "\xf0\x9f\x98\x80", 5); // the pair goes one unit over
    assert_open_fails(name, STATUS_NOT_FOUND, "no such file in the volume");
    assert_open_fails("a\xc3", STATUS_INVALID, wanted);
    assert_open_fails("a\xe3\x81", STATUS_INVALID, wanted);
    assert_open_fails("a\xf0\x9f\x98/", STATUS_INVALID, wanted);
}

static void fat_directory_and_file_are_told_apart(void **state)
{
    (void)state;
    disk_mount(32, 512, 16);
    assert_open_fails("boot", STATUS_INVALID, "a directory, not a file");
    assert_open_fails("boot/modules/", STATUS_INVALID, "a directory, not a file");
    assert_open_fails("", STATUS_INVALID, "a directory, not a file");
    assert_open_fails("//", STATUS_INVALID, "a directory, not a file");
    assert_open_fails("KERNEL.ELF/x", STATUS_INVALID, "its path leads through a file");
}

static void fat_empty_file_opens(void **state)
{
    (void)state;
    disk_mount(16, 512, 16);
    struct fat_file file = must_open("EMPTY.TXT");
    assert_int_equal(file.size_bytes, 0);
    struct fat_run run;
    struct problem problem;
    enum status status = fat_extent(&file, 0, 1, &run, &problem);
    assert_problem(status, &problem, STATUS_RANGE, "sector 0 is wanted of a file of 0 bytes");
}

// Every read in turn fails; each time the error comes out, the problem is left alone, and the next try succeeds.
static void fat_read_errors_come_out(void **state)
{
    (void)state;
    for (uint32_t bits = 12; bits <= 32; bits += bits == 12 ? 4 : 16) {
        uint32_t failing = 1;
        for (bool is_done = false; !is_done; failing++) {
            disk_open(bits, 512, 2);
            disk.failing_read = failing;
            struct problem problem = {"untouched", {1, 2}};
            uint32_t errors = 0;
            enum status status;
            while ((status = fat_mount(&disk.volume, BASE_LBA, disk.sector_count, &problem)) != STATUS_OK) {
                assert_int_equal(status, STATUS_IO);
                errors++;
            }
            struct fat_file file;
            for (uint32_t i = 0; i < 2; i++) {
                const char *path = i ? "KERNEL.ELF" : "many/module number 59 of this directory.ko";
                while ((status = fat_open(&disk.volume, path, &file, &problem)) != STATUS_OK) {
                    assert_int_equal(status, STATUS_IO);
                    errors++;
                }
                assert_int_equal(file.size_bytes, i ? 400003 : 59);
            }
            struct fat_run run = {};
            for (uint32_t sector = 0; sector < 782; sector += run.sector_count) {
                while ((status = fat_extent(&file, sector, RUN_SECTORS, &run, &problem)) != STATUS_OK) {
                    assert_int_equal(status, STATUS_IO);
                    errors++;
                }
                assert_content(&file, run, sector, 1);
            }
            assert_int_equal(errors, failing <= disk.reads);
            is_done = errors == 0;
            assert_string_equal(problem.format, "untouched");
            disk_close(nullptr);
        }
        assert_true(failing > 5);
    }
}

struct mount_case {
    uint32_t bits;
    uint32_t offset, length;
    uint64_t value;
    enum status status;
    const char *wanted;
};
static void fat_damaged_boot_records_get_their_sentence(void **state)
{
    (void)state;
    static const struct mount_case cases[] = {
        {16, 510, 2, 0x1234, STATUS_INVALID, "not FAT: signature 1234 instead of aa55"},
        {16, 11, 2, 4096, STATUS_UNSUPPORTED, "sectors of 4096 bytes; only 512 will do"},
        {16, 11, 2, 0, STATUS_UNSUPPORTED, "sectors of 0 bytes; only 512 will do"},
        {16, 13, 1, 3, STATUS_INVALID, "3 sectors per cluster: not a power of two"},
        {16, 13, 1, 0, STATUS_INVALID, "0 sectors per cluster: not a power of two"},
        {16, 14, 2, 0, STATUS_INVALID, "0 reserved sectors, 2 FATs: neither may be 0"},
        {16, 16, 1, 0, STATUS_INVALID, "1 reserved sectors, 0 FATs: neither may be 0"},
        {32, 32, 4, 0xffff'ffff, STATUS_INVALID, "4294967295 sectors, but its partition has 68048"},
        {32, 32, 4, 0, STATUS_INVALID, "FATs of 524 sectors do not fit into 0"},
        {32, 36, 4, 0xffff'ffff, STATUS_INVALID, "FATs of 4294967295 sectors do not fit into 68032"},
        {32, 36, 4, 34'000, STATUS_INVALID, "FATs of 34000 sectors do not fit into 68032"},
        {32, 36, 4, 523, STATUS_INVALID, "FATs of 523 sectors are too small for 66954 clusters"},
        {12, 22, 2, 1, STATUS_INVALID, "FATs of 1 sectors are too small for 4041 clusters"},
        {32, 17, 2, 16, STATUS_INVALID, "16 root entries do not go with 66951 clusters"},
        {16, 17, 2, 0, STATUS_INVALID, "0 root entries do not go with 6983 clusters"},
        {32, 13, 1, 64, STATUS_INVALID, "0 root entries do not go with 1046 clusters"},
        {32, 44, 4, 1, STATUS_INVALID, "root cluster 1 or FAT number 0 is none of its"},
        {32, 44, 4, 68'000, STATUS_INVALID, "root cluster 68000 or FAT number 0 is none of its"},
        {32, 40, 2, 0x82, STATUS_INVALID, "root cluster 2 or FAT number 2 is none of its"},
    };
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        disk_open(cases[i].bits, 512, 16);
        disk_edit_number(cases[i].offset, cases[i].value, cases[i].length);
        struct problem problem = {};
        enum status status = fat_mount(&disk.volume, BASE_LBA, disk.sector_count, &problem);
        if (status == STATUS_OK)
            fail_msg("case %u mounts", i);
        assert_problem(status, &problem, cases[i].status, cases[i].wanted);
        disk_close(nullptr);
    }
}

static void fat_kind_is_decided_by_the_cluster_count_alone(void **state)
{
    (void)state;
    struct problem problem = {};
    for (uint32_t count = 4083; count <= 4087; count++) {
        disk_mount(16, 512, 16);
        uint32_t total = disk.volume.data_lba - BASE_LBA + count;
        disk_edit_number(19, total, 2);
        assert_int_equal(fat_mount(&disk.volume, BASE_LBA, disk.sector_count, &problem), STATUS_OK);
        assert_int_equal(disk.volume.cluster_count, count);
        assert_int_equal(disk.volume.entry_nibbles, count < 4085 ? 3 : 4);
        disk_close(nullptr);
    }
    for (uint32_t count = 65523; count <= 65527; count++) {
        disk_mount(32, 512, 16);
        uint32_t total = disk.volume.data_lba - BASE_LBA + count;
        disk_edit_number(32, total, 4);
        enum status status = fat_mount(&disk.volume, BASE_LBA, disk.sector_count, &problem);
        assert_int_equal(status, count < 65525 ? STATUS_INVALID : STATUS_OK);
        disk_close(nullptr);
    }
}

static void fat_volume_past_32_bit_sector_numbers_is_refused(void **state)
{
    (void)state;
    disk_open(16, 512, 16);
    disk.base_lba = UINT32_MAX - 100;
    struct problem problem;
    enum status status = fat_mount(&disk.volume, disk.base_lba, UINT32_MAX, &problem);
    assert_problem(status, &problem, STATUS_INVALID, "7040 sectors, but its partition has 100");
}

static void fat_partition_smaller_than_the_volume_is_refused(void **state)
{
    (void)state;
    disk_open(16, 512, 16);
    struct problem problem;
    enum status status = fat_mount(&disk.volume, BASE_LBA, 7039, &problem);
    assert_problem(status, &problem, STATUS_INVALID, "7040 sectors, but its partition has 7039");
}

// KERNEL.ELF has its cluster chain changed behind the 100th of its 782 clusters, in each kind of FAT.
static void fat_broken_chains_get_their_sentence(void **state)
{
    (void)state;
    static const struct {
        uint32_t value; // sign-extended marks
        const char *wanted;
    } cases[] = {
        {0, "it runs into a free cluster after 51200 bytes"},
        {1, "its chain leaves the volume after 51200 bytes, to cluster 1"},
        {0xffff'fff7, "it runs into a bad cluster after 51200 bytes"},
        {0xffff'fff8, "truncated: its cluster chain ends after 51200 of 400003 bytes"},
        {0xffff'ffff, "truncated: its cluster chain ends after 51200 of 400003 bytes"},
        {2, nullptr},   // the last cluster + this: see below
        {100, nullptr}, // a loop
    };
    for (uint32_t bits = 12; bits <= 32; bits += bits == 12 ? 4 : 16) {
        for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            disk_mount(bits, 512, 16);
            struct fat_file file = must_open("KERNEL.ELF");
            assert_int_equal(file.first_cluster, bits == 32 ? 3 : 2);
            uint32_t cluster = file.first_cluster + 99;
            char outside[128];
            const char *wanted = cases[i].wanted;
            uint32_t value = cases[i].value;
            if (value == 2) {
                value = disk.volume.cluster_count + 2;
                snprintf(outside, sizeof outside, "its chain leaves the volume after 51200 bytes, to cluster %u",
                         value);
                wanted = outside;
            }
            if (cluster % 2 && bits == 12) {
                // only even entries can be edited: let the chain go round by one more cluster
                cluster = 0;
                edit_fat(100, 1900);
                edit_fat(1900, value);
            } else {
                edit_fat(cluster, value);
            }
            uint32_t sector = 0;
            enum status status = STATUS_OK;
            struct problem problem = {};
            disk.reads = 0;
            while (status == STATUS_OK && sector < 782) {
                struct fat_run run;
                status = fat_extent(&file, sector, RUN_SECTORS, &run, &problem);
                sector += status == STATUS_OK ? run.sector_count : 0;
            }
            assert_true(disk.reads <= (wanted ? 5 : 782));
            if (wanted) {
                assert_int_equal(sector, 100);
                assert_problem(status, &problem, STATUS_CORRUPT, wanted);
            } else {
                assert_int_equal(status, STATUS_OK); // what the size says, and no more
                assert_int_equal(sector, 782);
            }
            disk_close(nullptr);
        }
    }
}

// The last cluster of the volume names its neighbour, which would lie behind the volume.
static void fat_run_ends_with_the_volume(void **state)
{
    (void)state;
    disk_mount(16, 512, 16);
    uint32_t last = disk.volume.cluster_count + 1;
    uint64_t entry = root_entry("KERNEL  ELF");
    disk_edit_number(entry + 26, last - 1, 2);
    edit_fat(last - 1, last);
    edit_fat(last, last + 1);
    struct fat_file file = must_open("KERNEL.ELF");
    struct fat_run run;
    struct problem problem = {};
    assert_int_equal(fat_extent(&file, 0, RUN_SECTORS, &run, &problem), STATUS_OK);
    assert_int_equal(run.lba, lba_of_cluster(last - 1));
    assert_int_equal(run.sector_count, 2);
    char wanted[128];
    snprintf(wanted, sizeof wanted, "its chain leaves the volume after 1024 bytes, to cluster %u", last + 1);
    enum status status = fat_extent(&file, 2, RUN_SECTORS, &run, &problem);
    assert_problem(status, &problem, STATUS_CORRUPT, wanted);
}

static void fat_damaged_directory_entries_get_their_sentence(void **state)
{
    (void)state;
    disk_mount(32, 512, 16);
    uint64_t entry = root_entry("KERNEL  ELF");
    disk_edit_number(entry + 28, 0xffff'ffff, 4);
    assert_open_fails("KERNEL.ELF", STATUS_CORRUPT, "its 4294967295 bytes are more than the volume has");
    disk.edit_count = 0;
    disk_edit_number(entry + 20, 0, 2);
    disk_edit_number(entry + 26, 0, 2);
    struct fat_file file = must_open("KERNEL.ELF");
    struct fat_run run;
    struct problem problem = {};
    enum status status = fat_extent(&file, 0, 1, &run, &problem);
    assert_problem(status, &problem, STATUS_CORRUPT, "it runs into a free cluster after 0 bytes");
    disk_close(nullptr);

    disk_mount(16, 512, 16); // the upper half is not a part of FAT16's cluster numbers
    disk_edit_number(root_entry("KERNEL  ELF") + 20, 0xffff, 2);
    file = must_open("KERNEL.ELF");
    assert_int_equal(fat_extent(&file, 0, 1, &run, &problem), STATUS_OK);
}

static void fat_damaged_directory_chains_get_their_sentence(void **state)
{
    (void)state;
    disk_mount(16, 512, 16);
    uint64_t entry = root_entry("MANY       ");
    uint16_t first;
    assert_int_equal(pread(disk.file, &first, 2, (off_t)entry + 26), 2);
    static const char path[] = "many/module number 59 of this directory.ko";
    edit_fat(first, 0);
    assert_open_fails(path, STATUS_CORRUPT, "its directory breaks off after 512 bytes: cluster 0");
    disk.edit_count = 0;
    edit_fat(first, 0xfff7);
    assert_open_fails(path, STATUS_CORRUPT, "its directory breaks off after 512 bytes: cluster 65527");
    disk.edit_count = 0;
    edit_fat(first, 0xffff);
    assert_open_fails(path, STATUS_NOT_FOUND, "no such file in the volume");
    disk.edit_count = 0;
    disk.reads = 0;
    edit_fat(first, first); // goes round until no directory can be longer
    assert_open_fails(path, STATUS_NOT_FOUND, "no such file in the volume");
    assert_true(disk.reads <= 2 * 4096 + 2);
    disk.edit_count = 0;
    assert_int_equal(must_open(path).size_bytes, 59);
}

// Makes a long name of UNITS in front of the short name "X" in the second sector of a root that is empty before it.
static void edit_long_name(const uint16_t *units, uint32_t length, uint8_t checksum_change)
{
    static const uint8_t offsets[] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    uint8_t sector[FAT_SECTOR_BYTES] = {};
    uint8_t checksum = 0;
    uint8_t name[12] = "X          ";
    for (uint32_t i = 0; i < 11; i++)
        checksum = (uint8_t)((uint8_t)(checksum << 7 | checksum >> 1) + name[i]);
    uint32_t parts = (length + 12) / 13;
    for (uint32_t part = 0; part < parts; part++) {
        uint8_t *entry = sector + (parts - 1 - part) * 32;
        entry[0] = (uint8_t)((part + 1) | (part + 1 == parts ? 0x40 : 0));
        entry[11] = 0x0f;
        entry[13] = (uint8_t)(checksum + checksum_change);
        for (uint32_t i = 0; i < 13; i++) {
            uint32_t at = part * 13 + i;
            uint16_t unit = at < length ? units[at] : at == length ? 0 : 0xffff;
            memcpy(entry + offsets[i], &unit, 2);
        }
    }
    memcpy(sector + parts * 32, name, 11);
    sector[parts * 32 + 11] = 0x20;
    uint8_t deleted[FAT_SECTOR_BYTES] = {};
    for (uint32_t i = 0; i < sizeof deleted; i += 32)
        deleted[i] = 0xe5;
    disk.edit_count = 0;
    disk_edit(offset_of_lba(disk.volume.root_lba), deleted, sizeof deleted);
    disk_edit(offset_of_lba(disk.volume.root_lba + 1), sector, sizeof sector);
}

static void fat_long_names_beyond_16_bits_match(void **state)
{
    (void)state;
    disk_mount(16, 512, 2);
    static const uint16_t units[] = {'l', 'o', 'n', 'g', ' ', 's', 'm', 'i', 'l', 'e', ' ', '.', 0xd83d, 0xde00};
    edit_long_name(units, sizeof units / sizeof *units, 0);
    must_open("LONG smile .\xf0\x9f\x98\x80");
    must_open("x");
    assert_open_fails("long smile .\xf0\x9f\x98\x81", STATUS_NOT_FOUND, "no such file in the volume");
    assert_open_fails("long smile .", STATUS_NOT_FOUND, "no such file in the volume");
}

static void fat_long_name_parts_must_belong_together(void **state)
{
    (void)state;
    disk_mount(16, 512, 16);
    uint16_t units[39];
    char path[40] = {};
    for (uint32_t i = 0; i < 39; i++)
        units[i] = (uint16_t)(path[i] = (char)('A' + i % 26));
    uint64_t root = offset_of_lba(disk.volume.root_lba + 1);
    edit_long_name(units, 39, 0);
    must_open(path);
    edit_long_name(units, 39, 1); // of another short name
    assert_open_fails(path, STATUS_NOT_FOUND, "no such file in the volume");
    must_open("x");
    static const uint8_t orders[][3] = {{0x43, 1, 2}, {0x43, 2, 2}, {0x43, 3, 1}, {3, 2, 1}, {0x42, 1, 0x41}};
    for (uint32_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        edit_long_name(units, 39, 0);
        for (uint32_t j = 0; j < 3; j++)
            disk_edit(root + j * 32, &orders[i][j], 1);
        assert_open_fails(path, STATUS_NOT_FOUND, "no such file in the volume");
    }
    edit_long_name(units, 39, 0);
    disk_edit_number(root + 32 + 13, 0x77, 1); // checksum of the middle part only
    assert_open_fails(path, STATUS_NOT_FOUND, "no such file in the volume");
    edit_long_name(units, 39, 0);
    disk_edit_number(root + 3 * 32, 0xe5, 1); // the short entry deleted: the long name must not go to the next one
    static const char next[] = "X          ";
    disk_edit(root + 4 * 32, next, 11);
    assert_open_fails(path, STATUS_NOT_FOUND, "no such file in the volume");
    edit_long_name(units, 39, 0);
    disk_edit_number(root + 3 * 32 + 11, 0x08, 1); // a volume label
    assert_open_fails("x", STATUS_NOT_FOUND, "no such file in the volume");
}

static void fat_only_kept_fat_is_the_one_read(void **state)
{
    (void)state;
    disk_open(32, 512, 16);
    disk_edit_number(40, 0x81, 2);
    struct problem problem;
    assert_int_equal(fat_mount(&disk.volume, BASE_LBA, disk.sector_count, &problem), STATUS_OK);
    assert_int_equal(disk.volume.fat_lba, BASE_LBA + 32 + disk.volume.fat_sectors);
    struct fat_file file = must_open("KERNEL.ELF");
    uint8_t zeros[512] = {};
    disk_edit((uint64_t)32 * FAT_SECTOR_BYTES, zeros, sizeof zeros);
    struct fat_run run;
    assert_int_equal(fat_extent(&file, 0, RUN_SECTORS, &run, &problem), STATUS_OK);
    assert_int_equal(run.sector_count, RUN_SECTORS);
}

static void fat_full_root_directory_has_an_end(void **state)
{
    (void)state;
    disk_mount(16, 512, 3);
    uint8_t deleted[FAT_SECTOR_BYTES];
    memset(deleted, 0xe5, sizeof deleted);
    for (uint32_t i = 0; i < disk.volume.root_sectors; i++)
        disk_edit(offset_of_lba(disk.volume.root_lba + i), deleted, sizeof deleted);
    disk.reads = 0;
    assert_open_fails("KERNEL.ELF", STATUS_NOT_FOUND, "no such file in the volume");
    assert_int_equal(disk.reads, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(fat_files_of_all_volumes_read_back, disk_close),
        cmocka_unit_test_teardown(fat_smallest_window_reads_the_same, disk_close),
        cmocka_unit_test_teardown(fat_names_ignore_ascii_case_and_fold_separators, disk_close),
        cmocka_unit_test_teardown(fat_contiguous_file_is_few_runs_and_reads, disk_close),
        cmocka_unit_test_teardown(fat_file_in_one_cluster_needs_no_fat, disk_close),
        cmocka_unit_test_teardown(fat_going_back_starts_over, disk_close),
        cmocka_unit_test_teardown(fat_short_alias_opens_the_long_name, disk_close),
        cmocka_unit_test_teardown(fat_dot_entries_are_followed, disk_close),
        cmocka_unit_test_teardown(fat_missing_names_are_not_found, disk_close),
        cmocka_unit_test_teardown(fat_impossible_names_get_their_sentence, disk_close),
        cmocka_unit_test_teardown(fat_directory_and_file_are_told_apart, disk_close),
        cmocka_unit_test_teardown(fat_empty_file_opens, disk_close),
        cmocka_unit_test_teardown(fat_read_errors_come_out, disk_close),
        cmocka_unit_test_teardown(fat_damaged_boot_records_get_their_sentence, disk_close),
        cmocka_unit_test_teardown(fat_kind_is_decided_by_the_cluster_count_alone, disk_close),
        cmocka_unit_test_teardown(fat_volume_past_32_bit_sector_numbers_is_refused, disk_close),
        cmocka_unit_test_teardown(fat_partition_smaller_than_the_volume_is_refused, disk_close),
        cmocka_unit_test_teardown(fat_broken_chains_get_their_sentence, disk_close),
        cmocka_unit_test_teardown(fat_run_ends_with_the_volume, disk_close),
        cmocka_unit_test_teardown(fat_damaged_directory_entries_get_their_sentence, disk_close),
        cmocka_unit_test_teardown(fat_damaged_directory_chains_get_their_sentence, disk_close),
        cmocka_unit_test_teardown(fat_long_names_beyond_16_bits_match, disk_close),
        cmocka_unit_test_teardown(fat_long_name_parts_must_belong_together, disk_close),
        cmocka_unit_test_teardown(fat_full_root_directory_has_an_end, disk_close),
        cmocka_unit_test_teardown(fat_only_kept_fat_is_the_one_read, disk_close),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
