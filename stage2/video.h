// SPDX-License-Identifier: MIT
// The screen that the kernel gets: text, or the framebuffer that `video=` on the command line asks for.
#pragma once
#include <boot/boot_info.h>
#include <portable/memory_map.h>

// Set the mode that COMMAND_LINE asks for and describe it in VIDEO, which is zero. What does not work out costs a
// sentence and ends in text; where the BIOS has no mode 3 either, VIDEO stays zero. Without video=, or with video=text,
// the BIOS is asked for nothing unless it has left another mode than 3. Once a framebuffer is there, the screen is not
// for say() any more. Loses what is in bounce_buffer.
void video_start(const char *command_line, const struct memory_map *map, struct boot_video *video);
