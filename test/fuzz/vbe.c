// SPDX-License-Identifier: MIT
// Any `video=`, any memory map, any blocks of a video BIOS: a framebuffer that is taken keeps the promises of
// portable/vbe.h. An input is the text up to a zero byte, then the number of memory ranges (modulo 8) and those, then
// the information block, the EDID, and one block a mode; blocks that are missing or cut short are filled up with zeros.
#include <lib/panic.h>
#include <portable/vbe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t TEXT_BYTES = 32;
constexpr uint32_t RANGES_MOST = 8;
constexpr size_t INFO_BYTES = 18, MODE_BYTES = 62; // as much of the blocks as anybody reads

static const uint8_t *rest;
static size_t rest_bytes;

static void take(void *to, size_t size)
{
    memset(to, 0, size);
    if (size > rest_bytes)
        size = rest_bytes;
    memcpy(to, rest, size);
    rest += size;
    rest_bytes -= size;
}

// A block of its own at an odd address, so that ASan sees its end.
static uint8_t *take_block(size_t taken, size_t size)
{
    uint8_t *block = malloc(size + 1);
    ASSERT(block);
    memset(block, 0, size + 1);
    take(block + 1, taken);
    return block;
}

static void take_text(char text[static TEXT_BYTES])
{
    size_t length = 0;
    char character = 1;
    while (rest_bytes && (take(&character, 1), character))
        if (length < TEXT_BYTES - 1)
            text[length++] = character;
    text[length] = '\0';
}

static void take_map(struct memory_map *map)
{
    uint8_t count;
    take(&count, 1);
    map->count = count % RANGES_MOST;
    for (uint32_t i = 0; i < map->count; i++) {
        struct {
            uint64_t base;
            uint32_t length;
            uint8_t kind;
        } range;
        take(&range, 13);
        map->entries[i] = (struct boot_memory){range.base % MEMORY_MAP_ADDRESS_LIMIT, (uint64_t)range.length + 1,
                                               (enum boot_memory_kind)(range.kind % BOOT_MEMORY_MODULE + 1), 0};
    }
}

static void check_wish(const struct vbe_choice *choice, const char *text)
{
    if (choice->wish != VBE_WISH_SIZE) {
        ASSERT((choice->wish == VBE_WISH_TEXT) == !strcmp(text, "text"));
        ASSERT((choice->wish == VBE_WISH_BEST) == !strcmp(text, "best"));
        return;
    }
    char *end;
    ASSERT(text[strspn(text, "0123456789x")] == '\0');
    ASSERT(strtoul(text, &end, 10) == choice->width && *end == 'x');
    ASSERT(strtoul(end + 1, &end, 10) == choice->height && *end == '\0');
    ASSERT(choice->width > 0 && choice->width <= UINT16_MAX && choice->height > 0 && choice->height <= UINT16_MAX);
}

static uint32_t mask_of(uint32_t bits, uint32_t shift)
{
    ASSERT(bits > 0 && bits <= 16 && bits + shift <= 32);
    return (uint32_t)(((1ull << bits) - 1) << shift);
}

static void check_video(const struct vbe_choice *choice, const struct memory_map *map)
{
    const struct boot_video *video = &choice->video;
    if (choice->wish == VBE_WISH_SIZE)
        ASSERT(video->width == choice->width && video->height == choice->height);
    ASSERT(video->width > 0 && video->width <= choice->width && video->height > 0 && video->height <= choice->height);
    ASSERT(video->bits_per_pixel == 32 && video->pitch >= video->width * 4 && video->pitch % 4 == 0);
    uint64_t end = video->address + (uint64_t)video->pitch * video->height;
    ASSERT(video->address % 4 == 0 && video->address >= 0x10'0000 && end <= 0x1'0000'0000);
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_memory *entry = &map->entries[i];
        ASSERT(entry->kind == BOOT_MEMORY_RESERVED || entry->base >= end ||
               entry->base + entry->length <= video->address);
    }
    uint32_t red = mask_of(video->red_bits, video->red_shift);
    uint32_t green = mask_of(video->green_bits, video->green_shift);
    uint32_t blue = mask_of(video->blue_bits, video->blue_shift);
    ASSERT(!(red & green) && !(red & blue) && !(green & blue));
}

static void consider_all(struct vbe_choice *choice, const struct memory_map *map)
{
    for (uint16_t mode = 1; rest_bytes; mode++) {
        uint32_t area = choice->video.width * choice->video.height;
        uint8_t *block = take_block(MODE_BYTES, VBE_MODE_INFO_BYTES);
        bool is_done = vbe_consider(choice, mode, block + 1, map);
        free(block);
        ASSERT(choice->mode <= mode && choice->video.width * choice->video.height >= area);
        ASSERT(!is_done || (choice->mode == mode && choice->video.width == choice->width));
        ASSERT((choice->video.kind == BOOT_VIDEO_FRAMEBUFFER) == (choice->mode != 0));
        if (choice->mode == mode)
            check_video(choice, map);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rest = data;
    rest_bytes = size;
    char text[TEXT_BYTES];
    take_text(text);
    struct vbe_choice choice;
    bool is_wish = vbe_read_wish(&choice, text);
    ASSERT(is_wish == (choice.wish != VBE_WISH_UNKNOWN));
    check_wish(&choice, text);
    if (choice.wish != VBE_WISH_SIZE && choice.wish != VBE_WISH_BEST)
        return 0;

    static struct memory_map map;
    take_map(&map);
    uint8_t *block = take_block(INFO_BYTES, VBE_INFO_BYTES);
    uint32_t list = vbe_read_info(&choice, block + 1);
    free(block);
    ASSERT(list <= 0x10'ffef);
    block = take_block(VBE_EDID_BYTES, VBE_EDID_BYTES);
    if (choice.wish == VBE_WISH_BEST)
        vbe_fit_monitor(&choice, block + 1);
    free(block);
    ASSERT(choice.wish == VBE_WISH_SIZE ||
           (choice.width >= 640 && choice.width < 4096 && choice.height >= 480 && choice.height < 4096));
    consider_all(&choice, &map);
    return 0;
}
