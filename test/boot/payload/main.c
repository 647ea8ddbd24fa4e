// SPDX-License-Identifier: MIT
// A kernel that checks its own arrival: every byte of a large payload by its hash, the zeros of .bss, and what struct
// boot_info says of it. Booted by test/boot/kernels.py at many sizes and from many volumes. It uses the boot protocol's
// header and nothing else of Hewn, so it also shows that any conforming ELF64 boots.
#include <boot/boot_info.h>
#include <stddef.h>

constexpr uint16_t COM1 = 0x3f8;
constexpr uint16_t COM1_LINE_CONTROL = COM1 + 3;
constexpr uint16_t COM1_LINE_STATUS = COM1 + 5;
constexpr uint8_t LINE_CONTROL_8N1 = 3;
constexpr uint8_t LINE_STATUS_SENDER_IDLE = 1 << 6;
constexpr uint16_t DEBUG_EXIT = 0xf4;
constexpr uint8_t DEBUG_EXIT_PASS = 0x10;
constexpr uint8_t DEBUG_EXIT_FAIL = 0x11;
constexpr uint64_t LINK_BASE = 0xffff'ffff'8000'0000;
constexpr size_t POLL_LIMIT = 1'000'000;

// FNV-1a's constants, over 64-bit words instead of bytes; make_kernel.py has the same.
constexpr uint64_t HASH_START = 0xcbf2'9ce4'8422'2325;
constexpr uint64_t HASH_FACTOR = 0x100'0000'01b3;

void port_write8(uint16_t port, uint8_t value);
uint8_t port_read8(uint16_t port);
[[noreturn]] void kernel_main(const struct boot_info *info);

extern const uint64_t payload_start[], payload_end[];
extern const uint64_t payload_hash;
extern const uint64_t payload_file_bytes;

static volatile uint8_t zeros[100'003];
static unsigned failures;

static void put(char character)
{
    for (size_t i = 0; i < POLL_LIMIT && !(port_read8(COM1_LINE_STATUS) & LINE_STATUS_SENDER_IDLE); i++)
        continue;
    port_write8(COM1, (uint8_t)character);
}

static void put_text(const char *text)
{
    for (; *text; text++)
        put(*text);
}

static void put_hex(uint64_t value)
{
    put_text("0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

static void put_decimal(uint64_t value)
{
    if (value >= 10)
        put_decimal(value / 10);
    put((char)('0' + value % 10));
}

static void expect(const char *what, uint64_t actual, uint64_t expected)
{
    if (actual == expected)
        return;
    failures++;
    put_text("payload: ");
    put_text(what);
    put_text(" is ");
    put_hex(actual);
    put_text(", expected ");
    put_hex(expected);
    put_text("\n");
}

static uint64_t hash(const uint64_t *word, const uint64_t *end)
{
    uint64_t value = HASH_START;
    for (; word < end; word++)
        value = (value ^ *word) * HASH_FACTOR;
    return value;
}

static uint64_t count_nonzero(void)
{
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof zeros; i++)
        count += zeros[i] != 0;
    return count;
}

// The map's own words about the memory that this kernel lies in.
static void check_map(const struct boot_info *info)
{
    uint64_t end = 0;
    uint64_t kernel_bytes = 0;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct boot_memory *entry =
            (const struct boot_memory *)(info->memory_map + (uint64_t)i * info->memory_entry_size);
        expect("memory map entry below the one before it", entry->base < end, false);
        end = entry->base + entry->length;
        if (entry->kind == BOOT_MEMORY_KERNEL)
            kernel_bytes += entry->length;
    }
    expect("kernel memory in the map smaller than the kernel", kernel_bytes < info->kernel_size, false);
}

[[noreturn]] static void leave(void)
{
    put_text("# hewn: end ");
    put_text(failures == 0 ? "pass" : "fail");
    put_text(" 1 tests\n");
    for (size_t i = 0; i < POLL_LIMIT && !(port_read8(COM1_LINE_STATUS) & LINE_STATUS_SENDER_IDLE); i++)
        continue;
    port_write8(DEBUG_EXIT, failures == 0 ? DEBUG_EXIT_PASS : DEBUG_EXIT_FAIL);
    for (;;)
        continue;
}

void kernel_main(const struct boot_info *info)
{
    port_write8(COM1_LINE_CONTROL, LINE_CONTROL_8N1);
    expect("magic", info->magic, BOOT_INFO_MAGIC);
    expect("version", info->version, BOOT_INFO_VERSION);
    expect("virtual base", info->kernel_virt_base, LINK_BASE);
    expect("2 MiB alignment of the physical base", info->kernel_phys_base & 0x1f'ffff, 0);
    expect("bytes of .bss that are not zero", count_nonzero(), 0);
    expect("payload hash", hash(payload_start, payload_end), payload_hash);
    check_map(info);

    put_text("payload: file of ");
    put_decimal(payload_file_bytes);
    put_text(" bytes, at ");
    put_hex(info->kernel_phys_base);
    put_text(info->flags & BOOT_FLAG_KERNEL_VERIFIED ? ", verified\n" : ", not verified\n");
    leave();
}
