// SPDX-License-Identifier: MIT
// Sets modes by the VESA BIOS extensions (VBE Core Functions Standard 3.0; VBE/DDC Standard 1.1 for the monitor);
// portable/vbe.h says which. Everything is loaded by now, so the BIOS writes its blocks where disk reads went: one that
// writes more than it should harms nobody there.
#include "video.h"
#include "console.h"
#include "disk.h"
#include "hardware.h"
#include <lib/command_line.h>
#include <portable/vbe.h>

constexpr uint32_t VBE_GET_INFO = 0x4f00;
constexpr uint32_t VBE_GET_MODE_INFO = 0x4f01;
constexpr uint32_t VBE_SET_MODE = 0x4f02;
constexpr uint32_t VBE_READ_EDID = 0x4f15;
constexpr uint32_t VBE_READ_EDID_BLOCK = 1;
constexpr uint16_t VBE_DONE = 0x004f; // AL: the function is there; AH: it worked
constexpr uint32_t MODE_LINEAR = 1u << 14;
// Numbers have 9 bits. Those above mean other things to VBE_SET_MODE, such as timings at ES:DI.
constexpr uint16_t MODE_NUMBER_LIMIT = 0x200;
constexpr uint32_t MODES_MOST = 256; // cards have some dozens; a list without an end is cut off here

// BIOS data area (IBM PS/2 BIOS Interface Technical Reference): the mode that was set last.
constexpr uint32_t BIOS_VIDEO_MODE = 0x449;
constexpr uint8_t MODE_TEXT_80X25 = 3;

constexpr uint32_t WISH_BYTES = 32;

static bool vbe_call(uint32_t function, uint32_t ebx, uint32_t ecx)
{
    struct bios_registers registers = {
        .eax = function, .ebx = ebx, .ecx = ecx, .es = (uint16_t)((uintptr_t)bounce_buffer >> 4)};
    bios_call(0x10, &registers);
    return (uint16_t)registers.eax == VBE_DONE;
}

// Copied before any other call: the list may lie in the block that VBE_GET_INFO filled, or where a later call writes.
static uint32_t copy_modes(uint32_t list, uint16_t modes[static MODES_MOST])
{
    uint32_t count = 0;
    for (; count < MODES_MOST; count++) {
        modes[count] = low_memory_read16(list + count * 2);
        if (modes[count] == VBE_MODES_END)
            break;
    }
    return count;
}

// Find the mode that CHOICE wants. Returns what is wrong, or null.
static const char *find_mode(struct vbe_choice *choice, const struct memory_map *map)
{
    static uint16_t modes[MODES_MOST];
    memory_clear(bounce_buffer, VBE_INFO_BYTES);
    *(uint32_t *)(void *)bounce_buffer = VBE_INFO_REQUEST;
    uint32_t list = vbe_call(VBE_GET_INFO, 0, 0) ? vbe_read_info(choice, bounce_buffer) : 0;
    if (!list)
        return "the BIOS has no VBE 2.0";
    uint32_t count = copy_modes(list, modes);
    if (choice->wish == VBE_WISH_BEST && vbe_call(VBE_READ_EDID, VBE_READ_EDID_BLOCK, 0))
        vbe_fit_monitor(choice, bounce_buffer);
    for (uint32_t i = 0; i < count; i++) {
        memory_clear(bounce_buffer, VBE_MODE_INFO_BYTES); // old BIOSes do not fill in all of it
        if (modes[i] < MODE_NUMBER_LIMIT && vbe_call(VBE_GET_MODE_INFO, 0, modes[i]) &&
            vbe_consider(choice, modes[i], bounce_buffer, map))
            break;
    }
    return choice->video.kind ? nullptr : "the BIOS has no such mode with 32 bits a pixel";
}

static const char *set_graphics(const char *wish, const struct memory_map *map, struct boot_video *video)
{
    struct vbe_choice choice;
    if (!vbe_read_wish(&choice, wish))
        return "neither text, best nor WIDTHxHEIGHT";
    if (choice.wish == VBE_WISH_TEXT)
        return nullptr;
    const char *problem = find_mode(&choice, map);
    if (problem)
        return problem;
    if (!vbe_call(VBE_SET_MODE, MODE_LINEAR | choice.mode, 0)) {
        console_set_text_mode(); // it may have been half-way
        return "the BIOS cannot set its own mode";
    }
    console_leave_screen();
    *video = choice.video;
    return nullptr;
}

static bool is_text(void)
{
    return (uint8_t)low_memory_read16(BIOS_VIDEO_MODE) == MODE_TEXT_80X25;
}

static void set_text(struct boot_video *video)
{
    if (!is_text())
        console_set_text_mode();
    if (is_text())
        *video =
            (struct boot_video){.kind = BOOT_VIDEO_TEXT, .width = 80, .height = 25, .pitch = 160, .address = 0xb'8000};
}

void video_start(const char *command_line, const struct memory_map *map, struct boot_video *video)
{
    char wish[WISH_BYTES] = "text";
    (void)command_line_find(command_line, "video", wish, sizeof wish);
    const char *problem = set_graphics(wish, map, video);
    if (problem)
        say("video=%s: %s; text it is\n", wish, problem);
    if (!video->kind)
        set_text(video);
}
