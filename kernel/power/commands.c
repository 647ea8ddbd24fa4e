// SPDX-License-Identifier: MIT
// The commands that end the machine's run.
#include <lib/command.h>
#include <power/power.h>

static enum status run_poweroff(struct command_call *call)
{
    command_print(call, "switching the machine off\n");
    enum status status = power_off();
    return command_fail(call, status, "the machine cannot be switched off by software; \"log error\" says why");
}

COMMAND(poweroff, .summary = "switch the machine off", .run = run_poweroff,
        .details = "By ACPI; docs/power.md tells how. Nothing has to be saved first: the kernel\n"
                   "never writes to a disk.\n");

static enum status run_reboot(struct command_call *call)
{
    command_print(call, "beginning again from the firmware on\n");
    power_reset();
}

COMMAND(reboot, .summary = "reset the machine", .run = run_reboot,
        .details = "By ACPI's reset register, the keyboard controller, the chipset's reset control\n"
                   "or a triple fault, whichever works first.\n");
