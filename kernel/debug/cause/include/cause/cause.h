// SPDX-License-Identifier: MIT
// What an exception means, in one sentence for a person. Owns the meaning of vectors, error codes and status bits;
// reads no hardware: debug collects the facts and hands them in. Pure; any context. Exported names start with cause_.
// Source: Intel SDM vol. 3, chapters 4.7, 6.13, 6.15, 16.3 and 17.2.3, where nothing else is said.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A part of the address space, from START up to but not including END.
struct cause_region {
    const char *name; // nullptr: a stack among many, called by its address
    uint64_t start, end;
    bool is_stack; // then the page below START is its guard
};

struct cause_register {
    char name[4];
    uint64_t value;
};

// What was known when the exception arrived. Facts that do not belong to the vector are not looked at.
struct cause_facts {
    uint64_t vector;
    uint64_t error_code;
    uint64_t cr0, cr2, dr6;
    bool is_user;        // ring 3 was running
    uint8_t port_61;     // PC system control port B: the reasons of an NMI
    uint8_t code_length; // readable bytes of the instruction, at most sizeof code
    uint8_t code[8];
    const struct cause_register *registers;
    unsigned register_count;
    const struct cause_region *regions; // of several that hold an address, the first one counts
    unsigned region_count;
};

constexpr size_t CAUSE_LIMIT = 240; // bytes that hold nearly every sentence

// Each writes one sentence, or a part of one, without a line feed, cut to SIZE_BYTES with its terminator, and returns
// TEXT.

// FACTS in words.
const char *cause_describe(char *text, size_t size_bytes, const struct cause_facts *facts);

// What lies at ADDRESS, by the regions of FACTS: "kernel text", "guard page of the boot stack", "null pointer + 0x18".
const char *cause_describe_place(char *text, size_t size_bytes, const struct cause_facts *facts, uint64_t address);

// The status of a bank of the machine-check architecture (16.3.2.2).
const char *cause_describe_bank(char *text, size_t size_bytes, uint64_t status);
