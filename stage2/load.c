// SPDX-License-Identifier: MIT
// Reads only what is needed: the ELF headers, then each segment's bytes straight to its place.
#include "load.h"
#include "console.h"
#include "hardware.h"
#include "volume.h"

constexpr uint32_t PAGE_BYTES = MEMORY_MAP_PAGE_SIZE;
constexpr uint32_t KERNEL_ALIGNMENT = 0x20'0000; // so that 2 MiB pages can map it
constexpr uint32_t LOAD_MINIMUM = 0x10'0000;     // below 1 MiB lives what the BIOS and stage 2 need
constexpr uint64_t LOAD_LIMIT = 0x1'0000'0000;   // stage 2's pointers end here
constexpr uint32_t NOTES_LIMIT = 1024;           // notes beyond that are none of ours

static uint32_t page_up(uint32_t size)
{
    return (size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

[[noreturn]] static void stop_without_room(const char *path, uint32_t size, const struct memory_map *map)
{
    stop("%s: needs %u KiB of memory in one piece; of the %llu KiB that are free none is large enough or where it must "
         "be",
         path, size >> 10, memory_map_usable_bytes(map) >> 10);
}

static void open_file(const char *path, struct fat_file *file)
{
    struct problem problem;
    if (!volume_find(path, file, &problem))
        stop_for(path, &problem);
    if (!file->size_bytes)
        stop("%s: the file is empty. Copy it to the volume again", path);
}

static void read_image(const char *path, struct fat_file *file, struct loaded_kernel *kernel)
{
    static uint8_t headers[PAGE_BYTES]; // the file's beginning, which nearly always holds the program headers too
    struct problem problem;
    struct elf64_header header;
    uint32_t size = file->size_bytes;
    uint32_t length = size < sizeof headers ? size : sizeof headers;
    volume_read(path, file, 0, length, headers);
    if (elf64_parse_header(headers, length, size, &header, &problem) != STATUS_OK)
        stop_for(path, &problem);

    uint8_t *table = headers + header.table_offset;
    if (header.table_offset + header.table_size > length) {
        table = headers;
        volume_read(path, file, header.table_offset, header.table_size, table);
    }
    if (elf64_parse_segments(&header, table, size, &kernel->image, &problem) != STATUS_OK ||
        kernel_layout_choose(&kernel->image, &kernel->layout, &problem) != STATUS_OK)
        stop_for(path, &problem);

    uint32_t note_size = kernel->image.note_size;
    if (note_size > NOTES_LIMIT)
        note_size = NOTES_LIMIT;
    volume_read(path, file, kernel->image.note_offset, note_size, headers);
    kernel->has_checksum = kernel_find_checksum_note(headers, note_size, &kernel->checksum);
    if (!kernel->has_checksum)
        say("%s: no checksum note, so it is not verified\n", path);
}

uint32_t load_segment_address(const struct loaded_kernel *kernel, const struct elf64_segment *segment)
{
    return kernel->phys_base + (uint32_t)(segment->virtual_address - kernel->layout.virt_base);
}

static void claim_memory(const char *path, struct memory_map *map, struct loaded_kernel *kernel)
{
    const struct kernel_layout *layout = &kernel->layout;
    if (layout->placement == KERNEL_BLOCK) {
        uint64_t base;
        if (memory_map_allocate(map, layout->size, KERNEL_ALIGNMENT, LOAD_MINIMUM, LOAD_LIMIT, BOOT_MEMORY_KERNEL,
                                &base) != STATUS_OK)
            stop_without_room(path, layout->size, map);
        kernel->phys_base = (uint32_t)base;
        return;
    }
    kernel->phys_base = (uint32_t)layout->virt_base;
    for (uint32_t i = 0; i < kernel->image.segment_count; i++) {
        const struct elf64_segment *segment = &kernel->image.segments[i];
        if (memory_map_claim(map, segment->virtual_address, segment->memory_size, BOOT_MEMORY_KERNEL) != STATUS_OK)
            stop("%s: segment %u wants %llx..%llx, which is not free memory here", path, segment->number,
                 segment->virtual_address, segment->virtual_address + segment->memory_size - 1);
    }
}

void load_kernel(const char *path, struct memory_map *map, struct loaded_kernel *kernel)
{
    struct fat_file file;
    open_file(path, &file);
    read_image(path, &file, kernel);
    claim_memory(path, map, kernel);
    for (uint32_t i = 0; i < kernel->image.segment_count; i++) {
        const struct elf64_segment *segment = &kernel->image.segments[i];
        uint32_t address = load_segment_address(kernel, segment);
        uint32_t before = address % PAGE_BYTES; // the rest of the segment's first and last page is its own too
        uint32_t end = page_up(address + (uint32_t)segment->memory_size);
        memory_clear((void *)(address - before), before);
        volume_read(path, &file, segment->file_offset, segment->file_size, (void *)address);
        if (!HEWN_BREAK_UNZEROED_BSS)
            memory_clear((void *)(address + segment->file_size), end - address - segment->file_size);
    }
}

void load_module(const char *path, struct memory_map *map, struct boot_module *module)
{
    struct fat_file file;
    open_file(path, &file);
    uint32_t size = file.size_bytes;
    uint64_t base;
    if (size > UINT32_MAX - PAGE_BYTES || memory_map_allocate(map, page_up(size), PAGE_BYTES, LOAD_MINIMUM, LOAD_LIMIT,
                                                              BOOT_MEMORY_MODULE, &base) != STATUS_OK)
        stop_without_room(path, size, map);
    volume_read(path, &file, 0, size, (void *)(uint32_t)base);
    memory_clear((void *)((uint32_t)base + size), page_up(size) - size);
    *module = (struct boot_module){(uintptr_t)path, base, size};
}
