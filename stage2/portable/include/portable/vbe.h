// SPDX-License-Identifier: MIT
// Graphics modes by the VESA BIOS extensions (VBE Core Functions Standard 3.0): which of a card's modes `video=` on the
// command line asks for. Reads what a BIOS wrote and believes none of it; makes no BIOS call, and has no say in what
// happens when there is no such mode. Exported names begin with vbe_. Pure; no locking.
#pragma once
#include <boot/boot_info.h>
#include <portable/memory_map.h>
#include <stdint.h>

constexpr uint32_t VBE_INFO_BYTES = 512; // what the BIOS fills in when it finds VBE_INFO_REQUEST there
constexpr uint32_t VBE_MODE_INFO_BYTES = 256;
constexpr uint32_t VBE_EDID_BYTES = 128;
constexpr uint32_t VBE_INFO_REQUEST = 0x3245'4256; // "VBE2"
constexpr uint16_t VBE_MODES_END = 0xffff;         // what a mode list ends with

enum vbe_wish : uint8_t {
    VBE_WISH_UNKNOWN,
    VBE_WISH_TEXT,
    VBE_WISH_SIZE, // of this size and no other
    VBE_WISH_BEST, // the largest that is not wider or higher
};

// A search: vbe_read_wish() begins it, vbe_consider() is shown one mode after the other.
struct vbe_choice {
    enum vbe_wish wish;
    uint16_t version; // of the BIOS's VBE, BCD
    uint16_t mode;    // the one to set, once video.kind says that there is one
    uint32_t width, height;
    struct boot_video video;
};

// Begin a search for what TEXT says: "text", "best" or, as "1024x768", a size of up to 65535 x 65535; the best is the
// largest within 1920 x 1080. False for anything else.
bool vbe_read_wish(struct vbe_choice *choice, const char *text);

// Take the version from an information block (VBE_INFO_BYTES, function 00h). Returns the physical address of the mode
// list, 16-bit numbers that end with VBE_MODES_END if all is well; 0 when this is no VBE 2.0 or later.
uint32_t vbe_read_info(struct vbe_choice *choice, const void *block);

// For VBE_WISH_BEST: what fits is what fits the monitor, by the preferred timing in its EDID (BLOCK, VBE_EDID_BYTES).
// An EDID that is damaged, interlaced or of less than 640 x 480 changes nothing.
void vbe_fit_monitor(struct vbe_choice *choice, const void *block);

// Take MODE (its number in the mode list) if it fits the wish better than what was found so far. BLOCK
// (VBE_MODE_INFO_BYTES, function 01h) must describe a linear framebuffer with 32 bits a pixel and direct colour, which
// lies above 1 MiB, ends below 4 GiB and hits nothing that MAP calls memory. Returns true when no other mode can be
// better.
bool vbe_consider(struct vbe_choice *choice, uint16_t mode, const void *block, const struct memory_map *map);
