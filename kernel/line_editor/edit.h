// SPDX-License-Identifier: MIT
// Changes of a line, each with what the screen has to be told. For the editor alone.
#pragma once
#include <line_editor/line_editor.h>

void edit_bell(struct line_editor *editor);

// Insert LENGTH bytes of TEXT at the cursor. False, with a bell: they do not fit, and nothing has changed.
bool edit_insert(struct line_editor *editor, const char *text, size_t length);

// Move the cursor to byte AT.
void edit_move(struct line_editor *editor, size_t at);

// Remove the bytes from START to END, where the cursor is one of the two; kept for Ctrl-Y with IS_KILLED.
void edit_remove(struct line_editor *editor, size_t start, size_t end, bool is_killed);

// Exchange the characters before and behind the cursor.
void edit_transpose(struct line_editor *editor);

// Show another line, the cursor behind its byte CURSOR.
void edit_replace(struct line_editor *editor, const char *line, size_t cursor);
