// SPDX-License-Identifier: MIT
// Believing the boot protocol: main asks it once, before anything else looks at struct boot_info.
#pragma once
#include <boot/boot_info.h>

// Return what is wrong with INFO as a sentence without full stop, or nullptr. What passes has the layout of version 1,
// tables whose entries have their size and whose length is sane, and a framebuffer, if any, whose pixels are possible.
// Reads nothing but the structure itself.
const char *boot_check(const struct boot_info *info);

// The framebuffer that INFO speaks of, if it can be believed whatever else is wrong; otherwise nullptr.
const struct boot_video *boot_check_framebuffer(const struct boot_info *info);
