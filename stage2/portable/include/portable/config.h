// SPDX-License-Identifier: MIT
// HEWN.CFG: what to boot. Lines of `key = value`; blanks round key and value are cut off, lines end in LF or CR LF, a
// line that begins with '#' is a comment, and a UTF-8 byte-order mark is skipped. Keys, in lower case:
//   kernel    path of the kernel on the volume; KERNEL.ELF where the key is missing
//   cmdline   the kernel's command line: all of the value, '#' and '=' too; empty where the key is missing
//   module    path of a file to load beside the kernel; may be repeated
// Pure text: knows neither files nor paths. Exported names begin with config_. No locking.
#pragma once
#include <lib/problem.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

constexpr uint32_t CONFIG_MODULES_MAX = 16;

// The strings lie in the text that was parsed, or are constants.
struct config {
    const char *kernel;
    const char *command_line;
    uint32_t module_count;
    const char *modules[CONFIG_MODULES_MAX];
};

// Told of each key that nobody knows, which is no error; KEY is valid during the call only.
typedef void config_unknown_fn(void *context, uint32_t line_number, const char *key);

// Parse TEXT of SIZE_BYTES in place; one byte more must be writable behind it. A size of 0 gives the defaults.
// STATUS_INVALID: malformed; the problem names the line, and CONFIG is not to be used.
enum status config_parse(char *text, size_t size_bytes, struct config *config, config_unknown_fn *unknown,
                         void *context, struct problem *problem);
