// SPDX-License-Identifier: MIT
// The partition table reader behind portable/partition.h, for stage 2 and the host tests. It sees one sector and must
// not know the drive that it came from.
#include <portable/partition.h>

// Classical MBR: four entries of 16 bytes from 0x1be on, then the signature.
struct [[gnu::packed]] partition_entry {
    uint8_t status; // 80h: active
    uint8_t first_chs[3];
    uint8_t type;
    uint8_t last_chs[3];
    uint32_t lba;
    uint32_t sector_count;
};
struct [[gnu::packed]] boot_record {
    uint8_t code[0x1be];
    struct partition_entry entries[4];
    uint16_t signature;
};
static_assert(sizeof(struct boot_record) == 512);
constexpr uint16_t BOOT_SIGNATURE = 0xaa55;
constexpr uint8_t STATUS_ACTIVE = 0x80;
constexpr uint32_t FAT_TYPES = 1u << 0x01 | 1u << 0x04 | 1u << 0x06 | 1u << 0x0b | 1u << 0x0c | 1u << 0x0e;

enum status partition_find(const void *mbr_sector, uint32_t *lba, uint32_t *sector_count, struct problem *problem)
{
    const struct boot_record *record = mbr_sector;
    if (record->signature != BOOT_SIGNATURE)
        return problem_report(problem, STATUS_INVALID, "no partition table: the first sector ends in %llx, not in %llx",
                              record->signature, BOOT_SIGNATURE);
    const struct partition_entry *chosen = nullptr;
    uint32_t fat_count = 0;
    for (uint32_t i = 4; i-- > 0;) {
        const struct partition_entry *entry = &record->entries[i];
        if (entry->type >= 32 || !(FAT_TYPES >> entry->type & 1))
            continue;
        fat_count++;
        if (!chosen || !(chosen->status & STATUS_ACTIVE) || entry->status & STATUS_ACTIVE)
            chosen = entry;
    }
    if (!chosen)
        return problem_report(problem, STATUS_NOT_FOUND, "no FAT partition (type 01 04 06 0b 0c 0e) in its table", 0,
                              0);
    if (fat_count > 1 && !(chosen->status & STATUS_ACTIVE))
        return problem_report(problem, STATUS_NOT_FOUND, "%llu FAT partitions, none active: mark the right one",
                              fat_count, 0);
    *lba = chosen->lba;
    *sector_count = chosen->sector_count;
    if (*lba == 0 || *sector_count == 0 || *sector_count > ~*lba)
        return problem_report(problem, STATUS_INVALID, "its FAT partition of %llu sectors at sector %llu cannot be",
                              *sector_count, *lba);
    return STATUS_OK;
}
