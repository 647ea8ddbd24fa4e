// SPDX-License-Identifier: MIT
// From an address in a program to the function that it lies in, by the symbol table of its ELF64 file (System V ABI,
// "Symbol Table"). Believes nothing that the file says. Pure; any context. Exported names start with elf_names_.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct elf_name {
    const char *text; // in the file; terminated; printable ASCII without spaces
    uint64_t offset;  // of the address in the function
};

// Say which function of the file of SIZE_BYTES at BYTES holds ADDRESS. False when none does, or the file has no
// symbols. O(symbols).
bool elf_names_find(const uint8_t *bytes, size_t size_bytes, uint64_t address, struct elf_name *name);
