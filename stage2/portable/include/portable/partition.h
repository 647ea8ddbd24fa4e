// SPDX-License-Identifier: MIT
// Finds the FAT volume in the partition table of a master boot record. Reads nothing itself and does not look into the
// volume. Exported names begin with partition_. No locking.
#pragma once
#include <lib/problem.h>
#include <lib/status.h>
#include <stdint.h>

// Choose from MBR_SECTOR (512 bytes) the active partition of a FAT type (01 04 06 0B 0C 0E) or, where none of them is
// active, the only one. All of it has 32-bit sector numbers. STATUS_NOT_FOUND: none, or several and none active.
// STATUS_INVALID: no partition table, or a partition that cannot be.
enum status partition_find(const void *mbr_sector, uint32_t *lba, uint32_t *sector_count, struct problem *problem);
