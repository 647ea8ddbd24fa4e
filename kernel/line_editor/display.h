// SPDX-License-Identifier: MIT
// How a line is shown. For the editor alone. Each function ends with the terminal's cursor where the editor's is.
#pragma once
#include <line_editor/line_editor.h>

// The cursor is in the first column of a row of its own: draw prompt and line.
void display_begin(struct line_editor *editor);

// The line has changed from byte FROM on, which is not behind the cursor.
void display_update(struct line_editor *editor, size_t from);

// The cursor has moved.
void display_move(struct line_editor *editor);

// Prompt or everything has changed.
void display_redraw(struct line_editor *editor);

// The same on a screen that is cleared.
void display_clear_screen(struct line_editor *editor);

// Go behind the last character, say TEXT there, and begin a row below.
void display_leave(struct line_editor *editor, const char *text);

// Say TEXT where the cursor is; what it shows is the caller's business.
void display_say(struct line_editor *editor, const char *text, size_t length);

// Hand on what has been said.
void display_flush(struct line_editor *editor);
