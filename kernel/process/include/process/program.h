// SPDX-License-Identifier: MIT
// Programs: static x86-64 executables for Linux that run in ring 3, each a task with an address space of its own, and
// what a kernel's shell wants of them. Exported names start with process_ and program_. Must not know who starts them:
// what they read and write is handed in. docs/programs.md says what runs.
//
// For tasks, from process_init() on, but for program_kill() and program_for_each(), which anything but an interrupt
// handler may call.
#pragma once
#include <boot/boot_info.h>
#include <file_tree/file_tree.h>
#include <lib/problem.h>
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

// Let there be programs, and the files that BOOT's modules hold: the one called INITRD.TAR is an archive, the root of
// the tree; each other one is a file there. STATUS_NO_MEMORY. Once, before the kernel is sealed. Logs what it found.
[[nodiscard]] enum status process_init(const struct boot_info *boot);

// The files that programs see.
const struct file_tree *process_files(void);

// Calls that are not there and were made all the same, by all programs since the start.
uint64_t process_unknown_call_count(void);

// ---- what a program's files 0, 1 and 2 are

// How what is typed is to be treated (termios: ICANON, ECHO, ISIG).
struct program_terminal_mode {
    bool is_canonical, echoes, has_signals;
};

// Whoever starts a program gives it one, for as long as the program lives. The functions run in the program's task and
// may wait; a wait that returns STATUS_CANCELLED must be passed on.
struct program_terminal {
    // Await input: at least one byte, *COUNT of at most SIZE_BYTES; or 0, when no more will come.
    enum status (*read)(void *context, uint8_t *bytes, size_t size_bytes, size_t *count);
    enum status (*write)(void *context, const uint8_t *bytes, size_t size_bytes);
    void (*read_window)(void *context, uint16_t *columns, uint16_t *rows);
    void (*set_mode)(void *context, const struct program_terminal_mode *mode); // or nullptr
    void *context;
};

// ---- life

struct program;

struct program_options {
    const char *path;               // from the root of the tree
    const char *const *arguments;   // the first one is the program's name; the list ends with nullptr
    const char *const *environment; // the same
    const struct program_terminal *terminal;
};

// Begin to run a program. *PROGRAM is the caller's until program_wait() has returned STATUS_OK. On failure nothing has
// happened, and PROBLEM says what is wrong, as a sentence about the file.
[[nodiscard]] enum status program_start(const struct program_options *options, struct program **program,
                                        struct problem *problem);

// Await the end of PROGRAM, once; then it is gone. *EXIT_STATUS is what it said, 0 to 255, or 128 and the number of the
// signal that ended it. STATUS_CANCELLED: the task that waits is asked to end; PROGRAM is as it was.
[[nodiscard]] enum status program_wait(struct program *program, uint8_t *exit_status);

constexpr unsigned SIGNAL_INTERRUPT = 2, SIGNAL_KILL = 9, SIGNAL_TERMINATE = 15;

// Send the signal to the program with number ID. STATUS_NOT_FOUND, STATUS_INVALID (no such signal).
[[nodiscard]] enum status program_kill(uint32_t id, unsigned signal);

uint32_t program_id(const struct program *program);

// ---- what can be seen

struct program_statistics {
    uint32_t id;
    const char *name;
    bool has_ended;                          // and nobody has waited for it yet
    uint64_t call_count, unknown_call_count; // of the former, those that there are not
    uint64_t fault_count;
    uint64_t page_count, area_bytes; // what it has of memory, and what it may touch
};

typedef void program_visit_fn(void *context, const struct program_statistics *statistics);

// Speak of all programs, in the order in which they were started. VISIT starts and waits for none.
void program_for_each(program_visit_fn *visit, void *context);
