// SPDX-License-Identifier: MIT
// Registers in memory, I/O and PCI configuration space behind one read and one write. Called by off.c and reset.c; must
// not know what is in a register.
#include "register.h"
#include <arch/port.h>
#include <memory/device.h>

// Configuration mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2).
constexpr uint16_t PCI_ADDRESS = 0xcf8;
constexpr uint16_t PCI_DATA = 0xcfc;
constexpr uint32_t PCI_ENABLE = 1u << 31;
constexpr uint32_t PCI_ALIGNMENT = 4;

// The page register of no DMA channel; POST codes are written there, and a read changes nothing.
constexpr uint16_t PORT_UNUSED = 0x80;

static uint32_t pci_address(uint64_t address)
{
    uint32_t device = address >> 32 & 0xff, function = address >> 16 & 0xff, offset = address & 0xff;
    return PCI_ENABLE | device << 11 | function << 8 | offset;
}

enum status power_register_open(struct power_register *reg, const struct acpi_register *from, uint8_t size_bytes)
{
    *reg = (struct power_register){};
    if (from->address == 0)
        return STATUS_NOT_FOUND;
    struct power_register found = {.space = from->space, .size_bytes = size_bytes};
    switch (from->space) {
    case ACPI_SPACE_MEMORY:
        found.memory = device_map((phys_addr_t){from->address}, size_bytes, PAGE_UNCACHED);
        if (found.memory == nullptr)
            return STATUS_UNSUPPORTED;
        break;
    case ACPI_SPACE_IO:
        found.address = (uint32_t)from->address;
        break;
    case ACPI_SPACE_PCI:
        found.address = pci_address(from->address);
        break;
    }
    *reg = found;
    return STATUS_OK;
}

// The port through which a register of I/O or PCI configuration space is reached now.
static uint16_t port_of(const struct power_register *reg)
{
    if (reg->space == ACPI_SPACE_IO)
        return (uint16_t)reg->address;
    uint32_t within = reg->address % PCI_ALIGNMENT;
    port_write32(PCI_ADDRESS, reg->address - within);
    return (uint16_t)(PCI_DATA + within);
}

uint16_t power_register_read(const struct power_register *reg)
{
    if (reg->space == ACPI_SPACE_MEMORY)
        return reg->size_bytes == 1 ? *(volatile uint8_t *)reg->memory : *(volatile uint16_t *)reg->memory;
    uint16_t port = port_of(reg);
    return reg->size_bytes == 1 ? port_read8(port) : port_read16(port);
}

void power_register_write(const struct power_register *reg, uint16_t value)
{
    if (reg->space == ACPI_SPACE_MEMORY) {
        if (reg->size_bytes == 1)
            *(volatile uint8_t *)reg->memory = (uint8_t)value;
        else
            *(volatile uint16_t *)reg->memory = value;
        return;
    }
    uint16_t port = port_of(reg);
    if (reg->size_bytes == 1)
        port_write8(port, (uint8_t)value);
    else
        port_write16(port, value);
}

void power_wait_look(void)
{
    (void)port_read8(PORT_UNUSED);
}

void power_wait_ms(unsigned count)
{
    for (unsigned i = 0; i < count * POWER_LOOKS_PER_MS; i++)
        power_wait_look();
}
