// SPDX-License-Identifier: MIT
// The reader behind portable/vbe.h, for stage 2 and the host tests. Called once a mode; must not know how the blocks
// were asked for.
#include <lib/string.h>
#include <portable/vbe.h>

// VBE Core Functions Standard 3.0, 4.3.
struct [[gnu::packed]] info_block {
    uint32_t signature;
    uint16_t version;
    uint8_t names_and_capabilities[8];
    uint16_t modes_offset, modes_segment;
};
constexpr uint32_t INFO_SIGNATURE = 0x4153'4556; // "VESA"
constexpr uint16_t VERSION_LINEAR = 0x0200;
constexpr uint16_t VERSION_LINEAR_FIELDS = 0x0300;

// 4.4.
struct colour {
    uint8_t bits, shift;
};
enum {
    RED,
    GREEN,
    BLUE,
    COLOUR_COUNT
};
struct pixel {
    struct colour colours[COLOUR_COUNT], unused;
};
struct [[gnu::packed]] mode_block {
    uint16_t attributes;
    uint8_t windows[14];
    uint16_t pitch;
    uint16_t width, height;
    uint8_t cell_and_planes[3];
    uint8_t bits_per_pixel;
    uint8_t banks;
    uint8_t memory_model;
    uint8_t bank_size_and_images[3];
    struct pixel pixel;
    uint8_t direct_colour_flags;
    uint32_t address;
    uint8_t reserved[6];
    uint16_t linear_pitch; // from here on VBE 3.0 and later only
    uint8_t image_counts[2];
    struct pixel linear_pixel;
};
static_assert(sizeof(struct mode_block) == 62);

constexpr uint16_t MODE_SUPPORTED = 1u << 0;
constexpr uint16_t MODE_GRAPHICS = 1u << 4;
constexpr uint16_t MODE_LINEAR = 1u << 7;
constexpr uint16_t MODE_WANTED = MODE_SUPPORTED | MODE_GRAPHICS | MODE_LINEAR;
constexpr uint8_t MODEL_DIRECT_COLOUR = 6;
constexpr uint32_t BITS_PER_PIXEL = 32;
constexpr uint32_t COLOUR_BITS_MOST = 16;
constexpr uint32_t LOW_MEMORY_END = 0x10'0000;

// A monitor that says nothing of itself is taken for one of these, which any of the last fifteen years can show; the
// card would offer more than that.
constexpr uint32_t BEST_WIDTH = 1920, BEST_HEIGHT = 1080;
constexpr uint32_t MONITOR_WIDTH_LEAST = 640, MONITOR_HEIGHT_LEAST = 480;

// VESA E-EDID Standard, release A, 3.1 (header) and 3.10.2 (detailed timing).
struct [[gnu::packed]] edid {
    uint32_t header[2];
    uint8_t description[46];
    struct {
        uint16_t pixel_clock; // 0: no timing, but a text
        uint8_t width_low, width_blank_low, width_high;
        uint8_t height_low, height_blank_low, height_high;
        uint8_t sync_and_size[9];
        uint8_t flags;
    } preferred; // the first of four
    uint8_t rest[56];
};
static_assert(sizeof(struct edid) == VBE_EDID_BYTES);
constexpr uint32_t EDID_HEADER_LOW = 0xffff'ff00, EDID_HEADER_HIGH = 0x00ff'ffff;
constexpr uint8_t EDID_INTERLACED = 1u << 7;

// Read digits, at most 16 bits. Returns what follows them, or nullptr when there is no such number, or zero.
static const char *read_number(const char *text, uint32_t *number)
{
    uint32_t value = 0;
    for (; *text >= '0' && *text <= '9' && value <= UINT16_MAX; text++)
        value = value * 10 + (uint32_t)(*text - '0');
    *number = value;
    return value - 1 < UINT16_MAX ? text : nullptr;
}

bool vbe_read_wish(struct vbe_choice *choice, const char *text)
{
    *choice = (struct vbe_choice){.wish = VBE_WISH_TEXT};
    if (strcmp(text, "text") == 0)
        return true;
    if (strcmp(text, "best") == 0) {
        choice->wish = VBE_WISH_BEST;
        choice->width = BEST_WIDTH;
        choice->height = BEST_HEIGHT;
        return true;
    }
    text = read_number(text, &choice->width);
    if (text && *text == 'x')
        text = read_number(text + 1, &choice->height);
    else
        text = nullptr;
    bool is_size = text && *text == '\0';
    choice->wish = is_size ? VBE_WISH_SIZE : VBE_WISH_UNKNOWN;
    return is_size;
}

