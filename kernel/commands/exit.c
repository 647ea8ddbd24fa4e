// SPDX-License-Identifier: MIT
// The command by which a script at the prompt ends its emulator with a verdict.
#include "../verdict.h"
#include <lib/command.h>

static const char *verdict_name(size_t index)
{
    static const char *const names[] = {"pass", "fail"};
    return index < sizeof names / sizeof *names ? names[index] : nullptr;
}

static enum status run_exit(struct command_call *call)
{
    verdict_end(call->arguments[0].text[0] == 'p', 0);
}

COMMAND(exit, .summary = "end the emulator with a verdict", .run = run_exit,
        .details = "QEMU wants -device isa-debug-exit,iobase=0xf4 and exits with 33 for pass, 35\n"
                   "for fail. A real machine stands still; \"poweroff\" is for those.\n",
        .parameters = {{"verdict", verdict_name, .kind = COMMAND_WORD}});
