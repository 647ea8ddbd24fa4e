// SPDX-License-Identifier: MIT
// The commands peek, poke and hexdump: memory as it is, by virtual address. What cannot be reached is told in words and
// kills nobody. Called by the shell.
#include "parts.h"
#include <lib/command.h>
#include <lib/format.h>
#include <stdckdint.h>

constexpr uint64_t PAGE_FAULT = 14;

#define ADDRESSES                                                                                                      \
    "Addresses are virtual. Physical memory lies from 0xffff800000000000 on, so that\n"                                \
    "physical 0xb8000 is 0xffff8000000b8000; devices: see mem.\n"

// ---- what stood against an access

static enum status fail_access(struct command_call *call, uint64_t address, const struct probe_fault *fault)
{
    char text[CAUSE_LIMIT];
    if (fault->vector != PAGE_FAULT)
        return command_fail(call, STATUS_RANGE,
                            "0x%016llx is no address, or one of its bytes has none: bits 48 to 63 have to be as bit 47",
                            (printable_t)address);
    return command_fail(call, STATUS_RANGE, "%s",
                        cause_describe(text, sizeof text, facts_collect_access(fault->cr2, fault)));
}

// ---- peek and poke

static const char *size_name(size_t index)
{
    static const char *const names[] = {"1", "2", "4", "8"};
    return index < sizeof names / sizeof *names ? names[index] : nullptr;
}

// The argument INDEX, which is one of these names; 8 bytes without it.
static unsigned size_of(const struct command_call *call, size_t index)
{
    return call->argument_count > index ? (unsigned)(call->arguments[index].text[0] - '0') : 8;
}

static char printable(uint8_t byte)
{
    return byte >= ' ' && byte <= '~' ? (char)byte : '.';
}

static enum status run_peek(struct command_call *call)
{
    uint64_t address = call->arguments[0].number, value;
    unsigned size_bytes = size_of(call, 1);
    struct probe_fault fault;
    if (!probe_load(&value, (virt_addr_t){address}, size_bytes, &fault))
        return fail_access(call, address, &fault);
    char letters[9] = "";
    for (unsigned i = 0; i < size_bytes; i++)
        letters[i] = printable((uint8_t)(value >> (8 * i)));
    command_print(call, "0x%016llx: 0x%0*llx  %llu  \"%.8s\"\n", (printable_t)address, (int)(2 * size_bytes),
                  (printable_t)value, (printable_t)value, letters);
    return STATUS_OK;
}

COMMAND(peek, .summary = "read a number from memory", .run = run_peek,
        .details = "One access of 1, 2, 4 or 8 bytes, 8 if nothing is said, lowest byte first: in\n"
                   "hexadecimal, in decimal, and as letters.\n" ADDRESSES,
        .parameters = {{"address", .kind = COMMAND_NUMBER}, {"size", size_name, COMMAND_WORD, .is_optional = true}});

static enum status run_poke(struct command_call *call)
{
    uint64_t address = call->arguments[0].number, value = call->arguments[1].number;
    unsigned size_bytes = size_of(call, 2);
    struct probe_fault fault;
    if (size_bytes < 8 && value >> (8 * size_bytes) != 0)
        return command_fail(call, STATUS_RANGE, "0x%llx does not fit into a size of %u", (printable_t)value,
                            size_bytes);
    if (!probe_store(value, (virt_addr_t){address}, size_bytes, &fault))
        return fail_access(call, address, &fault);
    return STATUS_OK;
}

COMMAND(poke, .summary = "write a number to memory", .run = run_poke,
        .details = "One access of 1, 2, 4 or 8 bytes, 8 if nothing is said, lowest byte first.\n"
                   "Nothing asks whose memory it is: a wrong address can be the kernel's last.\n" ADDRESSES,
        .parameters = {{"address", .kind = COMMAND_NUMBER},
                       {"value", .kind = COMMAND_NUMBER},
                       {"size", size_name, COMMAND_WORD, .is_optional = true}});

// ---- hexdump

constexpr unsigned ROW_BYTES = 16;
constexpr uint64_t LENGTH = 128, LENGTH_MOST = 64 * 1024;

static void say_row(struct command_call *call, uint64_t offset, const uint8_t *bytes, size_t count)
{
    char digits[3 * ROW_BYTES + 2] = "", letters[ROW_BYTES + 1] = "";
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += format_string(digits + length, sizeof digits - length, i == ROW_BYTES / 2 ? "  %02x" : " %02x",
                                (unsigned)bytes[i]);
        letters[i] = printable(bytes[i]);
    }
    command_print(call, "  +%04llx %-49s  |%s|\n", (printable_t)offset, digits, letters);
}

// Up to the first byte that cannot be read; then says why.
static enum status dump(struct command_call *call, uint64_t address, uint64_t length)
{
    for (uint64_t offset = 0; offset < length; offset += ROW_BYTES) {
        uint8_t bytes[ROW_BYTES];
        size_t wanted = length - offset < ROW_BYTES ? (size_t)(length - offset) : ROW_BYTES;
        size_t missing = probe_copy(bytes, (const void *)(address + offset), wanted), count = wanted - missing;
        if (count != 0)
            say_row(call, offset, bytes, count);
        uint64_t value, next = address + offset + count;
        struct probe_fault fault;
        if (missing != 0 && !probe_load(&value, (virt_addr_t){next}, 1, &fault))
            return fail_access(call, next, &fault);
        if (!command_goes_on(call))
            return STATUS_CANCELLED;
    }
    return STATUS_OK;
}

static enum status run_hexdump(struct command_call *call)
{
    uint64_t address = call->arguments[0].number, last;
    uint64_t length = call->argument_count > 1 ? call->arguments[1].number : LENGTH;
    if (length == 0 || length > LENGTH_MOST)
        return command_fail(call, STATUS_RANGE, "a length is 1 to %llu bytes", (printable_t)LENGTH_MOST);
    if (ckd_add(&last, address, length - 1))
        return command_fail(call, STATUS_RANGE, "0x%llx bytes from 0x%016llx on go beyond the last address",
                            (printable_t)length, (printable_t)address);
    char place[CAUSE_LIMIT];
    command_print(call, "0x%016llx, %s\n", (printable_t)address,
                  cause_describe_place(place, sizeof place, facts_collect_access(address, nullptr), address));
    return dump(call, address, length);
}

COMMAND(hexdump, .summary = "show memory byte by byte", .run = run_hexdump,
        .details = "128 bytes if nothing is said, up to 64K. Ends at the first byte that cannot be\n"
                   "read, and says why.\n" ADDRESSES,
        .parameters = {{"address", .kind = COMMAND_NUMBER}, {"length", .kind = COMMAND_NUMBER, .is_optional = true}});
