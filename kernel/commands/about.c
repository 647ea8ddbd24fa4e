// SPDX-License-Identifier: MIT
// The command that says what this is.
#include <lib/command.h>

static enum status run_about(struct command_call *call)
{
    command_print(call, "\033[1mHewn %s\033[m, a small x86-64 kernel with a boot chain of its own, cut by hand.\n",
                  HEWN_VERSION);
    command_print(call, "From the reset vector to a shell, in C you can read: every step tested.\n\n");
    command_print(call, "built with  Clang %d.%d; %s; %s\n", __clang_major__, __clang_minor__,
                  HEWN_DEBUG_ASSERTS ? "every assertion on" : "without the costly assertions",
                  HEWN_SANITIZE ? "undefined behaviour panics" : "no check for undefined behaviour");
    command_print(call, "licence     MIT for the code, CC BY 4.0 for the pages, no warranty of any kind\n");
    command_print(call, "letters     from fonts with licences of their own: FONTS.TXT on this volume\n");
    command_print(call, "to read     README.md and docs/ of the sources; docs/reading-order.md\n");
    command_print(call, "to try      \"help\" lists the commands, \"help <command>\" explains one\n");
    return STATUS_OK;
}

COMMAND(about, .summary = "say what this is, and where to read on", .run = run_about);
