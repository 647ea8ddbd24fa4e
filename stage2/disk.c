// SPDX-License-Identifier: MIT
// INT 13h, with the ladder of remedies that real BIOSes need. Enhanced Disk Drive Services 3.0 for packets; Ralf
// Brown's interrupt list for AH=02h and 08h and for what goes wrong.
#include "disk.h"
#include "console.h"
#include "hardware.h"

constexpr uint32_t TRIES = 9; // a way: 127 sectors twice, then down to 1, so that the LBA reported is the one at fault
constexpr uint32_t CHS_CYLINDERS = 1024;

static uint8_t drive;
static bool uses_packets;
static uint32_t heads, sectors_per_track;
static uint32_t chunk_limit = DISK_CHUNK; // shrinks to what worked
static uint64_t ticks;

static uint8_t call(struct bios_registers *registers)
{
    uint64_t start = time_stamp();
    registers->edx = (registers->edx & ~0xffu) | drive;
    bios_call(0x13, registers);
    ticks += time_stamp() - start;
    if (!(registers->flags & FLAG_CARRY))
        return 0;
    uint8_t status = (uint8_t)(registers->eax >> 8);
    return status ? status : 0xff;
}

static bool has_packets(void)
{
    struct bios_registers registers = {.eax = 0x4100, .ebx = 0x55aa};
    return !call(&registers) && (uint16_t)registers.ebx == 0xaa55 && registers.ecx & 1;
}

// False where the BIOS knows none; SeaBIOS says 0 sectors a track for SCSI and USB disks that have 64.
static bool find_geometry(void)
{
    struct bios_registers registers = {.eax = 0x0800}; // ES:DI = 0:0 guards against a BIOS bug
    if (call(&registers))
        return false;
    sectors_per_track = registers.ecx & 63;
    heads = (registers.edx >> 8 & 0xff) + 1;
    return sectors_per_track;
}

void disk_init(uint8_t boot_drive)
{
    drive = boot_drive;
    uses_packets = has_packets();
    if (!uses_packets && !find_geometry())
        stop("disk: BIOS drive %02xh has neither extensions (INT 13h AH=41h) nor a geometry (AH=08h)", drive);
}

static uint8_t read_by_packet(uint32_t lba, uint32_t sector_count)
{
    static struct {
        uint8_t size, reserved;
        uint16_t sector_count;
        uint16_t offset, segment;
        uint64_t lba;
    } packet;
    packet.size = sizeof packet;
    packet.sector_count = (uint16_t)sector_count;
    packet.segment = (uint16_t)((uintptr_t)bounce_buffer >> 4);
    packet.lba = lba;
    struct bios_registers registers = {
        .eax = 0x4200, .esi = (uintptr_t)&packet & 15, .ds = (uint16_t)((uintptr_t)&packet >> 4)};
    return call(&registers);
}

static bool chs_reaches(uint32_t lba)
{
    return lba / sectors_per_track / heads < CHS_CYLINDERS;
}

static uint8_t read_by_chs(uint32_t lba, uint32_t sector_count)
{
    uint32_t track = lba / sectors_per_track;
    uint32_t cylinder = track / heads;
    if (!chs_reaches(lba))
        stop("disk: LBA %u lies beyond cylinder %u (%u heads, %u sectors a track), where only extensions read", lba,
             CHS_CYLINDERS - 1, heads, sectors_per_track);
    struct bios_registers registers = {.eax = 0x0200 | sector_count,
                                       .ecx = (cylinder & 0xff) << 8 | (cylinder >> 8) << 6 |
                                              (lba % sectors_per_track + 1),
                                       .edx = track % heads << 8,
                                       .es = (uint16_t)((uintptr_t)bounce_buffer >> 4)};
    return call(&registers);
}

// How many sectors one call may read from LBA on.
static uint32_t fitting(uint32_t lba, uint32_t sector_count)
{
    uint32_t count = sector_count < chunk_limit ? sector_count : chunk_limit;
    if (!uses_packets) {
        uint32_t to_end_of_track = sectors_per_track - lba % sectors_per_track;
        if (count > to_end_of_track)
            count = to_end_of_track;
    }
    return count;
}

uint32_t disk_read(uint32_t lba, uint32_t sector_count)
{
    uint8_t first_status = 0;
    for (uint32_t failures = 0;;) {
        uint32_t count = fitting(lba, sector_count);
        uint8_t status = uses_packets ? read_by_packet(lba, count) : read_by_chs(lba, count);
        if (!status) {
            if (failures)
                say("disk: LBA %u read after %u failures (BIOS status %02xh)\n", lba, failures, first_status);
            return count;
        }
        if (!failures)
            first_status = status;
        struct bios_registers reset = {};
        call(&reset);
        if (failures) // a first failure may have been chance
            chunk_limit = (chunk_limit + 1) / 2;
        if (++failures % TRIES == 0 && (failures > TRIES || !uses_packets || !find_geometry() || !chs_reaches(lba)))
            stop("disk: LBA %u of BIOS drive %02xh cannot be read (BIOS status %02xh, %u tries). "
                 "Try another port or another disk",
                 lba, drive, status, failures);
        if (failures == TRIES)
            uses_packets = false;
    }
}

uint64_t disk_ticks(void)
{
    return ticks;
}
