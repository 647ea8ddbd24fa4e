// SPDX-License-Identifier: MIT
// The boot drive, by BIOS. Only it is touched, and never written.
#pragma once
#include <stdint.h>

// Take DRIVE (BIOS number) and find out how it wants to be read.
void disk_init(uint8_t drive);

// Phoenix's EDD refuses more sectors in one call (Ralf Brown's list, INT 13h AH=42h).
constexpr uint32_t DISK_CHUNK = 127;

// Where reads land: 64 KiB that stay as they are until the next read.
extern uint8_t bounce_buffer[];

// Read up to SECTOR_COUNT (> 0) sectors of 512 bytes from LBA on to bounce_buffer with one BIOS call; returns how many
// came, at least one. A call that fails is made again for fewer sectors after a reset, then by cylinder, head and
// sector. Success after that costs a line of log; failure for good stops, naming the LBA and the BIOS status.
uint32_t disk_read(uint32_t lba, uint32_t sector_count);

// TSC ticks spent in INT 13h so far.
uint64_t disk_ticks(void);
