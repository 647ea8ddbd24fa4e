// SPDX-License-Identifier: MIT
// Fuzzer of the FAT reader. An input is a sparse volume: which read fails (1 byte, 0: none), the window's sectors less
// 2 (1 byte), the first 96 bytes of the boot sector, then records of a sector number (3 bytes, little-endian) and that
// sector (512 bytes, the last one may be short). All other sectors are zero, the boot signature is always there.
// Beside memory errors it looks for runs outside the volume and for walks that read more than their bound.
#include <portable/fat.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

constexpr uint32_t BASE_LBA = 77;
constexpr uint32_t VOLUME_SECTORS = 80'000; // enough for the smallest FAT32
constexpr size_t HEADER_BYTES = 2;
constexpr size_t BOOT_BYTES = 96;
constexpr size_t RECORD_BYTES = 3 + FAT_SECTOR_BYTES;
constexpr uint32_t RUN_SECTORS = 127;
// A directory has at most 4096 sectors; each may cost a read of its own and one of the FAT.
constexpr uint32_t DIRECTORY_READS_MAX = 2 * 4096;

struct sparse_disk {
    const uint8_t *boot;
    size_t boot_bytes;
    const uint8_t *records;
    size_t records_bytes;
    uint32_t failing_read;
    uint32_t reads;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static enum status read_sparse(void *context, uint32_t lba, uint32_t sector_count, void *buffer)
{
    struct sparse_disk *disk = context;
    require(lba >= BASE_LBA && sector_count > 0 && lba - BASE_LBA < VOLUME_SECTORS);
    uint32_t first = lba - BASE_LBA;
    require(sector_count <= VOLUME_SECTORS - first);
    if (++disk->reads == disk->failing_read)
        return STATUS_IO;
    uint8_t *bytes = buffer;
    memset(bytes, 0, sector_count * FAT_SECTOR_BYTES);
    if (first == 0) {
        memcpy(bytes, disk->boot, disk->boot_bytes);
        bytes[510] = 0x55;
        bytes[511] = 0xaa;
    }
    for (size_t at = 0; at + 3 < disk->records_bytes; at += RECORD_BYTES) {
        const uint8_t *record = disk->records + at;
        uint32_t sector = (uint32_t)record[0] | (uint32_t)record[1] << 8 | (uint32_t)record[2] << 16;
        size_t length = disk->records_bytes - at - 3;
        if (length > FAT_SECTOR_BYTES)
            length = FAT_SECTOR_BYTES;
        if (sector > 0 && sector >= first && sector - first < sector_count)
            memcpy(bytes + (sector - first) * FAT_SECTOR_BYTES, record + 3, length);
    }
    return STATUS_OK;
}

static void require_told(enum status status, const struct problem *problem)
{
    require(status == STATUS_IO || problem->format != nullptr);
}

static void follow(struct fat_file *file, struct sparse_disk *disk)
{
    const struct fat_volume *volume = file->volume;
    uint32_t total = file->size_bytes / FAT_SECTOR_BYTES + (file->size_bytes % FAT_SECTOR_BYTES != 0);
    uint32_t clusters = (total >> volume->cluster_shift) + 1;
    require(clusters <= volume->cluster_count + 1);
    disk->reads = 0;
    uint32_t sector = 0;
    while (sector < total) {
        struct fat_run run;
        struct problem problem = {};
        enum status status = fat_extent(file, sector, RUN_SECTORS, &run, &problem);
        if (status != STATUS_OK) {
            require_told(status, &problem);
            break;
        }
        require(run.sector_count > 0 && run.sector_count <= RUN_SECTORS && run.sector_count <= total - sector);
        uint32_t first = run.lba - volume->data_lba;
        require(run.lba >= volume->data_lba);
        require(first + run.sector_count <= volume->cluster_count << volume->cluster_shift);
        sector += run.sector_count;
    }
    require(disk->reads <= clusters);
    if (total) { // and once more from the start, as a reader does that goes back
        struct fat_run run;
        struct problem problem = {};
        enum status status = fat_extent(file, total / 2, 1, &run, &problem);
        if (status != STATUS_OK)
            require_told(status, &problem);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *path;
        uint32_t directories;
    } files[] = {
        {"KERNEL.ELF", 1},
        {"boot/modules/initrd.img", 3},
        {"A long name of more than 26 characters, with several parts.bin", 1},
        {"boot\\..\\Gr\xc3\xbc\xc3\x9f"
         "e \xf0\x9f\x98\x80",
         2},
    };
    if (size < HEADER_BYTES)
        return 0;
    struct sparse_disk disk = {.failing_read = data[0], .boot = data + HEADER_BYTES};
    uint32_t window_sectors = 2 + data[1] % 126u;
    size -= HEADER_BYTES;
    disk.boot_bytes = size < BOOT_BYTES ? size : BOOT_BYTES;
    disk.records = disk.boot + disk.boot_bytes;
    disk.records_bytes = size - disk.boot_bytes;
    uint8_t *window = malloc(window_sectors * FAT_SECTOR_BYTES); // its own block, so that ASan sees its end
    require(window != nullptr);

    struct fat_volume volume = {
        .read = read_sparse, .context = &disk, .window = window, .window_sectors = window_sectors};
    struct problem problem = {};
    enum status status = fat_mount(&volume, BASE_LBA, VOLUME_SECTORS, &problem);
    if (status != STATUS_OK)
        require_told(status, &problem);
    for (size_t i = 0; status == STATUS_OK && i < sizeof files / sizeof *files; i++) {
        struct fat_file file;
        disk.reads = 0;
        problem = (struct problem){};
        enum status opened = fat_open(&volume, files[i].path, &file, &problem);
        require(disk.reads <= files[i].directories * DIRECTORY_READS_MAX);
        if (opened == STATUS_OK)
            follow(&file, &disk);
        else
            require_told(opened, &problem);
    }
    free(window);
    return 0;
}
