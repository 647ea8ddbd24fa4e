// SPDX-License-Identifier: MIT
// EFI/BOOT/BOOTX64.EFI: what a PC that starts by UEFI finds on the Hewn stick. It only explains: Hewn's boot chain
// needs a BIOS. The few UEFI definitions are those of the UEFI Specification 2.10, sections 4.2, 4.3, 7.1, 7.4
// and 12.4; members that are not used have the type of their size only.
#include <stddef.h>
#include <stdint.h>

typedef uint64_t efi_status; // 0 = success
typedef uint16_t efi_char;   // UCS-2

struct table_header {
    uint64_t signature;
    uint32_t revision, header_size, crc32, reserved;
};

struct text_input {
    void *reset;
    efi_status (*read_key)(struct text_input *self, void *key);
    void *key_event;
};

struct text_output {
    void *reset;
    efi_status (*output_string)(struct text_output *self, const efi_char *text);
};

struct boot_services {
    struct table_header header;
    void *before_timers[7];
    void *create_event, *set_timer;
    efi_status (*wait_for_event)(size_t count, void **events, size_t *index);
    void *after_timers[18];
    efi_status (*stall)(size_t microseconds);
};
static_assert(offsetof(struct boot_services, wait_for_event) == 96, "UEFI 2.10, 4.4");
static_assert(offsetof(struct boot_services, stall) == 248, "UEFI 2.10, 4.4");

struct system_table {
    struct table_header header;
    const efi_char *vendor;
    uint64_t vendor_revision;
    void *input_handle;
    struct text_input *input;
    void *output_handle;
    struct text_output *output;
    void *error_handle, *error_output;
    void *runtime_services;
    struct boot_services *boot_services;
};
static_assert(offsetof(struct system_table, boot_services) == 96, "UEFI 2.10, 4.3");

static const efi_char explanation[] =
    u"\r\n"
    u"Hewn " HEWN_VERSION_UTF16 u"\r\n"
    u"\r\n"
    u"This disk holds the Hewn kernel, and this PC has started it by UEFI.\r\n"
    u"Hewn does not start that way yet: its boot chain needs a legacy BIOS.\r\n"
    u"\r\n"
    u"If the firmware setup has \"Legacy boot\" or \"CSM\" (Compatibility Support\r\n"
    u"Module), switch it on, Secure Boot off, and choose this disk again. Many PCs\r\n"
    u"made after 2020 have no CSM; there, run Hewn in QEMU on another system.\r\n"
    u"\r\n"
    u"Press a key to go back to the firmware.\r\n";

efi_status efi_main(void *image, struct system_table *system);

efi_status efi_main(void *, struct system_table *system)
{
    system->output->output_string(system->output, explanation);
    // Without a keyboard the wait fails at once; then half a minute is there to read.
    size_t index;
    struct text_input *input = system->input;
    uint32_t key;
    if (!input || system->boot_services->wait_for_event(1, &input->key_event, &index))
        system->boot_services->stall(30'000'000);
    else
        input->read_key(input, &key);
    return 0;
}
