// SPDX-License-Identifier: MIT
// Joins the FAT reader to the disk. File contents go from the bounce buffer to their place with one copy; FAT and
// directory sectors stay in a window, so that following a cluster chain costs few reads.
#include "volume.h"
#include "console.h"
#include "disk.h"
#include "hardware.h"
#include <portable/partition.h>

extern uint8_t fat_window[], fat_window_end[]; // stage2.ld

static struct fat_volume volume;

static enum status read_sectors(void *, uint32_t lba, uint32_t sector_count, void *buffer)
{
    for (uint8_t *to = buffer; sector_count;) {
        uint32_t count = disk_read(lba, sector_count);
        memory_copy(to, bounce_buffer, count * FAT_SECTOR_BYTES);
        to += count * FAT_SECTOR_BYTES;
        lba += count;
        sector_count -= count;
    }
    return STATUS_OK;
}

uint32_t volume_mount(void)
{
    struct problem problem;
    uint32_t lba, sector_count;
    disk_read(0, 1);
    if (partition_find(bounce_buffer, &lba, &sector_count, &problem) != STATUS_OK)
        stop_for("the disk's partition table", &problem);
    volume.read = read_sectors;
    volume.window = fat_window;
    volume.window_sectors = (uint32_t)(fat_window_end - fat_window) / FAT_SECTOR_BYTES;
    if (fat_mount(&volume, lba, sector_count, &problem) != STATUS_OK)
        stop_for("the FAT volume", &problem);
    return lba;
}

bool volume_find(const char *path, struct fat_file *file, struct problem *problem)
{
    enum status status = fat_open(&volume, path, file, problem);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        stop_for(path, problem);
    return status == STATUS_OK;
}

void volume_read(const char *path, struct fat_file *file, uint32_t offset, uint32_t size_bytes, void *buffer)
{
    uint32_t skip = offset % FAT_SECTOR_BYTES;
    uint32_t sector = offset / FAT_SECTOR_BYTES;
    for (uint8_t *to = buffer; size_bytes;) {
        struct problem problem;
        struct fat_run run;
        uint32_t wanted = (skip + size_bytes + FAT_SECTOR_BYTES - 1) / FAT_SECTOR_BYTES;
        if (fat_extent(file, sector, wanted < DISK_CHUNK ? wanted : DISK_CHUNK, &run, &problem) != STATUS_OK)
            stop_for(path, &problem);
        uint32_t count = disk_read(run.lba, run.sector_count);
        uint32_t got = count * FAT_SECTOR_BYTES - skip;
        if (got > size_bytes)
            got = size_bytes;
        memory_copy(to, bounce_buffer + skip, got);
        to += got;
        size_bytes -= got;
        sector += count;
        skip = 0;
    }
}
