// SPDX-License-Identifier: MIT
// Incremental search in the history. For the editor alone.
#pragma once
#include <line_editor/line_editor.h>

// Begin: the line that is being typed is kept aside.
void search_start(struct line_editor *editor);

// Take a key of the search. False: the search is over, the line it has found is the editor's, and KEY is to be done.
[[nodiscard]] bool search_take(struct line_editor *editor, struct typed_key key);
