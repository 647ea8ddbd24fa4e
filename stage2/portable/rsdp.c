// SPDX-License-Identifier: MIT
// The search behind portable/rsdp.h. Called by stage 2; must not follow what the root pointer points to.
#include <lib/string.h>
#include <portable/rsdp.h>

// ACPI 6.5, table 5.3.
struct [[gnu::packed]] rsdp {
    uint32_t signature[2];
    uint8_t checksum; // the first 20 bytes sum up to 0
    uint8_t oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length; // from here on revision 2 and later only
    uint64_t xsdt;
    uint8_t extended_checksum; // `length` bytes sum up to 0
    uint8_t reserved[3];
};
static_assert(sizeof(struct rsdp) == 36);

constexpr uint32_t SIGNATURE_LOW = 0x2044'5352;  // "RSD "
constexpr uint32_t SIGNATURE_HIGH = 0x2052'5450; // "PTR "
constexpr uint32_t FIRST_PART_SIZE = 20;
constexpr uint8_t REVISION_EXTENDED = 2;
constexpr uint32_t STEP = 16;

static bool sums_to_zero(const void *memory, uint32_t length_bytes)
{
    const uint8_t *bytes = memory;
    uint8_t sum = 0;
    while (length_bytes-- > 0)
        sum = (uint8_t)(sum + *bytes++);
    return sum == 0;
}

// SPACE is how many bytes may be looked at, at least FIRST_PART_SIZE.
static bool is_valid(const struct rsdp *rsdp, uint32_t space)
{
    if (rsdp->signature[1] != SIGNATURE_HIGH || !sums_to_zero(rsdp, FIRST_PART_SIZE))
        return false;
    if (rsdp->revision < REVISION_EXTENDED)
        return true;
    return space >= sizeof(*rsdp) && rsdp->length >= sizeof(*rsdp) && rsdp->length <= space &&
           sums_to_zero(rsdp, rsdp->length);
}

uint32_t rsdp_find(const void *memory, uint32_t base, uint32_t length_bytes)
{
    const uint8_t *bytes = memory;
    const uint8_t *end = bytes + length_bytes;
    for (; end - bytes >= (intptr_t)FIRST_PART_SIZE; bytes += STEP, base += STEP) {
        const struct rsdp *rsdp = (const void *)bytes;
        if (rsdp->signature[0] == SIGNATURE_LOW && is_valid(rsdp, (uint32_t)(end - bytes)))
            return base;
    }
    return 0;
}