uint32_t vbe_read_info(struct vbe_choice *choice, const void *block)
{
    const struct info_block *info = block;
    choice->version = info->version;
    if (info->signature != INFO_SIGNATURE || info->version < VERSION_LINEAR)
        return 0;
    return ((uint32_t)info->modes_segment << 4) + info->modes_offset;
}

void vbe_fit_monitor(struct vbe_choice *choice, const void *block)
{
    const struct edid *edid = block;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < VBE_EDID_BYTES; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)block)[i]);
    if (sum || edid->header[0] != EDID_HEADER_LOW || edid->header[1] != EDID_HEADER_HIGH ||
        !edid->preferred.pixel_clock || edid->preferred.flags & EDID_INTERLACED)
        return;
    uint32_t width = edid->preferred.width_low | (edid->preferred.width_high & 0xf0u) << 4;
    uint32_t height = edid->preferred.height_low | (edid->preferred.height_high & 0xf0u) << 4;
    if (width < MONITOR_WIDTH_LEAST || height < MONITOR_HEIGHT_LEAST)
        return;
    choice->width = width;
    choice->height = height;
}

// Whether three colours can lie so in 32 bits.
static bool is_possible(const struct pixel *pixel)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < COLOUR_COUNT; i++) {
        uint32_t bits = pixel->colours[i].bits, shift = pixel->colours[i].shift;
        if (bits - 1 >= COLOUR_BITS_MOST || shift > BITS_PER_PIXEL - bits)
            return false;
        uint32_t mask = ((1u << bits) - 1) << shift;
        if (taken & mask)
            return false;
        taken |= mask;
    }
    return true;
}

// Some BIOSes leave the fields empty. Nearly all cards have the colours in this order.
static const struct pixel *layout_of(const struct mode_block *info, bool has_linear_fields)
{
    static const struct pixel usual = {{{8, 16}, {8, 8}, {8, 0}}, {8, 24}};
    if (has_linear_fields && is_possible(&info->linear_pixel))
        return &info->linear_pixel;
    return is_possible(&info->pixel) ? &info->pixel : &usual;
}

// Whether MAP has anything but reserved areas, of which a framebuffer may be one, in BASE .. LAST.
static bool hits_memory(const struct memory_map *map, uint32_t base, uint32_t last)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_memory *entry = &map->entries[i];
        if (entry->kind != BOOT_MEMORY_RESERVED && entry->base <= last && base < entry->base + entry->length)
            return true;
    }
    return false;
}

bool vbe_consider(struct vbe_choice *choice, uint16_t mode, const void *block, const struct memory_map *map)
{
    const struct mode_block *info = block;
    uint32_t width = info->width, height = info->height;
    bool is_wanted_size = width == choice->width && height == choice->height;
    if (choice->wish == VBE_WISH_SIZE) {
        if (!is_wanted_size)
            return false;
    } else if (width > choice->width || height > choice->height ||
               width * height <= choice->video.width * choice->video.height) {
        return false;
    }
    if ((info->attributes & MODE_WANTED) != MODE_WANTED || info->bits_per_pixel != BITS_PER_PIXEL ||
        info->memory_model != MODEL_DIRECT_COLOUR)
        return false;

    bool has_linear_fields = choice->version >= VERSION_LINEAR_FIELDS;
    uint32_t pitch = has_linear_fields && info->linear_pitch ? info->linear_pitch : info->pitch;
    uint32_t address = info->address;
    if (pitch < width * (BITS_PER_PIXEL / 8) || (pitch | address) % (BITS_PER_PIXEL / 8) || address < LOW_MEMORY_END)
        return false;
    uint32_t last = pitch * height - 1; // both have 16 bits
    if (last > UINT32_MAX - address || hits_memory(map, address, address + last))
        return false;

    const struct pixel *pixel = layout_of(info, has_linear_fields);
    choice->mode = mode;
    choice->video = (struct boot_video){
        .kind = BOOT_VIDEO_FRAMEBUFFER,
        .width = width,
        .height = height,
        .pitch = pitch,
        .bits_per_pixel = BITS_PER_PIXEL,
        .red_shift = pixel->colours[RED].shift,
        .red_bits = pixel->colours[RED].bits,
        .green_shift = pixel->colours[GREEN].shift,
        .green_bits = pixel->colours[GREEN].bits,
        .blue_shift = pixel->colours[BLUE].shift,
        .blue_bits = pixel->colours[BLUE].bits,
        .address = address,
    };
    return is_wanted_size;
}
