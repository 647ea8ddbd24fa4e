// SPDX-License-Identifier: MIT
// What a program is made of, for this folder alone.
//
// A system call runs in the task of its program, with interrupts open, and nothing takes the CPU from it but what it
// awaits; so between two awaits the kernel has everything to itself. What is loaded of a program (page tables, segment
// bases, FPU) stays loaded while tasks of the kernel run, which need none of it, until another program needs the CPU:
// after an await, current_load() before memory of the program is touched. Returns to ring 3 see to it by themselves.
#pragma once
#include <arch/user.h>
#include <areas/areas.h>
#include <file_tree/file_tree.h>
#include <lib/problem.h>
#include <memory/user_space.h>
#include <process/program.h>
#include <random/random.h>
#include <task/task.h>

typedef unsigned long long printable_t;

// ---- the lower half

constexpr uint64_t PROGRAM_BOTTOM = 0x1'0000;              // nothing lies below: a null pointer with an offset
constexpr uint64_t PROGRAM_TOP = USER_END - 2 * PAGE_SIZE; // nor above: no instruction ends at a non-canonical address
constexpr uint64_t STACK_BYTES = 8 << 20;                  // what a stack may grow to
constexpr uint64_t STACK_BOTTOM = PROGRAM_TOP - STACK_BYTES;
constexpr uint64_t STACK_GUARD_BOTTOM = STACK_BOTTOM - PAGE_SIZE;
constexpr uint64_t MAPPING_TOP = STACK_BOTTOM - (1 << 20); // of what mmap() chooses

static inline uint64_t page_down(uint64_t address)
{
    return address & -PAGE_SIZE;
}

// ---- struct program

constexpr unsigned FILES_MOST = 64;
constexpr unsigned SIGNAL_COUNT = 64; // 1 to 64
constexpr size_t NAME_BYTES = 32;
constexpr size_t ACTION_BYTES = 32;  // of the kernel's struct sigaction
constexpr size_t TERMIOS_BYTES = 36; // ... and its struct termios

struct open_file;

struct signals {
    uint64_t pending, blocked; // bit 0 is signal 1
    uint8_t actions[SIGNAL_COUNT][ACTION_BYTES];
};

struct program {
    struct user_context context; // first: user_context_of()
    struct user_space space;
    struct area_map areas;
    uint64_t page_count; // frames behind areas
    uint64_t break_start, break_end;
    struct open_file *files[FILES_MOST];
    uint64_t closed_on_exec; // a bit a file: what fcntl() was told, and nobody does
    uint32_t directory;      // in which relative paths begin
    const struct program_terminal *terminal;
    uint8_t termios[TERMIOS_BYTES];
    struct signals signals;
    const struct file_node *file; // that it is made of
    struct trap_frame start;      // where it begins
    struct task *task;
    uint32_t id;
    uint8_t exit_status;
    bool has_ended;
    char name[NAME_BYTES];
    uint64_t call_count, unknown_call_count, fault_count;
    struct program *next;
};
static_assert(offsetof(struct program, context) == 0);

// ---- process.c

extern struct file_tree process_tree;
extern struct random process_random;

// ---- current.c: which program has the CPU

// Let interrupts of the clock take the CPU from programs, from the first one on to the last one's end.
void current_begin_slices(void);
void current_end_slices(void);

// What is loaded is SELF's from here on.
void current_load(struct program *self);

// SELF is not loaded any more.
void current_unload(const struct program *self);

// The segments' bases of SELF, which is loaded, have changed.
void current_load_bases(const struct program *self);

// nullptr: the kernel's tables are loaded, which have no lower half.
extern struct program *current_loaded;

// The program whose entry from ring 3 FRAME is.
static inline struct program *program_of(const struct trap_frame *frame)
{
    return (struct program *)user_context_of(frame);
}

void current_before_return(struct trap_frame *frame); // a user_return_fn

// ---- program.c

// SELF has ended, with what program_wait() will say. From anything that it has entered the kernel by.
[[noreturn]] void program_end(struct program *self, uint8_t exit_status);
constexpr uint8_t EXIT_BY_SIGNAL = 128;

