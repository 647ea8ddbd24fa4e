// SPDX-License-Identifier: MIT
// Stands in for kernel/arch/include/arch/port.h where a driver of the kernel is built for this machine: the test plays
// the device.
#pragma once
#include <stdint.h>

uint8_t port_read8(uint16_t port);
uint16_t port_read16(uint16_t port);
void port_write8(uint16_t port, uint8_t value);
void port_write16(uint16_t port, uint16_t value);
void port_write32(uint16_t port, uint32_t value);
