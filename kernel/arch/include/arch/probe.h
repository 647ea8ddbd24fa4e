// SPDX-License-Identifier: MIT
// Reading and writing memory that may not be there. The instructions in question are listed in a table of this module,
// and a fault of theirs is no error: exception handling sends them to where they say. Any context in which the kernel's
// IDT is loaded, but handlers of NMI, #MC and #DB that mean to return: the fault's own return would let the next NMI
// in, on the same stack (Intel SDM vol. 3, 6.7.1).
#pragma once
#include <arch/trap_frame.h>
#include <lib/address.h>
#include <stddef.h>
#include <stdint.h>

// Copy SIZE_BYTES from SOURCE to DESTINATION, up to the first byte that faults on either side. Returns how many were
// not copied: 0 is success.
[[nodiscard]] size_t probe_copy(void *destination, const void *source, size_t size_bytes);

// The same from a program's memory, which SMAP keeps probe_copy() from: what does not lie in the lower half as a whole
// is not copied at all. Only for what a program has named or has there; an address that the kernel has made or
// found itself goes to probe_copy(), so that a broken one cannot lead into memory that a program has prepared.
[[nodiscard]] size_t probe_copy_from_user(void *destination, const void *source, size_t size_bytes);

// The same to a program's memory.
[[nodiscard]] size_t probe_copy_to_user(void *destination, const void *source, size_t size_bytes);

// How an access failed.
struct probe_fault {
    uint64_t vector; // 12, 13 or 14
    uint64_t error_code;
    uint64_t cr2; // of a page fault: the first byte that could not be reached
};

// Load VALUE from ADDRESS, or store it there: SIZE_BYTES, which are 1, 2, 4 or 8, by one instruction, as the registers
// of devices want it. What is not loaded of VALUE is zero. False: FAULT says how it failed, and nothing else has
// changed.
[[nodiscard]] bool probe_load(uint64_t *value, virt_addr_t address, unsigned size_bytes, struct probe_fault *fault);
[[nodiscard]] bool probe_store(uint64_t value, virt_addr_t address, unsigned size_bytes, struct probe_fault *fault);

// If FRAME stands at an instruction that may fault, move it to its landing place and return true. For page faults,
// stack faults and general protection, and for the interrupt module alone.
bool probe_land(struct trap_frame *frame);
