// SPDX-License-Identifier: MIT
// The section .commands as a sorted array. Called by the shell; knows no command by name.
#include "table.h"
#include <lib/panic.h>
#include <lib/string.h>

constexpr size_t TABLE_LIMIT = 128;

extern const struct command commands_start[]; // kernel.ld
extern const struct command commands_end[];

static const struct command *sorted[TABLE_LIMIT];
static size_t count;

static void check_section(void)
{
    size_t size_bytes = (uintptr_t)commands_end - (uintptr_t)commands_start;
    if ((uintptr_t)commands_start % COMMAND_ENTRY_SIZE != 0 || size_bytes % COMMAND_ENTRY_SIZE != 0)
        panic("the section .commands begins at %p and has %zu bytes: no array of entries of %zu bytes",
              (const void *)commands_start, size_bytes, COMMAND_ENTRY_SIZE);
    if (size_bytes / COMMAND_ENTRY_SIZE > TABLE_LIMIT)
        panic("there are %zu commands and room for %zu in the shell", size_bytes / COMMAND_ENTRY_SIZE, TABLE_LIMIT);
}

static void insert(const struct command *command)
{
    if (command->name == nullptr || command->summary == nullptr || command->run == nullptr)
        panic("an entry of the section .commands, at %p, is no command", (const void *)command);
    size_t place = count++;
    for (; place > 0 && strcmp(sorted[place - 1]->name, command->name) > 0; place--)
        sorted[place] = sorted[place - 1];
    if (place > 0 && strcmp(sorted[place - 1]->name, command->name) == 0)
        panic("two commands are called %s", command->name);
    sorted[place] = command;
}

void command_table_init(void)
{
    check_section();
    for (const struct command *command = commands_start; command != commands_end; command++)
        insert(command);
}

size_t command_table_count(void)
{
    return count;
}

const struct command *command_table_at(size_t index)
{
    ASSERT(index < count);
    return sorted[index];
}

const char *command_table_name(size_t index)
{
    return index < count ? sorted[index]->name : nullptr;
}

const struct command *command_table_find(const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sorted[i]->name, name) == 0)
            return sorted[i];
    }
    return nullptr;
}
