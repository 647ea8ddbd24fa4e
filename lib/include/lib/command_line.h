// SPDX-License-Identifier: MIT
// The kernel's command line: words separated by blanks (space, tab, end of line), each "key" or "key=value". Double
// quotes in a value are not part of it; between them blanks are, and one that is never closed reaches to the end of the
// line. The last word with a key wins. Bytes that are not ASCII pass through. Pure text; any context.
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

// Copy the value of KEY into VALUE of SIZE_BYTES, terminated and cut to fit. Returns whether KEY is there: a bare key
// has the empty value, and when the key is missing VALUE keeps what it held, such as a default. A null LINE has no
// keys. KEY holds neither blanks nor '='. Linear in the length of the line.
bool command_line_find(const char *line, const char *key, char *value, size_t size_bytes);

// Read the value of KEY as a decimal number. STATUS_NOT_FOUND when the key is missing, STATUS_INVALID when its value is
// anything but digits, more than 64 bits or more than 22 digits; NUMBER then keeps what it held.
enum status command_line_find_number(const char *line, const char *key, uint64_t *number);
