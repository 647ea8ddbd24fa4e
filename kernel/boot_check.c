// SPDX-License-Identifier: MIT
// Checks struct boot_info. The loader may be anybody's; a wrong one is told what it did wrong.
#include "boot_check.h"
#include <lib/address.h>
#include <stdckdint.h>

constexpr uint64_t LOW_HALF_END = 1ull << 47;
constexpr uint32_t MEMORY_COUNT_LIMIT = 65'536; // firmware gives tens
constexpr uint32_t MODULE_COUNT_LIMIT = 4096;

// Of a framebuffer. VBE's fields for pitch and height have 16 bits.
constexpr uint32_t PIXEL_BITS = 32;
constexpr uint32_t PITCH_LIMIT = 65'536, HEIGHT_LIMIT = 65'536;
constexpr uint32_t COLOUR_BITS_LIMIT = 16;

// Where the identity map can be: never page 0, never the kernel's half.
static bool is_mappable(uint64_t address)
{
    return address >= PAGE_SIZE && address < LOW_HALF_END;
}

static const char *check_header(const struct boot_info *info)
{
    uintptr_t address = (uintptr_t)info;
    if (address % alignof(struct boot_info) != 0 || !is_mappable(address))
        return "RDI does not hold an address of the identity map";
    if (info->magic != BOOT_INFO_MAGIC)
        return "its magic number is wrong";
    if (info->version == 0)
        return "its version is 0";
    if (info->size < sizeof *info)
        return "its size is less than version 1 of the protocol has";
    return nullptr;
}

static const char *check_tables(const struct boot_info *info)
{
    if (info->command_line != 0 && !is_mappable(info->command_line))
        return "its command line lies outside the identity map";
    if (info->memory_map == 0 || info->memory_count == 0)
        return "it has no memory map";
    if (!is_mappable(info->memory_map))
        return "its memory map lies outside the identity map";
    if (info->memory_count > MEMORY_COUNT_LIMIT || info->memory_entry_size < sizeof(struct boot_memory))
        return "its memory map has impossible dimensions";
    if (info->module_count > 0 && !is_mappable(info->modules))
        return "its module table lies outside the identity map";
    if (info->module_count > MODULE_COUNT_LIMIT ||
        (info->module_count > 0 && info->module_entry_size < sizeof(struct boot_module)))
        return "its module table has impossible dimensions";
    return nullptr;
}

// Whether a colour of BITS bits from SHIFT on fits a pixel beside those of TAKEN, to which it is added.
static bool has_room(uint8_t shift, uint8_t bits, uint32_t *taken)
{
    if (bits == 0 || bits > COLOUR_BITS_LIMIT || shift > PIXEL_BITS - bits)
        return false;
    uint32_t mask = ((1u << bits) - 1) << shift;
    bool is_free = (*taken & mask) == 0;
    *taken |= mask;
    return is_free;
}

static bool has_colours(const struct boot_video *video)
{
    uint32_t taken = 0;
    return has_room(video->red_shift, video->red_bits, &taken) &&
           has_room(video->green_shift, video->green_bits, &taken) &&
           has_room(video->blue_shift, video->blue_bits, &taken);
}

static const char *check_framebuffer(const struct boot_video *video)
{
    if (video->bits_per_pixel != PIXEL_BITS)
        return "its framebuffer has not 32 bits a pixel";
    if (video->width == 0 || video->height == 0 || video->height > HEIGHT_LIMIT || video->pitch > PITCH_LIMIT)
        return "its framebuffer has impossible dimensions";
    if (video->pitch % sizeof(uint32_t) != 0 || video->pitch / sizeof(uint32_t) < video->width)
        return "its framebuffer has rows that overlap, or end inside a pixel";
    if (!has_colours(video))
        return "its framebuffer has colours that cannot be";
    uint64_t end;
    if (video->address < PAGE_SIZE || ckd_add(&end, video->address, (uint64_t)video->pitch * video->height))
        return "its framebuffer lies where none can be";
    return nullptr;
}

// Text mode is the kernel's own, whatever the loader says of it. A later version may have other kinds.
static const char *check_video(const struct boot_info *info)
{
    if (info->video.kind == BOOT_VIDEO_FRAMEBUFFER)
        return check_framebuffer(&info->video);
    if (info->video.kind > BOOT_VIDEO_FRAMEBUFFER && info->version == BOOT_INFO_VERSION)
        return "its screen is of a kind that version 1 of the protocol does not have";
    return nullptr;
}

const char *boot_check(const struct boot_info *info)
{
    const char *problem = check_header(info);
    if (problem == nullptr)
        problem = check_tables(info);
    return problem != nullptr ? problem : check_video(info);
}

const struct boot_video *boot_check_framebuffer(const struct boot_info *info)
{
    if (check_header(info) != nullptr || info->video.kind != BOOT_VIDEO_FRAMEBUFFER)
        return nullptr;
    return check_framebuffer(&info->video) == nullptr ? &info->video : nullptr;
}
