// SPDX-License-Identifier: MIT
// QEMU's firmware configuration device: how a test or `scripts/run --cmdline` hands a command line to an image that is
// the same for all.
#pragma once
#include <stdint.h>

// Read the file opt/hewn/cmdline into BUFFER, NUL-terminated. False when there is no such device or file. Stops when it
// does not fit SIZE_BYTES. Call only where CPUID says that a hypervisor is there: the ports are somebody's elsewhere.
bool fw_cfg_command_line(char *buffer, uint32_t size_bytes);
