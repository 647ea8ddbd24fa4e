// SPDX-License-Identifier: MIT
// The kernel's command line: words separated by blanks (space, tab, end of line), each "key" or "key=value". Double
// quotes in a value are not part of it; between them blanks are, and one that is never closed reaches to the end of the
// line. The last word with a key wins. Bytes that are not ASCII pass through. Pure text; any context.
#pragma once
#include <stddef.h>

// Copy the value of KEY into VALUE of SIZE_BYTES, terminated and cut to fit. Returns whether KEY is there: a bare key
// has the empty value, and when the key is missing VALUE keeps what it held, such as a default. A null LINE has no
// keys. KEY holds neither blanks nor '='. Linear in the length of the line.
bool command_line_find(const char *line, const char *key, char *value, size_t size_bytes);
