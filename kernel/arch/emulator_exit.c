// SPDX-License-Identifier: MIT
// Owns the two emulator ports. Nothing behind them is assumed to exist: writing to a port that nobody decodes is
// harmless, so the ways out are tried in turn and the halt comes last.
#include <arch/cpu.h>
#include <arch/emulator_exit.h>
#include <arch/port.h>

constexpr uint16_t QEMU_DEBUG_EXIT_PORT = 0xf4;
constexpr uint8_t QEMU_EXIT_PASS = 0x10;
constexpr uint8_t QEMU_EXIT_FAIL = 0x11;
constexpr uint16_t BOCHS_SHUTDOWN_PORT = 0x8900; // unmapped.cc of Bochs: closes after this word, byte by byte

void emulator_exit(bool passed)
{
    port_write8(QEMU_DEBUG_EXIT_PORT, passed ? QEMU_EXIT_PASS : QEMU_EXIT_FAIL);
    for (const char *letter = "Shutdown"; *letter != '\0'; letter++)
        port_write8(BOCHS_SHUTDOWN_PORT, (uint8_t)*letter);
    cpu_halt_forever();
}
