// SPDX-License-Identifier: MIT
// The system calls (docs/programs.md), each a call_fn. For this folder alone.
#pragma once
#include "parts.h"

// ---- call_file.c: what is open
call_fn call_read, call_write, call_readv, call_writev, call_pread64, call_close, call_lseek, call_fcntl, call_dup,
    call_dup2, call_getdents64;

// ---- call_name.c: what has a path
call_fn call_open, call_openat, call_stat, call_lstat, call_fstat, call_newfstatat, call_access, call_faccessat,
    call_readlink, call_readlinkat, call_getcwd;

// ---- call_terminal.c
call_fn call_ioctl;
int64_t call_read_terminal(struct program *self, uint64_t to, uint64_t size_bytes);
int64_t call_write_terminal(struct program *self, uint64_t from, uint64_t size_bytes);

// ---- call_memory.c
call_fn call_brk, call_mmap, call_munmap, call_mprotect;

// ---- call_time.c
call_fn call_clock_gettime, call_gettimeofday, call_time, call_nanosleep, call_clock_nanosleep, call_sched_yield;

// ---- call_identity.c: who and where a program is
call_fn call_getpid, call_get_zero, call_uname, call_arch_prctl, call_set_tid_address, call_set_robust_list,
    call_prlimit64, call_getrandom, call_exit;

// ---- call_signal.c
call_fn call_rt_sigaction, call_rt_sigprocmask, call_kill, call_tgkill;
