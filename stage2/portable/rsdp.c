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

// The first 16-byte step from BYTES to LAST with half a signature, or nullptr. Apart, so that the loop stays at 5
// instructions: inlined, the compiler keeps the caller's sums up to date in it.
[[gnu::noinline]] static const uint8_t *find_signature(const uint8_t *bytes, const uint8_t *last)
{
    do {
        if (((const struct rsdp *)(const void *)bytes)->signature[0] == SIGNATURE_LOW)
            return bytes;
        bytes += STEP;
    } while (bytes <= last);
    return nullptr;
}

uint32_t rsdp_find(const void *memory, uint32_t base, uint32_t length_bytes)
{
    if (length_bytes < FIRST_PART_SIZE)
        return 0;
    const uint8_t *bytes = memory;
    const uint8_t *last = bytes + (length_bytes - FIRST_PART_SIZE);
    while (bytes <= last) {
        bytes = find_signature(bytes, last);
        if (bytes == nullptr)
            break;
        if (is_valid((const void *)bytes, (uint32_t)(last - bytes) + FIRST_PART_SIZE))
            return base + (uint32_t)(bytes - (const uint8_t *)memory);
        bytes += STEP;
    }
    return 0;
}
