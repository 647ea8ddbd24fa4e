// SPDX-License-Identifier: MIT
// The machine-check architecture: banks in which the CPU records what broke (Intel SDM vol. 3, chapter 16). Called by
// the interrupt module and by whoever explains a machine check. Any context. Exported names start with machine_check_.
#pragma once
#include <stdint.h>

// Let errors arrive as #MC: without it, one resets the machine. Forgets what the banks held from before. Does nothing
// on a CPU that has no machine checks.
void machine_check_enable(void);

// 0 when the CPU has none.
unsigned machine_check_bank_count(void);

constexpr uint64_t MACHINE_CHECK_VALID = 1ull << 63; // of a bank's status
constexpr uint64_t MACHINE_CHECK_ADDRESS_VALID = 1ull << 58;

// The status register of BANK, below machine_check_bank_count(), and the address that belongs to it.
uint64_t machine_check_status(unsigned bank);
uint64_t machine_check_address(unsigned bank);
