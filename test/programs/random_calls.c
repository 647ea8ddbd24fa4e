// SPDX-License-Identifier: MIT
// System calls with numbers and arguments at random, from a seed: random_calls <seed> <count>. Those that end or stop
// the program or take away what it stands on are left out; the kernel may answer all others as it likes, but it must
// answer.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static uint64_t state;

static uint64_t next_random(void)
{
    state += 0x9e3779b97f4a7c15;
    uint64_t mixed = (state ^ state >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

static char scratch[1 << 16]; // what a call writes from its lower half on ends in it
static const char *const paths[] = {"/",       "/etc/motd", "/etc/loop",      "/bin/hello",
                                    "nothing", "",          "/deep/er/still", "../.."};

static uint64_t any_argument(void)
{
    switch (next_random() % 10) {
    case 0:
        return next_random();
    case 1:
        return next_random() % 70;
    case 2:
        return (uint64_t)paths[next_random() % 8];
    case 3:
        return -(next_random() % 4096);
    case 4:
        return 0xffff800000000000 + next_random() % (1 << 30);
    case 5:
        return 0x20000000 + next_random() % 64 * 4096;
    case 6:
        return 1ull << next_random() % 64;
    case 7:
        return next_random() % 8;
    default:
        return (uint64_t)scratch + next_random() % (sizeof scratch / 2);
    }
}

// Of memory, only what lies in a range of its own is changed; nothing sleeps, and nothing is written that is seen.
static int is_left_out(uint64_t number, const uint64_t arguments[6])
{
    switch (number) {
    case SYS_exit:
    case SYS_exit_group:
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_arch_prctl:
        return 1;
    case SYS_mmap:
        return arguments[0] != 0 && (arguments[0] >> 22 != 0x20000000 >> 22 || arguments[1] > 1 << 20);
    case SYS_munmap:
    case SYS_mprotect:
        return arguments[0] >> 22 != 0x20000000 >> 22 || arguments[1] > 1 << 20;
    default:
        return 0;
    }
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000, answered = 0, good = 0;
    while (answered < count) {
        uint64_t number = next_random() % 8 == 0 ? next_random() : next_random() % 340, arguments[6];
        for (int i = 0; i < 6; i++)
            arguments[i] = any_argument();
        int is_by_call = next_random() % 2 == 0;
        if (is_left_out(number, arguments))
            continue;
        register uint64_t r10 __asm__("r10") = arguments[3];
        register uint64_t r8 __asm__("r8") = arguments[4];
        register uint64_t r9 __asm__("r9") = arguments[5];
        int64_t result = (int64_t)number;
        if (is_by_call)
            __asm__ volatile("syscall"
                             : "+a"(result)
                             : "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(r10), "r"(r8), "r"(r9)
                             : "rcx", "r11", "memory");
        else
            __asm__ volatile("int $0x80"
                             : "+a"(result)
                             : "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(r10), "r"(r8), "r"(r9)
                             : "memory");
        answered++;
        good += result >= 0;
    }
    return good == 0 ? 2 : good == answered ? 3 : 0;
}
