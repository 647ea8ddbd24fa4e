// SPDX-License-Identifier: MIT
// INT 15h E820 (ACPI 6.5, 15.1) and its elders (Ralf Brown's list, INT 15h AX=E801h and AH=88h).
#include "firmware_memory.h"
#include "console.h"
#include "hardware.h"

constexpr uint32_t E820_SIGNATURE = 0x534d'4150; // "SMAP"
constexpr uint32_t E820_ENTRIES = 128;           // as many as Linux took: a BIOS that never ends is cut off here
constexpr uint32_t E801_KIB_BELOW_16_MIB = 15 * 1024;
constexpr uint32_t E820_USABLE = 1;
constexpr uint32_t E820_RESERVED = 2;
constexpr uint32_t BASE_MEMORY_KIB = 640;

// Linker-script symbols (stage2.ld).
extern const uint8_t loader_memory_end[];

struct e820_entry {
    uint64_t base;
    uint64_t length;
    uint32_t type;
    uint32_t attributes; // ACPI 3: bit 0 clear says "ignore this entry" on BIOSes that mean nothing by it; never read
};

static void add(struct memory_map *raw, uint64_t base, uint64_t length, uint32_t type)
{
    static_assert(E820_ENTRIES + 4 <= MEMORY_MAP_LIMIT,
                  "E820, a range above 16 MiB and one below, page 0, EBDA: all fit");
    (void)memory_map_add(raw, base, length, type);
}

static bool ask_e820(struct memory_map *raw)
{
    static struct e820_entry entry;
    uint32_t continuation = 0;
    bool has_usable = false;
    for (uint32_t i = 0; i < E820_ENTRIES; i++) {
        entry = (struct e820_entry){.attributes = 1};
        // EAX, ECX and EDX are set anew in each turn: BIOSes leave what they like in them.
        struct bios_registers registers = {.eax = 0xe820,
                                           .ebx = continuation,
                                           .ecx = sizeof entry,
                                           .edx = E820_SIGNATURE,
                                           .es = (uint16_t)((uintptr_t)&entry >> 4),
                                           .edi = (uintptr_t)&entry & 15};
        bios_call(0x15, &registers);
        if (registers.flags & FLAG_CARRY || registers.eax != E820_SIGNATURE)
            break;
        add(raw, entry.base, entry.length, entry.type);
        has_usable |= entry.type == E820_USABLE;
        continuation = registers.ebx;
        if (!continuation)
            break;
    }
    return has_usable;
}

// Sizes above 1 MiB, in KiB up to 16 MiB and in 64 KiB above; in AX and BX or, on other BIOSes, in CX and DX.
static bool ask_e801(struct memory_map *raw)
{
    struct bios_registers registers = {.eax = 0xe801};
    bios_call(0x15, &registers);
    if (registers.flags & FLAG_CARRY)
        return false;
    uint16_t kib = (uint16_t)registers.eax, blocks = (uint16_t)registers.ebx;
    if (!kib && !blocks) {
        kib = (uint16_t)registers.ecx;
        blocks = (uint16_t)registers.edx;
    }
    if (kib - 1u >= E801_KIB_BELOW_16_MIB) // nothing, or a BIOS that left AX as it was
        return false;
    add(raw, 0x10'0000, (uint64_t)kib << 10, E820_USABLE);
    add(raw, 0x100'0000, (uint64_t)blocks << 16, E820_USABLE);
    return true;
}

static bool ask_88h(struct memory_map *raw)
{
    struct bios_registers registers = {.eax = 0x8800};
    bios_call(0x15, &registers);
    uint16_t kib = (uint16_t)registers.eax;
    add(raw, 0x10'0000, (uint64_t)kib << 10, E820_USABLE);
    return !(registers.flags & FLAG_CARRY) && kib;
}

// INT 12h and the BIOS data area's word at 413h should agree; the smaller one is believed.
static uint32_t base_memory_kib(void)
{
    struct bios_registers registers = {};
    bios_call(0x12, &registers);
    uint16_t told = (uint16_t)registers.eax, stored = low_memory_read16(0x413);
    return told < stored ? told : stored;
}

static struct memory_map raw; // what the BIOS says, before it is sanitised

void firmware_memory_map(struct memory_map *map)
{
    uint32_t base_kib = base_memory_kib();
    if (base_kib > BASE_MEMORY_KIB)
        base_kib = BASE_MEMORY_KIB;
    if (base_kib << 10 < (uintptr_t)loader_memory_end)
        stop("the BIOS leaves %u KiB of base memory (INT 12h), stage 2 needs %u", base_kib,
             (uintptr_t)loader_memory_end >> 10);
    if (!ask_e820(&raw)) {
        raw.count = 0;
        if (!ask_e801(&raw) && !ask_88h(&raw))
            stop("the BIOS gives no usable memory map (INT 15h E820, E801 and 88h)");
        say("memory map: no usable E820, sizes from INT 15h E801 or 88h\n");
        add(&raw, 0, base_kib << 10, E820_USABLE);
    }
    add(&raw, 0, MEMORY_MAP_PAGE_SIZE, E820_RESERVED);
    // From there on an EBDA or an option ROM has its data, whatever E820 says.
    add(&raw, base_kib << 10, (BASE_MEMORY_KIB - base_kib) << 10, E820_RESERVED);
    if (memory_map_sanitise(&raw, map) != STATUS_OK)
        stop("the BIOS's memory map (%u entries) splits into more than %u ranges", raw.count, MEMORY_MAP_LIMIT);
    if (memory_map_claim(map, MEMORY_MAP_PAGE_SIZE, (uintptr_t)loader_memory_end - MEMORY_MAP_PAGE_SIZE,
                         BOOT_MEMORY_LOADER) != STATUS_OK)
        stop("the BIOS's memory map has stage 2's own memory (up to %u KiB) as not usable",
             (uintptr_t)loader_memory_end >> 10);
}
