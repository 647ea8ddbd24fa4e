// SPDX-License-Identifier: MIT
// The classic port interface of docs/specs/fw_cfg in QEMU's documentation: a 16-bit selector, then bytes one by one.
#include "fw_cfg.h"
#include "console.h"
#include "hardware.h"
#include <lib/string.h>

constexpr uint16_t FW_CFG_SELECTOR = 0x510;
constexpr uint16_t FW_CFG_DATA = 0x511;
constexpr uint16_t KEY_SIGNATURE = 0x00;
constexpr uint16_t KEY_DIRECTORY = 0x19;
constexpr uint32_t DIRECTORY_LIMIT = 1024; // files; QEMU has some twenty

struct fw_cfg_file {
    uint32_t size_be;
    uint16_t key_be;
    uint16_t reserved;
    char name[56];
};

static void read_data(void *buffer, uint32_t size_bytes)
{
    port_read_bytes(FW_CFG_DATA, buffer, size_bytes);
}

bool fw_cfg_command_line(char *buffer, uint32_t size_bytes)
{
    char signature[4];
    port_write16(FW_CFG_SELECTOR, KEY_SIGNATURE);
    read_data(signature, sizeof signature);
    if (memcmp(signature, "QEMU", sizeof signature) != 0)
        return false;

    uint32_t count_be;
    port_write16(FW_CFG_SELECTOR, KEY_DIRECTORY);
    read_data(&count_be, sizeof count_be);
    uint32_t count = __builtin_bswap32(count_be);
    for (uint32_t i = 0; i < count && i < DIRECTORY_LIMIT; i++) {
        struct fw_cfg_file file;
        read_data(&file, sizeof file);
        if (strncmp(file.name, "opt/hewn/cmdline", sizeof file.name) != 0)
            continue;
        uint32_t size = __builtin_bswap32(file.size_be);
        if (size >= size_bytes)
            stop("the command line in QEMU's fw_cfg has %u bytes, %u are the most", size, size_bytes - 1);
        port_write16(FW_CFG_SELECTOR, __builtin_bswap16(file.key_be));
        read_data(buffer, size);
        buffer[size] = '\0';
        return true;
    }
    return false;
}
