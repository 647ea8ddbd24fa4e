// SPDX-License-Identifier: MIT
// The FAT reader behind portable/fat.h, for stage 2 and the host tests. It knows the format on the disk and the
// caller's sector window; it must not know where sectors come from or where file contents go.
#include <portable/fat.h>

// Layouts from the FAT specification: section 3.1 to 3.3 (boot sector), 6 (directory entry), 7 (long name entry).
struct [[gnu::packed]] boot_record {
    uint8_t jump[3];
    uint8_t oem_name[8];
    uint16_t sector_bytes;
    uint8_t cluster_sectors;
    uint16_t reserved_sectors;
    uint8_t fat_count;
    uint16_t root_entries;
    uint16_t total_sectors16;
    uint8_t media;
    uint16_t fat_sectors16;
    uint16_t track_sectors;
    uint16_t head_count;
    uint32_t hidden_sectors;
    uint32_t total_sectors32;
    uint32_t fat_sectors32; // from here on FAT32 only
    uint16_t fat_flags;     // with FLAG_ONE_FAT, the low four bits are the number of the only FAT that is kept
    uint16_t version;
    uint32_t root_cluster;
    uint8_t rest[462];
    uint16_t signature;
};
static_assert(sizeof(struct boot_record) == FAT_SECTOR_BYTES);
constexpr uint16_t BOOT_SIGNATURE = 0xaa55;
constexpr uint16_t FLAG_ONE_FAT = 0x80;

struct [[gnu::packed]] directory_entry {
    uint8_t name[11];
    uint8_t attributes;
    uint8_t unused[8];
    uint16_t cluster_high;
    uint16_t time, date;
    uint16_t cluster_low;
    uint32_t size_bytes;
};
static_assert(sizeof(struct directory_entry) == 32);
constexpr uint8_t NAME_END = 0x00;
constexpr uint8_t NAME_DELETED = 0xe5;
constexpr uint8_t ATTRIBUTE_LABEL = 0x08;
constexpr uint8_t ATTRIBUTE_DIRECTORY = 0x10;
constexpr uint8_t ATTRIBUTE_LONG_NAME = 0x0f; // under ATTRIBUTE_MASK
constexpr uint8_t ATTRIBUTE_MASK = 0x3f;

struct [[gnu::packed]] long_entry {
    uint8_t order; // 1 for the first 13 units; the highest, with LONG_LAST, comes first on the disk
    uint8_t units1[10];
    uint8_t attributes;
    uint8_t type;
    uint8_t checksum; // of the short name that follows
    uint8_t units2[12];
    uint16_t zero;
    uint8_t units3[4];
};
static_assert(sizeof(struct long_entry) == 32);
constexpr uint8_t LONG_LAST = 0x40;
constexpr uint32_t LONG_ENTRY_UNITS = 13;
constexpr uint32_t LONG_NAME_UNITS = 255;
constexpr uint32_t LONG_MISMATCH = 0x100; // no order number

constexpr uint32_t FIRST_CLUSTER = 2;
constexpr uint32_t FAT12_CLUSTERS_END = 4085;
constexpr uint32_t FAT16_CLUSTERS_END = 65525;
constexpr uint32_t FAT32_CLUSTERS_END = 0x0fff'fff6;
constexpr uint32_t DIRECTORY_BYTES_MAX = 65536 * sizeof(struct directory_entry);

// One component of a path as the disk would have it, ASCII letters in upper case.
struct name {
    uint32_t length;
    uint16_t units[LONG_NAME_UNITS + 2]; // the last may be the first half of a pair; 0 at the end
};

