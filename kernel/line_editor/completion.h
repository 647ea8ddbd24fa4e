// SPDX-License-Identifier: MIT
// What Tab does. For the editor alone.
#pragma once
#include <line_editor/line_editor.h>

// Complete the word before the cursor as far as it is certain. Where nothing is, and IS_SECOND, list what there is.
void completion_run(struct line_editor *editor, bool is_second);
