// SPDX-License-Identifier: MIT
// Believing the boot protocol: main asks it once, before anything else looks at struct boot_info.
#pragma once
#include <boot/boot_info.h>

// Return what is wrong with INFO as a sentence without full stop, or nullptr. What passes has the layout of version 1,
// and tables whose entries have their size and whose length is sane. Reads nothing but the structure itself.
const char *boot_check(const struct boot_info *info);
