// SPDX-License-Identifier: MIT
// What a command says, on its way to whoever runs it. Called by commands; knows no shell.
#include <lib/command.h>
#include <lib/format.h>

static void write_piece(void *call_pointer, const char *text, size_t length)
{
    struct command_call *call = call_pointer;
    call->host->write(call, text, length);
}

void command_print(struct command_call *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_list(write_piece, call, format, arguments);
    va_end(arguments);
}

enum status command_fail(struct command_call *call, enum status status, const char *format, ...)
{
    command_print(call, "%s: ", call->command->name);
    va_list arguments;
    va_start(arguments, format);
    format_to_list(write_piece, call, format, arguments);
    va_end(arguments);
    command_print(call, "\n");
    return status;
}

bool command_goes_on(struct command_call *call)
{
    return call->host->goes_on(call);
}
