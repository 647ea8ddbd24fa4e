// SPDX-License-Identifier: MIT
// Reads files of a FAT12, FAT16 or FAT32 volume with VFAT long names, and nothing else: it never writes, keeps no
// global state and knows no hardware; sectors come through a function that the caller hands over. It does not move file
// contents either: it says where on the drive they are. Exported names begin with fat_.
//
// Source of the format: Microsoft FAT specification (2005), sections 3 to 7. The volume is distrusted: every field is
// checked before use, every walk is bounded, and what is wrong is a sentence in `problem`. The one exception is
// STATUS_IO, which means that the reader failed: it leaves `problem` alone, because the reader knows more.
//
// No locking; fat_open uses about 650 bytes of stack, the rest less than 150.
#pragma once
#include <lib/problem.h>
#include <lib/status.h>
#include <stdint.h>

constexpr uint32_t FAT_SECTOR_BYTES = 512;

// Read SECTOR_COUNT sectors from LBA of the drive into BUFFER: all of them, or fail.
typedef enum status fat_read_fn(void *context, uint32_t lba, uint32_t sector_count, void *buffer);

struct fat_volume {
    // The caller fills in these four. The window caches FAT and directory sectors, so a bigger one means fewer reads.
    fat_read_fn *read;
    void *context;
    uint8_t *window;         // window_sectors * FAT_SECTOR_BYTES bytes, untouched by others while the volume is in use
    uint32_t window_sectors; // at least 2

    // fat_mount fills in the rest.
    uint32_t window_lba, window_count; // what the window holds
    uint32_t fat_lba, fat_sectors;     // the FAT in use
    uint32_t root_lba, root_sectors;   // the fixed root directory of FAT12 and FAT16
    uint32_t root_cluster;             // the root directory of FAT32, else 0
    uint32_t data_lba;                 // cluster 2
    uint32_t cluster_count;            // the last cluster is cluster_count + 1
    uint32_t entry_mask;               // the bits of a FAT entry that count
    uint8_t entry_nibbles;             // width of a FAT entry in half bytes: 3, 4 or 8
    uint8_t cluster_shift;             // log2 of the sectors in a cluster
};

struct fat_file {
    struct fat_volume *volume;
    uint32_t size_bytes;
    uint32_t first_cluster;
    uint32_t cursor_index, cursor_cluster; // cursor_cluster, not yet checked, is number cursor_index of the chain
};

// Consecutive sectors of the drive.
struct fat_run {
    uint32_t lba;
    uint32_t sector_count;
};

// Take the FAT volume that starts at LBA of the drive and may reach over SECTOR_COUNT sectors. One read.
// STATUS_UNSUPPORTED: sectors of other than 512 bytes. STATUS_INVALID: not FAT, or a field contradicts another.
enum status fat_mount(struct fat_volume *volume, uint32_t lba, uint32_t sector_count, struct problem *problem);

// Find the file PATH, UTF-8, from the root directory on; '/' and '\' separate, several count as one. Names match
// without regard to the case of ASCII letters, in long or in short form. Reads directories only. An empty file opens.
// STATUS_NOT_FOUND: not there. STATUS_INVALID: a directory, a file on the way, or no possible name. STATUS_CORRUPT:
// damaged directory, or a size that the volume cannot hold.
enum status fat_open(struct fat_volume *volume, const char *path, struct fat_file *file, struct problem *problem);

// Where the file lies from its sector FILE_SECTOR on: as many sectors as follow each other on the drive, across
// clusters, but at most LIMIT_SECTORS (> 0) and not past the file's last one. Going forward costs one step a cluster
// for the whole file; going back starts over at the first cluster.
// STATUS_RANGE: the file has no such sector. STATUS_CORRUPT: the cluster chain is broken before that sector.
enum status fat_extent(struct fat_file *file, uint32_t file_sector, uint32_t limit_sectors, struct fat_run *run,
                       struct problem *problem);
