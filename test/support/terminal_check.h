// SPDX-License-Identifier: MIT
// What must hold of a terminal between two calls, whatever it was fed with.
#pragma once
#include <support/mirror_surface.h>
#include <terminal/terminal.h>

// nullptr, or a sentence, valid until the next call. The terminal draws on MIRROR.
const char *terminal_check(const struct terminal *terminal, const struct mirror_surface *mirror);
