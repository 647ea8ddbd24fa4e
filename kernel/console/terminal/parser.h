// SPDX-License-Identifier: MIT
// From bytes to characters and control functions: private to terminal.
#pragma once
#include <terminal/terminal.h>

// Values of terminal.state.
enum parser_state : uint8_t {
    PARSER_GROUND,
    PARSER_UTF8, // in the middle of a character
    PARSER_ESCAPE,
    PARSER_CONTROL_SEQUENCE_START, // nothing of it yet but CSI
    PARSER_CONTROL_SEQUENCE,
    PARSER_IGNORE, // a control sequence that cannot be one of ours, up to its end
    PARSER_STRING,
};

// Forget what has begun.
void parser_reset(struct terminal *terminal);

// Any byte, in any state.
void parser_feed(struct terminal *terminal, uint8_t byte);
