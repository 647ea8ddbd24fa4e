// SPDX-License-Identifier: MIT
// Sizes, shares and durations. Called by the boot report and by commands; must not know what is being measured.
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

const char *describe_duration(char buffer[static DESCRIBE_DURATION_LIMIT], uint64_t duration_ns)
{
    static const char *const units[] = {"us", "ms", "s"};
    if (duration_ns < 1000) {
        format_string(buffer, DESCRIBE_DURATION_LIMIT, "%u ns", (unsigned)duration_ns);
        return buffer;
    }
    unsigned unit = 0;
    uint64_t tenths = duration_ns / 100;
    for (; tenths >= 10'000 && unit < 2; tenths /= 1000)
        unit++;
    format_string(buffer, DESCRIBE_DURATION_LIMIT, "%llu.%u %s", (unsigned long long)(tenths / 10),
                  (unsigned)(tenths % 10), units[unit]);
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
