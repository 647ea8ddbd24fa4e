// SPDX-License-Identifier: MIT
// What a function that can fail returns. Zero is success, failures are negative; results go through out-pointers.
#pragma once

enum [[nodiscard]] status : int {
    STATUS_OK = 0,
    STATUS_INVALID = -1,     // an argument or a file breaks its own rules
    STATUS_CORRUPT = -2,     // data that was well-formed once and is damaged
    STATUS_UNSUPPORTED = -3, // well-formed, but a kind that Hewn does not handle
    STATUS_NOT_FOUND = -4,
    STATUS_IO = -5,    // the device reported a failure
    STATUS_RANGE = -6, // outside what the thing addressed has
    STATUS_NO_MEMORY = -7,
    STATUS_BUSY = -8,       // taken by somebody else
    STATUS_TIMEOUT = -9,    // hardware did not answer within its bound, or a task's deadline has passed
    STATUS_WAITING = -10,   // not yet: the task that asked will be woken, and asks again
    STATUS_CANCELLED = -11, // somebody has asked the task to end
    STATUS_CLOSED = -12,    // the other side has said that nothing more comes
};
