// SPDX-License-Identifier: MIT
// The boot protocol, version 1: all that a kernel gets from whoever loaded it. docs/boot-protocol.md has the machine
// state at entry. Written by stage 2, read by the kernel (RDI holds its address); any other front door fills the same
// structure. i386 aligns uint64_t to 4 bytes, x86-64 to 8: reserved fields keep every uint64_t on its natural boundary
// in both.
//
// Rules: zero means absent; every address is physical and, but for a framebuffer's, inside the identity map; fields are
// only appended, and a reader looks at `size` before it uses a field that a later version added. Memory that this
// structure points to is BOOT_MEMORY_LOADER: the kernel's to reuse once it has copied what it wants.
#pragma once
#include <stdint.h>

constexpr uint64_t BOOT_INFO_MAGIC = 0x544f'4f42'4e57'4548; // "HEWNBOOT" in memory
constexpr uint32_t BOOT_INFO_VERSION = 1;

enum boot_memory_kind : uint32_t {
    BOOT_MEMORY_USABLE = 1,
    BOOT_MEMORY_RESERVED = 2,    // firmware, devices, and every kind that the firmware names and nobody knows
    BOOT_MEMORY_ACPI_TABLES = 3, // usable once the kernel has read the tables
    BOOT_MEMORY_ACPI_NVS = 4,
    BOOT_MEMORY_BAD = 5,
    BOOT_MEMORY_LOADER = 6, // page tables, this structure, the boot stack: usable once they are replaced
    BOOT_MEMORY_KERNEL = 7, // the kernel's loaded segments
    BOOT_MEMORY_MODULE = 8,
};

// Sorted by base, without overlaps; USABLE, LOADER, KERNEL and MODULE entries start and end on 4 KiB boundaries.
struct boot_memory {
    uint64_t base;
    uint64_t length; // bytes, never 0
    enum boot_memory_kind kind;
    uint32_t reserved;
};

struct boot_module {
    uint64_t name; // its path in HEWN.CFG, NUL-terminated UTF-8
    uint64_t base; // page-aligned; the rest of its last page is zero
    uint64_t size; // bytes, as the file has
};

enum boot_video_kind : uint32_t {
    BOOT_VIDEO_NONE = 0,
    BOOT_VIDEO_TEXT = 1, // width and height in characters, address of the cells, 2 bytes each
    BOOT_VIDEO_FRAMEBUFFER = 2,
};

struct boot_video {
    enum boot_video_kind kind;
    uint32_t width, height;
    uint32_t pitch; // bytes from one row to the next
    uint32_t bits_per_pixel;
    uint8_t red_shift, red_bits, green_shift, green_bits, blue_shift, blue_bits;
    uint8_t reserved[6];
    uint64_t address;
};

// Time-stamp counter at these points of the boot; 0 where the point was not passed (no CPUID yet, other loader).
enum boot_stamp {
    BOOT_STAMP_BOOT_SECTOR,   // its first instructions
    BOOT_STAMP_STAGE2,        // stage 2 read and verified
    BOOT_STAMP_MACHINE_READY, // CPU checked, A20 open, memory map made
    BOOT_STAMP_VOLUME_READY,  // FAT volume mounted, HEWN.CFG read
    BOOT_STAMP_KERNEL_LOADED,
    BOOT_STAMP_MODULES_LOADED,
    BOOT_STAMP_HANDOVER, // page tables made, kernel verified: the jump
    BOOT_STAMP_COUNT
};

enum boot_flags : uint32_t {
    BOOT_FLAG_KERNEL_VERIFIED = 1u << 0,   // the kernel's checksum note was there and right
    BOOT_FLAG_ENTROPY_HARDWARE = 1u << 1,  // entropy comes from RDRAND; otherwise from clocks alone, so guessable
    BOOT_FLAG_COMMAND_LINE_QEMU = 1u << 2, // command line from QEMU's fw_cfg, not from HEWN.CFG
};

struct boot_info {
    uint64_t magic;
    uint32_t version;
    uint32_t size; // bytes of this structure as the loader knows it
    uint32_t flags;
    uint32_t boot_drive; // BIOS drive number
    uint64_t volume_lba; // first sector of the FAT volume on the boot drive

    uint64_t command_line; // NUL-terminated UTF-8

    uint64_t memory_map; // struct boot_memory[memory_count]
    uint32_t memory_count;
    uint32_t memory_entry_size;

    uint64_t kernel_phys_base; // where the kernel's lowest page was put, 2 MiB-aligned; 0: segments are at phys = virt
    uint64_t kernel_virt_base; // the virtual address of that page
    uint64_t kernel_size;      // bytes from there to the end of the last segment

    uint64_t modules; // struct boot_module[module_count]
    uint32_t module_count;
    uint32_t module_entry_size;

    struct boot_video video;

    uint64_t rsdp;      // ACPI root pointer
    uint32_t uart_port; // I/O port of a 16550 that answered
    uint32_t reserved;

    uint64_t entropy[4];

    uint64_t tsc[BOOT_STAMP_COUNT];
    uint64_t tsc_in_firmware; // TSC ticks spent inside INT 13h since BOOT_STAMP_STAGE2
};
static_assert(sizeof(struct boot_memory) == 24);
static_assert(sizeof(struct boot_module) == 24);
static_assert(sizeof(struct boot_video) == 40);
static_assert(sizeof(struct boot_info) == 248, "the layout is a contract: append, never move");

// The ELF note that lets stage 2 verify a kernel: owner "Hewn", type 1, this descriptor. The build fills it in. It
// covers the file bytes of every PT_LOAD in program-header order, each zero-extended to a multiple of 8 bytes; the note
// itself must lie outside every PT_LOAD.
constexpr uint32_t BOOT_NOTE_CHECKSUM = 1;
struct boot_note_checksum {
    uint64_t first;  // sum of all little-endian 64-bit words, modulo 2^64
    uint64_t second; // sum of all values that first had, one after each word
};
