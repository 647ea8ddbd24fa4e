// SPDX-License-Identifier: MIT
// Sizes and shares. Called by the boot report; must not know what is being measured.
#include <describe/size.h>
#include <lib/format.h>

const char *describe_size(char buffer[static DESCRIBE_SIZE_LIMIT], uint64_t size_bytes)
{
    static const char units[] = "KMGTPE";
    if (size_bytes < 1024) {
        format_string(buffer, DESCRIBE_SIZE_LIMIT, "%u B", (unsigned)size_bytes);
        return buffer;
    }
    unsigned unit = 0;
    while (size_bytes >> 10 >= 1024) {
        size_bytes >>= 10;
        unit++;
    }
    unsigned whole = (unsigned)(size_bytes >> 10);
    unsigned tenth = (unsigned)(size_bytes & 1023) * 10 / 1024;
    format_string(buffer, DESCRIBE_SIZE_LIMIT, "%u.%u %ciB", whole, tenth, units[unit]);
    return buffer;
}

unsigned describe_permille(uint64_t part, uint64_t whole)
{
    while (part > UINT64_MAX / 1000) {
        part >>= 1;
        whole >>= 1;
    }
    return whole == 0 ? 0 : (unsigned)(part * 1000 / whole);
}
