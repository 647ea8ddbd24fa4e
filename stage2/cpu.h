// SPDX-License-Identifier: MIT
// What Hewn needs of the CPU, and what it would like to have.
#pragma once
#include <stdint.h>

struct cpu_features {
    bool has_nx; // no-execute pages
    bool has_1g_pages;
    bool has_rdrand;
    bool has_hypervisor; // somebody virtualises this machine, so QEMU's configuration port is worth a look
};

// Stops with a sentence that names the first missing feature when this CPU cannot run a 64-bit kernel.
struct cpu_features cpu_check(void);
