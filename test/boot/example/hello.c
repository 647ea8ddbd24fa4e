// SPDX-License-Identifier: MIT
// The smallest kernel that says something: it needs the boot protocol's header and nothing else of Hewn.
//
//   clang-19 --target=x86_64-unknown-none-elf -std=c23 -O2 -ffreestanding -nostdlibinc -fno-pic -mcmodel=kernel \
//       -mno-red-zone -mgeneral-regs-only -I stage2/include -c test/boot/example/hello.c \
//       -o build/hello.o
//   ld.lld-19 -m elf_x86_64 -static --image-base=0xffffffff80000000 -z max-page-size=4096 -z noexecstack \
//       -e kernel_entry -o build/hello.elf build/hello.o
#include <boot/boot_info.h>

static void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t port_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void put(const struct boot_info *info, const char *text)
{
    static uint32_t column;
    constexpr uint16_t line_status = 5;
    constexpr uint8_t sender_idle = 1 << 6; // waiting for it is bounded: a port may die
    for (; *text; text++) {
        for (unsigned i = 0; i < 100'000 && info->uart_port; i++)
            if (port_read8((uint16_t)(info->uart_port + line_status)) & sender_idle)
                break;
        if (info->uart_port)
            port_write8((uint16_t)info->uart_port, (uint8_t)*text);
        if (info->video.kind == BOOT_VIDEO_TEXT && column < info->video.width && *text != '\n')
            ((volatile uint16_t *)info->video.address)[column++] = (uint16_t)(0x1f00 | (uint8_t)*text);
    }
}

// RDI holds the structure's address and the stack stands as after a call: so a C function can be the entry.
[[noreturn]] void kernel_entry(const struct boot_info *info);

[[noreturn]] void kernel_entry(const struct boot_info *info)
{
    if (info->magic == BOOT_INFO_MAGIC)
        put(info, "Hello from a kernel of your own\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}