static uint32_t minimum(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

// What most checks return. Four words instead of seven for each of the calls.
[[gnu::noinline]] static enum status invalid(struct problem *problem, const char *format, uint32_t first,
                                             uint32_t second)
{
    return problem_report(problem, STATUS_INVALID, format, first, second);
}

// Have at least NEED sectors from LBA on in the window; where they are not, USEFUL of them are read as far as the
// window goes. Null when the reader failed.
[[gnu::noinline]] static const uint8_t *window_load(struct fat_volume *volume, uint32_t lba, uint32_t need,
                                                    uint32_t useful)
{
    uint32_t skip = lba - volume->window_lba;
    if (skip < volume->window_count && need <= volume->window_count - skip)
        return volume->window + skip * FAT_SECTOR_BYTES;
    volume->window_count = 0;
    useful = minimum(useful, volume->window_sectors);
    if (volume->read(volume->context, lba, useful, volume->window) != STATUS_OK)
        return nullptr;
    volume->window_lba = lba;
    volume->window_count = useful;
    return volume->window;
}

static bool is_data_cluster(const struct fat_volume *volume, uint32_t cluster)
{
    return cluster - FIRST_CLUSTER < volume->cluster_count;
}

enum status fat_mount(struct fat_volume *volume, uint32_t lba, uint32_t sector_count, struct problem *problem)
{
    volume->window_count = 0;
    const struct boot_record *boot = (const struct boot_record *)window_load(volume, lba, 1, 1);
    if (!boot)
        return STATUS_IO;
    if (boot->signature != BOOT_SIGNATURE)
        return invalid(problem, "not FAT: signature %llx instead of aa55", boot->signature, 0);
    if (boot->sector_bytes != FAT_SECTOR_BYTES) {
        (void)invalid(problem, "sectors of %llu bytes; only 512 will do", boot->sector_bytes, 0);
        return STATUS_UNSUPPORTED;
    }
    uint32_t cluster_sectors = boot->cluster_sectors;
    if (!cluster_sectors || (cluster_sectors & (cluster_sectors - 1)))
        return invalid(problem, "%llu sectors per cluster: not a power of two", cluster_sectors, 0);
    if (!boot->reserved_sectors || !boot->fat_count)
        return invalid(problem, "%llu reserved sectors, %llu FATs: neither may be 0", boot->reserved_sectors,
                       boot->fat_count);

    uint32_t total = boot->total_sectors16 ? boot->total_sectors16 : boot->total_sectors32;
    sector_count = minimum(sector_count, ~lba); // what lies beyond has no 32-bit sector number
    if (total > sector_count)
        return invalid(problem, "%llu sectors, but its partition has %llu", total, sector_count);

    uint32_t fat_sectors = boot->fat_sectors16 ? boot->fat_sectors16 : boot->fat_sectors32;
    uint32_t root_sectors = (boot->root_entries + 15u) / 16;
    uint64_t data_sector = (uint64_t)fat_sectors * boot->fat_count + boot->reserved_sectors + root_sectors;
    if (data_sector + cluster_sectors > total)
        return invalid(problem, "FATs of %llu sectors do not fit into %llu", fat_sectors, total);
    volume->cluster_shift = (uint8_t)__builtin_ctz(cluster_sectors);
    uint32_t cluster_count = (total - (uint32_t)data_sector) >> volume->cluster_shift;
    volume->cluster_count = cluster_count;

    bool is_fat32 = cluster_count >= FAT16_CLUSTERS_END;
    uint32_t nibbles = is_fat32 ? 8 : cluster_count >= FAT12_CLUSTERS_END ? 4 : 3;
    volume->entry_nibbles = (uint8_t)nibbles;
    volume->entry_mask = is_fat32 ? 0x0fff'ffff : (1u << nibbles * 4) - 1;
    if (is_fat32 == (root_sectors != 0))
        return invalid(problem, "%llu root entries do not go with %llu clusters", boot->root_entries, cluster_count);
    if (cluster_count >= FAT32_CLUSTERS_END || ((cluster_count + FIRST_CLUSTER) * nibbles - 1) >> 10 >= fat_sectors)
        return invalid(problem, "FATs of %llu sectors are too small for %llu clusters", fat_sectors, cluster_count);

    volume->fat_lba = lba + boot->reserved_sectors;
    volume->fat_sectors = fat_sectors;
    volume->data_lba = lba + (uint32_t)data_sector;
    volume->root_lba = volume->data_lba - root_sectors;
    volume->root_sectors = root_sectors;
    volume->root_cluster = 0;
    if (is_fat32) {
        volume->root_cluster = boot->root_cluster;
        uint32_t fat_number = boot->fat_flags & FLAG_ONE_FAT ? boot->fat_flags & 15u : 0;
        if (!is_data_cluster(volume, volume->root_cluster) || fat_number >= boot->fat_count)
            return invalid(problem, "root cluster %llu or FAT number %llu is none of its", boot->root_cluster,
                           fat_number);
        volume->fat_lba += fat_number * fat_sectors;
    }
    return STATUS_OK;
}

// The cursor is taken unchecked from the FAT: this is where its value is judged, when a cluster is needed there.
static enum status cursor_check(const struct fat_file *file, struct problem *problem)
{
    const struct fat_volume *volume = file->volume;
    uint32_t cluster = file->cursor_cluster;
    if (is_data_cluster(volume, cluster))
        return STATUS_OK;
    uint32_t bad_mark = volume->entry_mask - 8; // above it: end of chain
    uint32_t second = cluster;
    const char *format = "its chain leaves the volume after %llu bytes, to cluster %llu";
    if (cluster == 0)
        format = "it runs into a free cluster after %llu bytes";
    if (cluster == bad_mark)
        format = "it runs into a bad cluster after %llu bytes";
    if (cluster > bad_mark) {
        format = "truncated: its cluster chain ends after %llu of %llu bytes";
        second = file->size_bytes;
    }
    (void)invalid(problem, format, (file->cursor_index << volume->cluster_shift) * FAT_SECTOR_BYTES, second);
    return STATUS_CORRUPT;
}

// Move the cursor forward to cluster number INDEX of the file; with STOP_AT_GAP only as far as the first cluster that
// is not the neighbour of the one before (or is none at all).
static enum status cursor_advance(struct fat_file *file, uint32_t index, bool stop_at_gap, struct problem *problem)
{
    struct fat_volume *volume = file->volume;
    for (;;) {
        enum status status = cursor_check(file, problem);
        if (status != STATUS_OK || file->cursor_index >= index)
            return status;

        // The window takes in what a contiguous rest of the file needs, and no more.
        uint32_t cluster = file->cursor_cluster;
        uint32_t nibbles = volume->entry_nibbles;
        uint32_t nibble = cluster * nibbles;
        uint32_t sector = nibble >> 10;
        uint32_t file_end = (file->size_bytes - 1) / FAT_SECTOR_BYTES >> volume->cluster_shift;
        uint32_t useful_end = (((cluster + file_end - file->cursor_index) * nibbles - 1) >> 10) + 1;
        const uint8_t *entry =
            window_load(volume, volume->fat_lba + sector, ((nibble + nibbles - 1) >> 10) - sector + 1,
                        minimum(useful_end, volume->fat_sectors) - sector);
        if (!entry)
            return STATUS_IO;
        entry += nibble / 2 % FAT_SECTOR_BYTES;
        uint32_t next = (uint32_t)entry[0] | (uint32_t)entry[1] << 8;
        if (nibbles == 8)
            next |= (uint32_t)entry[2] << 16 | (uint32_t)entry[3] << 24;
        if (nibble & 1)
            next >>= 4;
        next &= volume->entry_mask;
        file->cursor_cluster = next;
        file->cursor_index++;
        if (next != cluster + 1 || !is_data_cluster(volume, next)) {
            if (stop_at_gap)
                return STATUS_OK;
            continue;
        }
        if (nibbles == 3)
            continue;

        // The way that nearly all steps go: an entry that names its neighbour, in the window. 32 bits are loaded for
        // FAT16 too, which is why the last entry of the window is left to the code above.
        uint32_t width = nibbles / 2;
        entry += width;
        uint32_t steps = minimum(index - file->cursor_index, volume->cluster_count + 1 - next);
        const uint8_t *window_end = volume->window + volume->window_count * FAT_SECTOR_BYTES;
        uint32_t room = (uint32_t)(window_end - entry);
        const uint8_t *stop = entry + minimum(steps * width, room < 4 ? 0 : room - 3);
        uint32_t mask = volume->entry_mask;
        while (entry < stop) {
            uint32_t value;
            __builtin_memcpy(&value, entry, sizeof value);
            if ((value & mask) != next + 1)
                break;
            next++;
            entry += width;
        }
        file->cursor_index += next - file->cursor_cluster;
        file->cursor_cluster = next;
    }
}

static void cursor_rewind(struct fat_file *file)
{
    file->cursor_index = 0;
    file->cursor_cluster = file->first_cluster;
}

enum status fat_extent(struct fat_file *file, uint32_t file_sector, uint32_t limit_sectors, struct fat_run *run,
                       struct problem *problem)
{
    const struct fat_volume *volume = file->volume;
    uint8_t shift = volume->cluster_shift;
    uint32_t sector_count = file->size_bytes / FAT_SECTOR_BYTES + (file->size_bytes % FAT_SECTOR_BYTES != 0);
    if (file_sector >= sector_count) {
        (void)invalid(problem, "sector %llu is wanted of a file of %llu bytes", file_sector, file->size_bytes);
        return STATUS_RANGE;
    }
    limit_sectors = minimum(limit_sectors, sector_count - file_sector);
    uint32_t index = file_sector >> shift;
    if (index < file->cursor_index)
        cursor_rewind(file);
    enum status status = cursor_advance(file, index, false, problem);
    if (status != STATUS_OK)
        return status;
    uint32_t cluster = file->cursor_cluster;
    status = cursor_advance(file, (file_sector + limit_sectors - 1) >> shift, true, problem);
    if (status != STATUS_OK)
        return status;

    uint32_t end = file->cursor_index;
    if (is_data_cluster(volume, file->cursor_cluster) && file->cursor_cluster - cluster == end - index)
        end++;
    run->lba = volume->data_lba + ((cluster - FIRST_CLUSTER - index) << shift) + file_sector;
    run->sector_count = minimum(limit_sectors, (end << shift) - file_sector);
    return STATUS_OK;
}

static bool is_separator(char character)
{
    return character == '/' || character == '\\';
}

static uint32_t to_upper(uint32_t unit)
{
    return unit - 'a' < 26 ? unit - ('a' - 'A') : unit;
}

// Decode the component at PATH into NAME and return what follows it; null when it is not UTF-8 or longer than a long
// name can be.
static const char *name_decode(struct name *name, const char *path)
{
    uint32_t length = 0;
    for (; *path && !is_separator(*path); path++) {
        uint32_t code = (uint8_t)*path;
        if (code >= 0x80) {
            uint32_t more = code >= 0xf0 ? 3 : code >= 0xe0 ? 2 : 1;
            code &= 0x3fu >> more;
            while (more--) {
                uint32_t low_bits = (uint8_t)*++path ^ 0x80u;
                if (low_bits >= 0x40)
                    return nullptr;
                code = code << 6 | low_bits;
            }
        }
        if (length >= LONG_NAME_UNITS)
            return nullptr;
        if (code >= 0x1'0000) {
            name->units[length++] = (uint16_t)(0xd800 - (0x1'0000 >> 10) + (code >> 10));
            code = 0xdc00 | (code & 0x3ff);
        }
        name->units[length++] = (uint16_t)to_upper(code);
    }
    name->units[length] = 0;
    name->length = length;
    return path;
}

// Blanks fill the two fields of a short name, and the dot between them is not stored; those of "." and ".." are.
static bool short_name_is(const struct directory_entry *entry, const struct name *name)
{
    const uint16_t *wanted = name->units;
    bool has_dot = false;
    for (uint32_t i = 0; i < sizeof entry->name; i++) {
        uint8_t character = entry->name[i];
        if (character == ' ')
            continue;
        if (i >= 8 && !has_dot) {
            has_dot = true;
            if (*wanted++ != '.')
                return false;
        }
        // Beyond ASCII it is in a code page that nobody tells; below the blank it is damaged.
        if (character - '!' >= 0x7f - '!' || *wanted++ != character)
            return false;
    }
    return *wanted == 0;
}

static bool long_part_is(const struct long_entry *entry, const struct name *name, uint32_t order)
{
    static const uint8_t unit_offsets[LONG_ENTRY_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    const uint16_t *wanted = name->units + (order - 1) * LONG_ENTRY_UNITS;
    for (uint32_t i = 0; i < LONG_ENTRY_UNITS; i++) {
        uint16_t unit;
        __builtin_memcpy(&unit, (const uint8_t *)entry + unit_offsets[i], sizeof unit);
        if (to_upper(unit) != *wanted)
            return false;
        if (*wanted++ == 0)
            break; // the rest is padding
    }
    return true;
}

static uint8_t short_name_checksum(const struct directory_entry *entry)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < sizeof entry->name; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + entry->name[i]);
    return (uint8_t)sum;
}

// FOUND points into the window.
static enum status directory_find(struct fat_file *directory, const struct name *name,
                                  const struct directory_entry **found, struct problem *problem)
{
    struct fat_volume *volume = directory->volume;
    uint32_t long_next = LONG_MISMATCH; // the part of the long name that has to come next; 0: all of it was there
    uint32_t long_checksum = 0;
    struct fat_run run;
    for (uint32_t sector = 0;; sector += run.sector_count) {
        if (directory->first_cluster == 0) {
            run = (struct fat_run){volume->root_lba + sector,
                                   minimum(volume->root_sectors - sector, volume->window_sectors)};
            if (run.sector_count == 0)
                break;
        } else {
            // The first cluster alone, because most directories end there: no look into the FAT, which shares the
            // window.
            uint32_t limit = minimum(volume->window_sectors, sector ? UINT32_MAX : 1u << volume->cluster_shift);
            enum status status = fat_extent(directory, sector, limit, &run, problem);
            if (status == STATUS_RANGE)
                break;
            if (status == STATUS_CORRUPT) {
                if (directory->cursor_cluster > volume->entry_mask - 8)
                    break;
                problem->format = "its directory breaks off after %llu bytes: cluster %llu";
            }
            if (status != STATUS_OK)
                return status;
        }
        const uint8_t *sectors = window_load(volume, run.lba, run.sector_count, run.sector_count);
        if (!sectors)
            return STATUS_IO;
        const struct directory_entry *entry = (const struct directory_entry *)sectors;
        const struct directory_entry *end = entry + run.sector_count * (FAT_SECTOR_BYTES / sizeof *entry);
        for (; entry < end; entry++) {
            if (entry->name[0] == NAME_END)
                goto not_found;
            uint32_t expected = long_next;
            long_next = LONG_MISMATCH;
            if (entry->name[0] == NAME_DELETED)
                continue;
            if ((entry->attributes & ATTRIBUTE_MASK) == ATTRIBUTE_LONG_NAME) {
                const struct long_entry *part = (const struct long_entry *)entry;
                uint32_t order = part->order;
                if (order & LONG_LAST) {
                    order -= LONG_LAST;
                    expected = (name->length + LONG_ENTRY_UNITS - 1) / LONG_ENTRY_UNITS;
                    long_checksum = part->checksum;
                }
                if (order == expected && part->checksum == long_checksum && long_part_is(part, name, order))
                    long_next = order - 1;
                continue;
            }
            if (entry->attributes & ATTRIBUTE_LABEL)
                continue;
            if ((expected == 0 && long_checksum == short_name_checksum(entry)) || short_name_is(entry, name)) {
                *found = entry;
                return STATUS_OK;
            }
        }
    }
not_found:
    (void)invalid(problem, "no such file in the volume", 0, 0);
    return STATUS_NOT_FOUND;
}

enum status fat_open(struct fat_volume *volume, const char *path, struct fat_file *file, struct problem *problem)
{
    bool is_directory = true;
    *file = (struct fat_file){volume, DIRECTORY_BYTES_MAX, volume->root_cluster, 0, volume->root_cluster};
    for (;;) {
        while (is_separator(*path))
            path++;
        if (!*path)
            break;
        if (!is_directory)
            return invalid(problem, "its path leads through a file", 0, 0);
        struct name name;
        const struct directory_entry *entry;
        path = name_decode(&name, path);
        if (!path)
            return invalid(problem, "a name in its path is too long or not UTF-8", 0, 0);
        enum status status = directory_find(file, &name, &entry, problem);
        if (status != STATUS_OK)
            return status;
        file->first_cluster = entry->cluster_low;
        if (volume->root_cluster) // FAT12 and FAT16 leave the upper half to others
            file->first_cluster |= (uint32_t)entry->cluster_high << 16;
        file->size_bytes = entry->size_bytes;
        is_directory = entry->attributes & ATTRIBUTE_DIRECTORY;
        if (is_directory) {
            file->size_bytes = DIRECTORY_BYTES_MAX;
            if (file->first_cluster == 0) // ".." of a directory in the root
                file->first_cluster = volume->root_cluster;
        }
        cursor_rewind(file);
    }
    if (is_directory)
        return invalid(problem, "a directory, not a file", 0, 0);
    if (file->size_bytes / FAT_SECTOR_BYTES >> volume->cluster_shift > volume->cluster_count) {
        (void)invalid(problem, "its %llu bytes are more than the volume has", file->size_bytes, 0);
        return STATUS_CORRUPT;
    }
    return STATUS_OK;
}
