// SPDX-License-Identifier: MIT
// From what the loader left of the video card to a console that shows the log. For main alone.
#pragma once
#include <boot/boot_info.h>
#include <log/log.h>

// Start the card that VIDEO speaks of, and show the log from LEVEL upwards on it. HAS_HEAP: whether there is memory for
// lines to look back at, and for a framebuffer. Whatever goes wrong is a line in the log, and there is no screen. Once.
void screen_start(const struct boot_video *video, const char *command_line, bool has_heap, enum log_level level);
