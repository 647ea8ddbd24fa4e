// SPDX-License-Identifier: MIT
// The commands that the linker collected (lib/command.h), in alphabetical order. For the shell alone.
// command_table_init() first.
#pragma once
#include <lib/command.h>
#include <stddef.h>

// Again, it begins anew. Panics when the section is not what it should be: a foreign object in it, a gap, two commands
// of one name.
void command_table_init(void);

size_t command_table_count(void);
const struct command *command_table_at(size_t index);

// The name of the command at INDEX; nullptr behind the last one.
const char *command_table_name(size_t index);

// The command called NAME; nullptr when there is none.
const struct command *command_table_find(const char *name);
