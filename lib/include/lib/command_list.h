// SPDX-License-Identifier: MIT
// Lists in a command's text: items behind a title that go on below the first one where a row of 80 columns ends. Called
// by commands (lib/command.h). Exported names start with command_list_.
//
//   struct command_list list = command_list_begin(call, 8, "CR0");
//   command_list_add(&list, "PE protected mode");
//   command_list_end(&list, "nothing");
#pragma once
#include <lib/command.h>

struct command_list {
    struct command_call *call;
    unsigned indent, column;
    bool is_empty;
};

// Say TITLE, filled up with blanks to INDENT columns, where the items begin.
struct command_list command_list_begin(struct command_call *call, unsigned indent, const char *title);

// Say an item, plain ASCII, in one row, by FORMAT (lib/format.h).
__attribute__((format(printf, 2, 3))) void command_list_add(struct command_list *list, const char *format, ...);

// End the line. NONE is said of a list that has got no item.
void command_list_end(struct command_list *list, const char *none);

// A bit of a register, by the words for it when it is set.
struct command_bit {
    uint8_t number;
    const char *text;
};

// Add an item for each bit of VALUE that is set: what BITS, COUNT of them, say of it, or "bit n".
void command_list_add_bits(struct command_list *list, uint64_t value, const struct command_bit *bits, size_t count);
