// SPDX-License-Identifier: MIT
// The I/O APIC driver. Called by irq.c; must not know what a wire means.
#include "io_apic.h"
#include <lib/section.h>
#include <memory/device.h>

constexpr size_t REGISTER_SELECT = 0; // index of a 32-bit word
constexpr size_t REGISTER_WINDOW = 4;
constexpr size_t REGISTERS_SIZE = 0x20;
constexpr uint32_t ID = 0;
constexpr uint32_t VERSION = 1;
constexpr uint32_t VERSION_LAST_SHIFT = 16; // the highest line
constexpr uint32_t REDIRECTION = 0x10;      // two registers a line
constexpr uint32_t LINE_LIMIT = 240;        // of one controller (82093AA, 3.2.2)

constexpr uint32_t MASKED = 1 << 16;
constexpr uint32_t LEVEL = 1 << 15;
constexpr uint32_t LOW = 1 << 13;
constexpr uint32_t NMI = 4 << 8;
constexpr unsigned DESTINATION_SHIFT = 24; // of the upper register

struct io_apic {
    volatile uint32_t *registers;
    uint32_t gsi_base, line_count;
};

READ_ONLY_AFTER_INIT static struct {
    uint32_t count;
    struct io_apic list[ACPI_IO_APIC_LIMIT];
    uint8_t destination;
} io_apics;

static uint32_t read(const struct io_apic *io_apic, uint32_t index)
{
    io_apic->registers[REGISTER_SELECT] = index;
    return io_apic->registers[REGISTER_WINDOW];
}

static void write(const struct io_apic *io_apic, uint32_t index, uint32_t value)
{
    io_apic->registers[REGISTER_SELECT] = index;
    io_apic->registers[REGISTER_WINDOW] = value;
}

// Masked first: the two halves cannot be written at once.
static void write_line(const struct io_apic *io_apic, uint32_t line, uint32_t low_half)
{
    uint32_t index = REDIRECTION + 2 * line;
    write(io_apic, index, MASKED);
    write(io_apic, index + 1, (uint32_t)io_apics.destination << DESTINATION_SHIFT);
    write(io_apic, index, low_half);
}

static const struct io_apic *find(uint32_t gsi)
{
    for (uint32_t i = 0; i < io_apics.count; i++) {
        const struct io_apic *each = &io_apics.list[i];
        if (gsi >= each->gsi_base && gsi - each->gsi_base < each->line_count)
            return each;
    }
    return nullptr;
}

// In memory that a wrong table names, the window shows the same whatever is selected; nothing else is written there,
// and the one word gets its value back. An I/O APIC's identification has no bits where its version number is.
static bool open(struct io_apic *io_apic, const struct acpi_io_apic *named)
{
    io_apic->registers = device_map(named->address, REGISTERS_SIZE, PAGE_UNCACHED);
    if (io_apic->registers == nullptr)
        return false;
    uint32_t selected = io_apic->registers[REGISTER_SELECT];
    uint32_t version = read(io_apic, VERSION);
    io_apic->gsi_base = named->gsi_base;
    io_apic->line_count = (version >> VERSION_LAST_SHIFT & 0xff) + 1;
    bool is_real = (version & 0xff) != 0 && version != UINT32_MAX && io_apic->line_count <= LINE_LIMIT &&
                   read(io_apic, ID) != version;
    if (!is_real)
        io_apic->registers[REGISTER_SELECT] = selected;
    return is_real;
}

static void route_nmis(const struct acpi_madt *madt)
{
    for (uint32_t i = 0; i < madt->nmi_source_count; i++) {
        const struct acpi_nmi_source *source = &madt->nmi_sources[i];
        const struct io_apic *io_apic = find(source->gsi);
        if (io_apic == nullptr)
            continue;
        uint32_t polarity = source->polarity == ACPI_POLARITY_LOW ? LOW : 0;
        write_line(io_apic, source->gsi - io_apic->gsi_base, NMI | polarity); // always an edge (82093AA, 3.2.4)
    }
}

uint32_t io_apic_init(const struct acpi_madt *madt)
{
    uint32_t line_count = 0;
    io_apics.count = 0;
    for (uint32_t i = 0; i < madt->io_apic_count; i++) {
        struct io_apic *io_apic = &io_apics.list[io_apics.count];
        if (!open(io_apic, &madt->io_apics[i]))
            continue;
        for (uint32_t line = 0; line < io_apic->line_count; line++)
            write_line(io_apic, line, MASKED);
        line_count += io_apic->line_count;
        io_apics.count++;
    }
    return line_count;
}

void io_apic_route_all_to(const struct acpi_madt *madt, uint8_t destination)
{
    io_apics.destination = destination;
    route_nmis(madt);
}

bool io_apic_has(uint32_t gsi)
{
    return find(gsi) != nullptr;
}

void io_apic_route(uint32_t gsi, uint8_t vector, bool is_low, bool is_level)
{
    const struct io_apic *io_apic = find(gsi);
    write_line(io_apic, gsi - io_apic->gsi_base, MASKED | vector | (is_low ? LOW : 0) | (is_level ? LEVEL : 0));
}

struct io_apic_route io_apic_read_route(uint32_t gsi)
{
    const struct io_apic *io_apic = find(gsi);
    uint32_t pin = gsi - io_apic->gsi_base;
    uint32_t low_half = read(io_apic, REDIRECTION + 2 * pin);
    return (struct io_apic_route){
        .controller = (uint8_t)(io_apic - io_apics.list),
        .pin = (uint8_t)pin,
        .is_masked = (low_half & MASKED) != 0,
        .is_low = (low_half & LOW) != 0,
        .is_level = (low_half & LEVEL) != 0,
    };
}

void io_apic_set_mask(uint32_t gsi, bool is_masked)
{
    const struct io_apic *io_apic = find(gsi);
    uint32_t index = REDIRECTION + 2 * (gsi - io_apic->gsi_base);
    uint32_t low_half = read(io_apic, index);
    write(io_apic, index, is_masked ? low_half | MASKED : low_half & ~MASKED);
}
