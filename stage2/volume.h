// SPDX-License-Identifier: MIT
// The FAT volume on the boot drive, and whole files or parts of them from it. What is wrong with the disk or the volume
// ends in a sentence here; what is wrong with a file's contents is the caller's.
#pragma once
#include <portable/fat.h>
#include <stdint.h>

// Find and mount the volume. Returns its first LBA.
uint32_t volume_mount(void);

// Find PATH; false when the volume has no such file, with PROBLEM filled.
bool volume_find(const char *path, struct fat_file *file, struct problem *problem);

// Read SIZE_BYTES from OFFSET of FILE, which has them, to BUFFER anywhere below 4 GiB. PATH is for the sentences.
void volume_read(const char *path, struct fat_file *file, uint32_t offset, uint32_t size_bytes, void *buffer);
