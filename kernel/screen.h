// SPDX-License-Identifier: MIT
// From what the loader left of the video card to a console that shows the log. For main alone.
#pragma once
#include <boot/boot_info.h>
#include <log/log.h>

// Start the card that VIDEO speaks of, and show the log from LEVEL upwards on it. What VIDEO says of a framebuffer has
// passed boot_check(). HAS_HEAP: whether there is a heap. Without it, or when it has nothing left, there are no lines
// to look back at, and of a framebuffer the top left 80 x 48 characters. A framebuffer that cannot be mapped whole
// shows 25 rows. Where nothing can be mapped, or no card answers, there is no screen; a line in the log says of each
// what is missing. Before memory_init(), too, while the loader's map is in use. Once.
void screen_start(const struct boot_video *video, const char *command_line, bool has_heap, enum log_level level);
