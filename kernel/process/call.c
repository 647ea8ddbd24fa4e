// SPDX-License-Identifier: MIT
// From the number of a system call to its function. Entered from ring 3 through arch; knows no call. docs/programs.md
// has the same list.
#include "call.h"
#include "error.h"
#include <log/log.h>

// By Linux's numbers for x86-64.
static call_fn *const calls[] = {
    [0] = call_read,
    [1] = call_write,
    [2] = call_open,
    [3] = call_close,
    [4] = call_stat,
    [5] = call_fstat,
    [6] = call_lstat,
    [8] = call_lseek,
    [9] = call_mmap,
    [10] = call_mprotect,
    [11] = call_munmap,
    [12] = call_brk,
    [13] = call_rt_sigaction,
    [14] = call_rt_sigprocmask,
    [16] = call_ioctl,
    [17] = call_pread64,
    [19] = call_readv,
    [20] = call_writev,
    [21] = call_access,
    [24] = call_sched_yield,
    [32] = call_dup,
    [33] = call_dup2,
    [35] = call_nanosleep,
    [39] = call_getpid,
    [60] = call_exit,
    [62] = call_kill,
    [63] = call_uname,
    [72] = call_fcntl,
    [79] = call_getcwd,
    [89] = call_readlink,
    [96] = call_gettimeofday,
    [102] = call_get_zero, // getuid
    [104] = call_get_zero, // getgid
    [107] = call_get_zero, // geteuid
    [108] = call_get_zero, // getegid
    [110] = call_get_zero, // getppid
    [111] = call_getpid,   // getpgrp
    [121] = call_getpid,   // getpgid
    [124] = call_getpid,   // getsid
    [158] = call_arch_prctl,
    [186] = call_getpid, // gettid
    [200] = call_kill,   // tkill
    [201] = call_time,
    [217] = call_getdents64,
    [218] = call_set_tid_address,
    [228] = call_clock_gettime,
    [230] = call_clock_nanosleep,
    [231] = call_exit, // exit_group
    [234] = call_tgkill,
    [257] = call_openat,
    [262] = call_newfstatat,
    [267] = call_readlinkat,
    [269] = call_faccessat,
    [273] = call_set_robust_list,
    [302] = call_prlimit64,
    [318] = call_getrandom,
};
constexpr uint64_t CALL_COUNT = sizeof calls / sizeof *calls;

static uint64_t unknown_count;

uint64_t process_unknown_call_count(void)
{
    return unknown_count;
}

// The log names each number once.
[[gnu::noinline]] static int64_t refuse(struct program *self, uint64_t number)
{
    constexpr uint64_t SEEN_COUNT = 512;
    static uint64_t seen[SEEN_COUNT / 64];
    unknown_count++;
    self->unknown_call_count++;
    if (number < SEEN_COUNT && !(seen[number / 64] >> number % 64 & 1)) {
        seen[number / 64] |= 1ull << number % 64;
        log_debug("process", "%s makes the system call %llu, which is not there", self->name, (printable_t)number);
    }
    return -ENOSYS;
}

void call_enter(struct trap_frame *frame)
{
    struct program *self = program_of(frame);
    uint64_t number = frame->rax;
    self->call_count++;
    if (__builtin_expect(number < CALL_COUNT && calls[number] != nullptr, true))
        frame->rax = (uint64_t)calls[number](self, frame);
    else
        frame->rax = (uint64_t)refuse(self, number);
}
