// SPDX-License-Identifier: MIT
// Errors of system calls, by the numbers that they have on Linux for x86-64, which programs get
// as negative results. For this folder alone.
#pragma once
#include <lib/status.h>
#include <stdint.h>

constexpr int64_t EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, EBADF = 9, ENOMEM = 12, EACCES = 13,
                  EFAULT = 14, EEXIST = 17, ENODEV = 19, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, EMFILE = 24,
                  ENOTTY = 25, ESPIPE = 29, EROFS = 30, ERANGE = 34, ENAMETOOLONG = 36, ENOSYS = 38, ELOOP = 40;

// For what the copying of space.c returns. 0: it has been done.
static inline int64_t error_of_copy(enum status status)
{
    if (status == STATUS_OK)
        return 0;
    return status == STATUS_NO_MEMORY ? -ENOMEM : -EFAULT;
}

// For what waits.
static inline int64_t error_of_wait(enum status status)
{
    return status == STATUS_CANCELLED ? -EINTR : -EIO;
}
