// SPDX-License-Identifier: MIT
// Fuzzer of kernel/acpi/soft_off.c: an input is the AML of an SSDT. What is found is held to a second reading of the
// same bytes, written the other way round: from each "_S5_" to both sides.
#include <lib/panic.h>
#include <string.h>
#include <support/acpi_tables.h>

static struct acpi acpi;

// The constant at *AT, which then stands behind it; UINT64_MAX when there is none.
static uint64_t constant(const uint8_t *bytes, size_t end, size_t *at)
{
    static const uint8_t sizes[] = {[0x0a] = 1, [0x0b] = 2, [0x0c] = 4, [0x0e] = 8};
    if (*at >= end)
        return UINT64_MAX;
    uint8_t operation = bytes[(*at)++];
    if (operation <= 1)
        return operation;
    size_t size = operation < sizeof sizes ? sizes[operation] : 0;
    if (size == 0 || end - *at < size)
        return UINT64_MAX;
    uint64_t value = 0;
    memcpy(&value, bytes + *at, size);
    *at += size;
    return value;
}

// 0..63: both values; UINT64_MAX: no definition. NAME is where "_S5_" stands.
static uint64_t definition(const uint8_t *bytes, size_t size, size_t name)
{
    bool has_name_op =
        (name >= 1 && bytes[name - 1] == 0x08) || (name >= 2 && bytes[name - 1] == 0x5c && bytes[name - 2] == 0x08);
    size_t package = name + 4;
    if (!has_name_op || size - package < 3 || bytes[package] != 0x12)
        return UINT64_MAX;
    size_t more = bytes[package + 1] >> 6, length = bytes[package + 1] & (more != 0 ? 0x0f : 0x3f);
    if ((more != 0 && (bytes[package + 1] & 0x30)) || size - package - 2 < more)
        return UINT64_MAX;
    for (size_t i = 0; i < more; i++)
        length += (size_t)bytes[package + 2 + i] << (4 + 8 * i);
    size_t end = package + 1 + length, at = package + 2 + more;
    if (end > size || at >= end)
        return UINT64_MAX;
    uint8_t count = bytes[at++];
    uint64_t a = count > 0 ? constant(bytes, end, &at) : UINT64_MAX;
    uint64_t b = count > 1 ? constant(bytes, end, &at) : a >> 8;
    if (count == 1)
        a &= 0xff;
    return a <= 7 && b <= 7 ? a << 3 | b : UINT64_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tables_make_acpi(&acpi, "SSDT", 1, data, size);
    uint64_t wanted = UINT64_MAX;
    bool is_contradiction = false;
    for (size_t name = 0; name + 4 <= size; name++) {
        uint64_t found = memcmp(data + name, "_S5_", 4) == 0 ? definition(data, size, name) : UINT64_MAX;
        is_contradiction |= found != UINT64_MAX && wanted != UINT64_MAX && found != wanted;
        wanted = found != UINT64_MAX ? found : wanted;
    }
    struct acpi_soft_off off;
    enum status status = acpi_read_soft_off(&acpi, &off);
    if (is_contradiction)
        ASSERT(status == STATUS_CORRUPT);
    else if (wanted == UINT64_MAX)
        ASSERT(status == STATUS_NOT_FOUND);
    else
        ASSERT(status == STATUS_OK && off.pm1a_type == wanted >> 3 && off.pm1b_type == (wanted & 7));
    return 0;
}
