// SPDX-License-Identifier: MIT
// Who called whom. Follows the chain of frame pointers through functions and interrupts, with nothing but reads that
// may fail, to its end, to the first sign that it is broken, or to a limit. Called by the report; must not know why.
#include "parts.h"
#include <arch/idt.h>
#include <arch/probe.h>

#include <debug/debug.h>
#include <interrupt/vector.h>
#include <lib/format.h>
#include <symbols/symbols.h>

extern const uint8_t symbol_table_start[], symbol_table_end[]; // kernel.ld

constexpr unsigned FRAME_LIMIT = 32;
constexpr size_t LINE_LIMIT = 160;
constexpr uint64_t RING_MASK = 3; // of CS
constexpr uint64_t EXCEPTION_COUNT = 32;

// What a function with a frame pointer finds at it.
struct link {
    uint64_t frame_pointer;
    uint64_t return_address;
};

struct backtrace {
    const struct log_fatal_turn *turn;
    unsigned number; // of the next frame
    unsigned room;   // lines that may still come
};

static bool find(uint64_t address, struct symbol_place *place)
{
    return symbols_find(symbol_table_start, (uintptr_t)symbol_table_end - (uintptr_t)symbol_table_start, address,
                        place);
}

static bool is_text(uint64_t address)
{
    struct symbol_place place;
    return find(address, &place);
}

const char *backtrace_describe(char *text, size_t size_bytes, uint64_t address, unsigned return_offset)
{
    struct symbol_place place;
    if (!find(address - return_offset, &place)) {
        format_string(text, size_bytes, "(outside the kernel's text)");
        return text;
    }
    const char *name = place.function != nullptr ? place.function : "?";
    printable_t offset = place.offset + return_offset;
    if (place.file == nullptr)
        format_string(text, size_bytes, "%s+0x%llx", name, offset);
    else if (place.line == 0)
        format_string(text, size_bytes, "%s+0x%llx (%s)", name, offset, place.file);
    else
        format_string(text, size_bytes, "%s+0x%llx (%s:%u)", name, offset, place.file, place.line);
    return text;
}

const char *debug_function_name(const void *place)
{
    struct symbol_place symbol;
    bool is_known = find((uintptr_t)place, &symbol) && symbol.function != nullptr && symbol.offset == 0;
    return is_known ? symbol.function : "?";
}

const char *debug_name_call(char *text, size_t size_bytes, const void *place)
{
    return backtrace_describe(text, size_bytes, (uintptr_t)place, 1);
}

// A screen's row has no room for the number as well; a longer line is cut.
static void write_frame(struct backtrace *trace, uint64_t address, unsigned return_offset)
{
    char place[LINE_LIMIT];
    backtrace_describe(place, sizeof place, address, return_offset);
    char line[LINE_LIMIT];
    if (trace->turn->is_brief && is_text(address - return_offset))
        format_string(line, sizeof line, "  %u: %s", trace->number, place);
    else
        format_string(line, sizeof line, "  %u: 0x%016llx %s", trace->number, (printable_t)address, place);
    log_emergency("%.*s\n", trace->turn->is_brief ? SCREEN_COLUMNS : (int)sizeof line, line);
    trace->number++;
    trace->room--;
}

static void write_broken(const char *reason, uint64_t address)
{
    log_emergency("  -: the chain is broken: 0x%llx %s\n", (printable_t)address, reason);
}

static bool has_room(const struct backtrace *trace)
{
    if (trace->room > 0)
        return true;
    if (!trace->turn->is_brief)
        log_emergency("  -: and so on\n");
    return false;
}

// Before a function has made its frame, and when a jump has led out of the text, the return address is still on top of
// the stack and the frame pointer is the caller's.
static void write_unframed_caller(struct backtrace *trace, const struct trap_frame *frame)
{
    struct symbol_place place;
    if (find(frame->rip, &place) && place.offset != 0)
        return;
    uint64_t address;
    if (probe_copy(&address, (const void *)frame->rsp, sizeof address) == 0 && is_text(address - 1) && trace->room > 0)
        write_frame(trace, address, 1);
}

// Returns the frame pointer to go on with; 0: the end.
static uint64_t write_interrupted(struct backtrace *trace, const struct trap_frame *frame)
{
    if ((frame->cs & RING_MASK) != 0) {
        log_emergency("  -: a program at 0x%016llx\n", (printable_t)frame->rip);
        return 0;
    }
    if (!has_room(trace))
        return 0;
    write_frame(trace, frame->rip, 0);
    write_unframed_caller(trace, frame);
    return frame->rbp;
}

// The chain has come to the frame of a trap, right above the return address of its handler.
static uint64_t write_trap(struct backtrace *trace, uint64_t address)
{
    struct trap_frame frame;
    if (probe_copy(&frame, (const void *)address, sizeof frame) != 0) {
        write_broken("should hold an interrupt's registers", address);
        return 0;
    }
    if (frame.vector < EXCEPTION_COUNT)
        log_emergency("  -: exception %llu: %s\n", (printable_t)frame.vector, vector_name(frame.vector));
    else
        log_emergency("  -: interrupt %llu\n", (printable_t)frame.vector);
    trace->room--;
    return write_interrupted(trace, &frame);
}

// Read the link at FRAME_POINTER, the next one after PREVIOUS, if it can be one. Stacks grow down, so callers' frames
// lie higher.
static bool read_link(struct link *link, uint64_t frame_pointer, uint64_t previous)
{
    const char *problem = nullptr;
    if (frame_pointer % sizeof(uint64_t) != 0)
        problem = "is not a multiple of 8";
    else if (frame_pointer <= previous)
        problem = "does not lie above the frame before";
    else if (probe_copy(link, (const void *)frame_pointer, sizeof *link) != 0)
        problem = "cannot be read";
    if (problem != nullptr)
        write_broken(problem, frame_pointer);
    return problem == nullptr;
}

static void follow(struct backtrace *trace, uint64_t frame_pointer)
{
    uint64_t previous = 0;
    struct link link;
    while (frame_pointer != 0 && has_room(trace) && read_link(&link, frame_pointer, previous)) {
        if (idt_is_return_address(link.return_address)) {
            frame_pointer = write_trap(trace, frame_pointer + sizeof link);
            previous = 0; // the interrupted code may have had another stack
            continue;
        }
        if (!is_text(link.return_address - 1)) {
            write_broken("is no address of the kernel's text", link.return_address);
            return;
        }
        write_frame(trace, link.return_address, 1);
        previous = frame_pointer;
        frame_pointer = link.frame_pointer;
    }
}

void backtrace_write_exception(const struct trap_frame *frame, const struct log_fatal_turn *turn)
{
    struct backtrace trace = {turn, 0, turn->is_brief ? SCREEN_FRAMES_EXCEPTION : FRAME_LIMIT};
    log_emergency("backtrace:\n");
    follow(&trace, write_interrupted(&trace, frame));
}

void backtrace_write_caller(const void *frame_pointer, const struct log_fatal_turn *turn)
{
    struct backtrace trace = {turn, 0, turn->is_brief ? SCREEN_FRAMES_PANIC : FRAME_LIMIT};
    log_emergency("backtrace:\n");
    follow(&trace, (uint64_t)frame_pointer);
}
