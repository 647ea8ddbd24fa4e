// SPDX-License-Identifier: MIT
// Where a variable lies, when the pages it shares matter (kernel/kernel.ld). Pure; any context.
#pragma once

// In front of a definition: written by initialisation alone. The kernel takes the right to write to it away
// (memory_seal()); whoever does it afterwards gets a page fault. On the host and in stage 2 it stays writable.
#define READ_ONLY_AFTER_INIT [[gnu::section(".sealed")]]
