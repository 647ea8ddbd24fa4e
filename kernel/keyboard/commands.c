// SPDX-License-Identifier: MIT
// The command that shows and sets the layout.
#include <keyboard/keyboard.h>
#include <lib/command.h>
#include <lib/string.h>

static enum status run_layout(struct command_call *call)
{
    if (call->argument_count == 1)
        return keyboard_set_layout(call->arguments[0].text);
    const char *name;
    for (size_t i = 0; (name = scancode_layout_name(i)) != nullptr; i++)
        command_print(call, "%c %s\n", strcmp(name, keyboard_layout()) == 0 ? '*' : ' ', name);
    if (!keyboard_is_present())
        command_print(call, "no keyboard was found\n");
    return STATUS_OK;
}

COMMAND(layout, .summary = "show or set the layout of the keyboard", .run = run_layout,
        .details = "From the next key on. keyboard= on the command line chooses the first one.\n",
        .parameters = {{"name", scancode_layout_name, .kind = COMMAND_WORD, .is_optional = true}});
