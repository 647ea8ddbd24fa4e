// SPDX-License-Identifier: MIT
// Tests of the fw_cfg reader on a simulated configuration device, a wrong one, and none.
#include <support/unit.h>

#include "simulated.h"
#include <stage2/fw_cfg.h>
#include <stdio.h>

constexpr uint16_t SELECTOR = 0x510, DATA = 0x511;
constexpr uint16_t KEY = 0x2a;
constexpr uint64_t BYTE_LIMIT = 1 << 20;
constexpr char UNTOUCHED = '?';

static struct {
    bool exists;
    uint32_t file_count, our_index; // the file of the command line; others are called something else
    uint32_t told_count;
    const char *text;

    uint16_t key;
    uint64_t position, bytes;
} device;
static char line[32];

void port_write16(uint16_t port, uint16_t value)
{
    assert_int_equal(port, SELECTOR);
    device.key = value;
    device.position = 0;
}

static uint8_t directory_byte(uint64_t position)
{
    uint8_t entry[64] = {};
    uint32_t count = device.told_count;
    if (position < 4)
        return (uint8_t)(count >> (24 - position * 8));
    uint64_t index = (position - 4) / sizeof entry;
    if (index >= device.file_count)
        return 0;
    bool is_ours = index == device.our_index;
    uint32_t size = is_ours ? (uint32_t)strlen(device.text) : 7;
    for (uint32_t i = 0; i < 4; i++)
        entry[i] = (uint8_t)(size >> (24 - i * 8));
    entry[5] = is_ours ? KEY : KEY + 1;
    snprintf((char *)entry + 8, 56, is_ours ? "opt/hewn/cmdline" : "opt/hewn/cmdline%u", (unsigned)index);
    return entry[(position - 4) % sizeof entry];
}

void port_read_bytes(uint16_t port, void *buffer, uint32_t count)
{
    assert_int_equal(port, DATA);
    device.bytes += count;
    assert_in_range(device.bytes, 0, BYTE_LIMIT);
    for (uint8_t *to = buffer; count; count--, to++, device.position++) {
        *to = 0xff;
        if (!device.exists)
            continue;
        if (device.key == 0)
            *to = (uint8_t)"QEMU"[device.position];
        else if (device.key == 0x19)
            *to = directory_byte(device.position);
        else if (device.key == KEY)
            *to = (uint8_t)device.text[device.position];
        else
            fail_msg("key %x was selected", device.key);
    }
}

static int make_device(void **)
{
    simulated_reset();
    memset(line, UNTOUCHED, sizeof line);
    device = (typeof(device)){.exists = true, .file_count = 20, .told_count = 20, .our_index = 17, .text = "exit=pass"};
    return 0;
}

static void command_line_is_found(void **)
{
    assert_true(fw_cfg_command_line(line, sizeof line));
    assert_string_equal(line, "exit=pass");
    assert_int_equal(line[10], UNTOUCHED);
}

static void empty_command_line_counts(void **)
{
    device.text = "";
    assert_true(fw_cfg_command_line(line, sizeof line));
    assert_string_equal(line, "");
}

static void machine_without_the_device(void **)
{
    device.exists = false;
    assert_false(fw_cfg_command_line(line, sizeof line));
    assert_int_equal(device.bytes, 4);
}

static void device_without_the_file(void **)
{
    device.our_index = UINT32_MAX;
    assert_false(fw_cfg_command_line(line, sizeof line));
    assert_int_equal(line[0], UNTOUCHED);
}

static void directory_that_lies_about_its_length_is_cut_off(void **)
{
    device.our_index = UINT32_MAX;
    device.told_count = UINT32_MAX;
    assert_false(fw_cfg_command_line(line, sizeof line));
}

static void line_that_just_fits(void **)
{
    device.text = "0123456789012345678901234567890";
    assert_true(fw_cfg_command_line(line, sizeof line));
    assert_string_equal(line, device.text);
}

static void line_that_is_too_long_is_refused(void **)
{
    device.text = "01234567890123456789012345678901";
    ASSERT_STOPS(fw_cfg_command_line(line, sizeof line), "fw_cfg", "32 bytes", "31");
    assert_int_equal(line[0], UNTOUCHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(command_line_is_found, make_device),
        cmocka_unit_test_setup(empty_command_line_counts, make_device),
        cmocka_unit_test_setup(machine_without_the_device, make_device),
        cmocka_unit_test_setup(device_without_the_file, make_device),
        cmocka_unit_test_setup(directory_that_lies_about_its_length_is_cut_off, make_device),
        cmocka_unit_test_setup(line_that_just_fits, make_device),
        cmocka_unit_test_setup(line_that_is_too_long_is_refused, make_device),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
