// SPDX-License-Identifier: MIT
// Colours: private to terminal.
#pragma once
#include <terminal/terminal.h>

constexpr struct terminal_pen RENDITION_DEFAULT = {.foreground = SURFACE_LIGHT_GREY, .background = SURFACE_BLACK};

// The pen has changed.
void rendition_apply(struct terminal *terminal);

// SGR, with the terminal's parameters.
void rendition_select(struct terminal *terminal);
