// SPDX-License-Identifier: MIT
// The lines that were typed before. For the editor alone.
#pragma once
#include <line_editor/line_editor.h>

// Keep the editor's line, unless it is blank or the same as the last one; the oldest ones make room.
void history_add(struct line_editor *editor);

// The line that is AGO lines old, the last one being 1; nullptr: none.
const char *history_line(const struct line_editor *editor, size_t ago);
