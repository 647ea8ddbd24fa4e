// SPDX-License-Identifier: MIT
// System calls that ask who and where a program is, and those that a C library makes once when it begins. Called
// through call.c.
#include "call.h"
#include "error.h"
#include <lib/string.h>

int64_t call_getpid(struct program *self, const struct trap_frame *)
{
    return self->id;
}

// User, group and parent: there is one of each.
int64_t call_get_zero(struct program *, const struct trap_frame *)
{
    return 0;
}

int64_t call_exit(struct program *self, const struct trap_frame *call)
{
    program_end(self, (uint8_t)call->rdi);
}

int64_t call_uname(struct program *self, const struct trap_frame *call)
{
    constexpr size_t FIELD_BYTES = 65;
    static const char *const fields[] = {"Hewn", "hewn", HEWN_VERSION, ("Hewn " HEWN_VERSION), "x86_64", "(none)"};
    char names[6][FIELD_BYTES] = {};
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++)
        (void)string_copy(names[i], fields[i], FIELD_BYTES);
    enum status status = space_write(self, call->rdi, names, sizeof names);
    return error_of_copy(status);
}

// A base is an address of the lower half: by its sign the kernel tells a program's GS base from its own.
int64_t call_arch_prctl(struct program *self, const struct trap_frame *call)
{
    enum : uint32_t {
        SET_GS = 0x1001,
        SET_FS,
        GET_FS,
        GET_GS
    };
    uint32_t what = (uint32_t)call->rdi;
    if (what == GET_FS || what == GET_GS) {
        uint64_t base = what == GET_FS ? self->context.fs_base : self->context.gs_base;
        enum status status = space_write(self, call->rsi, &base, sizeof base);
        return error_of_copy(status);
    }
    if (what != SET_GS && what != SET_FS)
        return -EINVAL;
    if (call->rsi >= USER_END)
        return -EPERM;
    *(what == SET_FS ? &self->context.fs_base : &self->context.gs_base) = call->rsi;
    current_load_bases(self);
    return 0;
}

// Programs have one thread, whose number is theirs; nobody waits for its end in the program's memory.
int64_t call_set_tid_address(struct program *self, const struct trap_frame *)
{
    return self->id;
}

// There is one thread, so that no other one ever looks for locks that this one has left.
int64_t call_set_robust_list(struct program *, const struct trap_frame *call)
{
    constexpr uint64_t HEAD_BYTES = 24;
    return call->rsi == HEAD_BYTES ? 0 : -EINVAL;
}

int64_t call_prlimit64(struct program *self, const struct trap_frame *call)
{
    constexpr uint32_t STACK = 3, CORE = 4, FILES = 7, RESOURCE_COUNT = 16;
    uint32_t resource = (uint32_t)call->rsi;
    if (resource >= RESOURCE_COUNT)
        return -EINVAL;
    if ((uint32_t)call->rdi != 0 && (uint32_t)call->rdi != self->id)
        return -ESRCH;
    if (call->rdx != 0)
        return -EPERM;
    if (call->r10 == 0)
        return 0;
    uint64_t limit = resource == STACK   ? STACK_BYTES
                     : resource == FILES ? FILES_MOST
                     : resource == CORE  ? 0
                                         : UINT64_MAX;
    const uint64_t limits[2] = {limit, limit};
    enum status status = space_write(self, call->r10, limits, sizeof limits);
    return error_of_copy(status);
}

int64_t call_getrandom(struct program *self, const struct trap_frame *call)
{
    constexpr uint64_t MOST = 4096; // at once
    uint8_t piece[256];
    uint64_t size_bytes = call->rsi < MOST ? call->rsi : MOST;
    for (uint64_t done = 0; done < size_bytes; done += sizeof piece) {
        size_t count = size_bytes - done < sizeof piece ? size_bytes - done : sizeof piece;
        random_fill(&process_random, piece, count);
        enum status status = space_write(self, call->rdi + done, piece, count);
        if (status != STATUS_OK)
            return error_of_copy(status);
    }
    return (int64_t)size_bytes;
}
