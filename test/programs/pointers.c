// SPDX-License-Identifier: MIT
// Hands the kernel addresses that are not the program's, and numbers of files that are none, in each call that takes
// one; says which call does anything but refuse.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int wrong;

static long call(long number, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = 0;
    register long r9 __asm__("r9") = 0;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static void expect(const char *what, long address, long result, long error)
{
    if (result == -error)
        return;
    printf("%s with %lx gives %ld\n", what, address, result);
    wrong = 1;
}

static void try_address(long bad)
{
    static char good[256];
    static struct {
        long address, size;
    } piece;
    piece.address = bad;
    piece.size = 16;
    expect("read", bad, call(SYS_read, 0, bad, 16, 0), EFAULT);
    expect("write", bad, call(SYS_write, 1, bad, 16, 0), EFAULT);
    expect("readv", bad, call(SYS_readv, 0, (long)&piece, 1, 0), EFAULT);
    expect("writev", bad, call(SYS_writev, 1, (long)&piece, 1, 0), EFAULT);
    expect("pieces of writev", bad, call(SYS_writev, 1, bad, 1, 0), EFAULT);
    expect("open", bad, call(SYS_open, bad, 0, 0, 0), EFAULT);
    expect("openat", bad, call(SYS_openat, -100, bad, 0, 0), EFAULT);
    expect("stat", bad, call(SYS_stat, bad, (long)good, 0, 0), EFAULT);
    expect("stat to", bad, call(SYS_stat, (long)"/", bad, 0, 0), EFAULT);
    expect("fstat", bad, call(SYS_fstat, 0, bad, 0, 0), EFAULT);
    expect("newfstatat", bad, call(SYS_newfstatat, -100, bad, (long)good, 0), EFAULT);
    expect("access", bad, call(SYS_access, bad, 0, 0, 0), EFAULT);
    expect("readlink", bad, call(SYS_readlink, bad, (long)good, 16, 0), EFAULT);
    expect("readlink to", bad, call(SYS_readlink, (long)"/etc/link", bad, 16, 0), EFAULT);
    expect("getcwd", bad, call(SYS_getcwd, bad, 16, 0, 0), EFAULT);
    expect("ioctl", bad, call(SYS_ioctl, 0, 0x5413, bad, 0), EFAULT);
    expect("ioctl from", bad, call(SYS_ioctl, 0, 0x5402, bad, 0), EFAULT);
    expect("clock_gettime", bad, call(SYS_clock_gettime, 1, bad, 0, 0), EFAULT);
    expect("gettimeofday", bad, call(SYS_gettimeofday, bad, 0, 0, 0), EFAULT);
    expect("time", bad, call(SYS_time, bad, 0, 0, 0), EFAULT);
    expect("nanosleep", bad, call(SYS_nanosleep, bad, 0, 0, 0), EFAULT);
    expect("clock_nanosleep", bad, call(SYS_clock_nanosleep, 1, 0, bad, 0), EFAULT);
    expect("uname", bad, call(SYS_uname, bad, 0, 0, 0), EFAULT);
    expect("arch_prctl", bad, call(SYS_arch_prctl, 0x1003, bad, 0, 0), EFAULT);
    expect("rt_sigaction", bad, call(SYS_rt_sigaction, 10, bad, 0, 8), EFAULT);
    expect("rt_sigaction to", bad, call(SYS_rt_sigaction, 10, 0, bad, 8), EFAULT);
    expect("rt_sigprocmask", bad, call(SYS_rt_sigprocmask, 0, bad, 0, 8), EFAULT);
    expect("rt_sigprocmask to", bad, call(SYS_rt_sigprocmask, 0, 0, bad, 8), EFAULT);
    expect("prlimit64", bad, call(SYS_prlimit64, 0, 7, 0, bad), EFAULT);
    expect("getrandom", bad, call(SYS_getrandom, bad, 16, 0, 0), EFAULT);
    long directory = call(SYS_open, (long)"/", 0, 0, 0), file = call(SYS_open, (long)"/etc/motd", 0, 0, 0);
    expect("getdents64", bad, call(SYS_getdents64, directory, bad, 256, 0), EFAULT);
    expect("read of a file", bad, call(SYS_read, file, bad, 16, 0), EFAULT);
    expect("pread64", bad, call(SYS_pread64, file, bad, 16, 0), EFAULT);
    close((int)directory);
    close((int)file);
}

static void try_number(long bad)
{
    static char good[256];
    expect("read of", bad, call(SYS_read, bad, (long)good, 1, 0), EBADF);
    expect("write of", bad, call(SYS_write, bad, (long)good, 1, 0), EBADF);
    expect("close of", bad, call(SYS_close, bad, 0, 0, 0), EBADF);
    expect("fstat of", bad, call(SYS_fstat, bad, (long)good, 0, 0), EBADF);
    expect("lseek of", bad, call(SYS_lseek, bad, 0, 0, 0), EBADF);
    expect("ioctl of", bad, call(SYS_ioctl, bad, 0x5413, (long)good, 0), EBADF);
    expect("dup of", bad, call(SYS_dup, bad, 0, 0, 0), EBADF);
    expect("dup2 of", bad, call(SYS_dup2, bad, 1, 0, 0), EBADF);
    if (bad != 62)
        expect("dup2 to", bad, call(SYS_dup2, 1, bad, 0, 0), EBADF);
    expect("fcntl of", bad, call(SYS_fcntl, bad, 1, 0, 0), EBADF);
    expect("getdents64 of", bad, call(SYS_getdents64, bad, (long)good, 256, 0), EBADF);
    expect("openat of", bad, call(SYS_openat, bad == -100 ? 99 : bad, (long)"x", 0, 0), EBADF);
}

// Only what would read: a kernel that does not refuse gives away what it has, and lives to say so.
static void try_to_leak(void)
{
    const long addresses[] = {(long)0xffffffff80000000, (long)0xffff800000200000, (long)0xffffc00000000000};
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++)
        expect("write", addresses[i], call(SYS_write, 1, addresses[i], 16, 0), EFAULT);
}

int main(int argc, char **argv)
{
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const long addresses[] = {0,
                              8,
                              0x7fffffffffff,
                              0x7ffffffffff8,
                              (long)0x0000800000000000,
                              (long)0xffff7fffffffffff,
                              (long)0xffff800000000000,
                              (long)0xffff800000001000,
                              (long)0xffffc00000000000,
                              (long)0xffffffff80000000,
                              -16,
                              -1};
    const long numbers[] = {-1, -2, -64, 62, 64, 65, 0x7fffffff, (long)0x80000000, -100};
    if (argc > 1 && strcmp(argv[1], "numbers") == 0) {
        for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
            try_number(numbers[i]);
    } else if (argc > 1 && strcmp(argv[1], "leak") == 0) {
        try_to_leak();
    } else {
        for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++)
            try_address(addresses[i] == 0 || addresses[i] == 8 ? addresses[i] + 16 : addresses[i]);
        expect("read to what is read-only", (long)page, call(SYS_getcwd, (long)page, 16, 0, 0), EFAULT);
        expect("write to text", (long)main, call(SYS_uname, (long)main, 0, 0, 0), EFAULT);
        expect("gs base", -4096, call(SYS_arch_prctl, 0x1001, (long)0xffff800000000000, 0, 0), EPERM);
        expect("fs base", -4096, call(SYS_arch_prctl, 0x1002, (long)0x800000000000, 0, 0), EPERM);
    }
    puts(wrong ? "wrong" : "all refused");
    return wrong;
}
