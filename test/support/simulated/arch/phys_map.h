// SPDX-License-Identifier: MIT
// Stands in for kernel/arch/include/arch/phys_map.h where a driver of the kernel is built for this machine: the test
// plays the device.
#pragma once
#include <lib/address.h>
#include <stddef.h>

volatile void *phys_map_device(phys_addr_t address, size_t size_bytes);