struct program *program_find(uint32_t id);

// ---- load.c

// Fill the address space of SELF from its file, and its first frame, for whoever runs it with these OPTIONS.
enum status load_program(struct program *self, const struct program_options *options, struct problem *problem);

// ---- space.c: the memory of a program

// Take START up to END, which is free, with what a page of it holds at first. STATUS_NO_MEMORY.
enum status space_map(struct program *self, const struct area *area);
enum status space_unmap(struct program *self, uint64_t start, uint64_t end);
enum status space_protect(struct program *self, uint64_t start, uint64_t end, enum area_rights rights);

// The page of ADDRESS is there for somebody who NEEDS these rights. STATUS_INVALID: it may not be, or is there already.
// STATUS_NO_MEMORY.
enum status space_touch(struct program *self, uint64_t address, enum area_rights needed);

// Copy between kernel and program. STATUS_INVALID: a part of it is not the program's to read, or to write; then some
// may have been copied. STATUS_NO_MEMORY: no frame for a page of it.
enum status space_read(struct program *self, void *to, uint64_t from, size_t size_bytes);
enum status space_write(struct program *self, uint64_t to, const void *from, size_t size_bytes);

// Read a string with its end. STATUS_RANGE: it has more than SIZE_BYTES.
enum status space_read_string(struct program *self, char *text, uint64_t from, size_t size_bytes);

// Write to SELF, which need not be loaded and has no page there yet.
enum status space_place(struct program *self, uint64_t to, const void *from, size_t size_bytes);

void space_release(struct program *self);

// ---- signal.c

// Numbers as on Linux. Of those that the kernel itself sends:
constexpr unsigned SIGNAL_ILLEGAL = 4, SIGNAL_TRAP = 5, SIGNAL_BUS = 7, SIGNAL_ARITHMETIC = 8, SIGNAL_SEGMENT = 11;

// SELF will be dealt with before its next return to ring 3. Returns whether that ends it.
bool signal_send(struct program *self, unsigned signal);

static inline uint64_t signal_bit(unsigned signal)
{
    return 1ull << (signal - 1);
}

// What cannot be held back or ignored: SIGKILL and SIGSTOP.
static inline uint64_t signals_unstoppable(void)
{
    constexpr unsigned STOP = 19;
    return signal_bit(SIGNAL_KILL) | signal_bit(STOP);
}

// Those that have come and are not held back.
static inline uint64_t signals_due(const struct signals *signals)
{
    return signals->pending & ~(signals->blocked & ~signals_unstoppable());
}

// End SELF if a signal says so.
void signal_deliver(struct program *self);

// ---- death.c

bool death_by_exception(struct trap_frame *frame, uint64_t cr2); // an exception_program_fn

// ---- file.c: what is open

enum open_kind : uint8_t {
    OPEN_TERMINAL,
    OPEN_NODE,
};

struct open_file {
    enum open_kind kind;
    uint32_t references; // numbers of files that mean it
    uint32_t node;       // of OPEN_NODE
    uint32_t flags;      // of open()
    uint64_t position;   // bytes; of a directory, entries
};

// Files 0, 1 and 2 are the terminal. STATUS_NO_MEMORY.
enum status file_open_terminal(struct program *self);

// The open file of NUMBER, any number; nullptr when there is none.
struct open_file *file_of(const struct program *self, uint64_t number);

// Give FILE the lowest free number from LEAST on. Negative: an error of Linux.
int64_t file_give_number(struct program *self, struct open_file *file, uint64_t least);
int64_t file_close(struct program *self, uint64_t number);
void file_close_all(struct program *self);

// ---- call.c

// Answer a call: what RAX will be, a result or a negative error. Arguments are in RDI, RSI, RDX, R10, R8 and R9 of
// CALL.
typedef int64_t call_fn(struct program *self, const struct trap_frame *call);

void call_enter(struct trap_frame *frame); // a user_call_fn
