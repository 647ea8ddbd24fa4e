// SPDX-License-Identifier: MIT
// What a report is made of. Each part writes whole lines with log_emergency(), to the sink whose turn it is. Nobody
// outside this folder includes it.
#pragma once
#include <arch/probe.h>
#include <arch/trap_frame.h>
#include <cause/cause.h>
#include <log/emergency.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned long long printable_t;

// The rows of a screen are dealt out here, 23 in all: the last one of 25 holds the cursor, and the tests inside the
// kernel end a report with one line more.
constexpr int SCREEN_COLUMNS = 79; // a line that fills the row would take the next one as well
constexpr int SCREEN_CAUSE_CHARACTERS = 2 * SCREEN_COLUMNS;
constexpr int SCREEN_WALK_CHARACTERS = 2 * SCREEN_COLUMNS;
constexpr unsigned SCREEN_FRAMES_EXCEPTION = 6;
constexpr unsigned SCREEN_FRAMES_PANIC = 12;
constexpr unsigned SCREEN_BANKS = 2;
constexpr unsigned LOG_LINES = 12;

// An event that is reported and the registers that do not survive the report.
struct exception {
    const struct trap_frame *frame;
    uint64_t cr2;
};

constexpr unsigned REGISTER_COUNT = 15; // the general ones but RSP

// What the cause needs to know, collected from FRAME and from the hardware. It stays valid until the next call.
const struct cause_facts *facts_collect(const struct exception *exception);

// The same about an access to ADDRESS that met FAULT; nullptr: about the place alone.
const struct cause_facts *facts_collect_access(uint64_t address, const struct probe_fault *fault);

// The way of the CPU through the page tables to ADDRESS, in one line.
void page_walk_write(uint64_t address, const struct log_fatal_turn *turn);

// Who called whom, from the place of FRAME on; from the caller of the function with the frame pointer FRAME_POINTER on.
void backtrace_write_exception(const struct trap_frame *frame, const struct log_fatal_turn *turn);
void backtrace_write_caller(const void *frame_pointer, const struct log_fatal_turn *turn);

// The name and the line of ADDRESS, without line feed: "serial_write+0x14 (kernel/serial/serial.c:87)". RETURN_OFFSET
// is 1 when the instruction that counts is the one before ADDRESS, and 0 otherwise. Returns TEXT.
const char *backtrace_describe(char *text, size_t size_bytes, uint64_t address, unsigned return_offset);

// What the first death was, in one line, for the report of a second one: that of the first may have got nowhere.
void first_death_keep_exception(const struct exception *exception);
void first_death_keep_panic(const char *message);
void first_death_write(void);

// End the kernel with MESSAGE, which whoever called the function with FRAME_POINTER is to blame for.
[[noreturn]] void debug_end(const char *message, const void *frame_pointer);
