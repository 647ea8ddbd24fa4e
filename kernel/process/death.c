// SPDX-License-Identifier: MIT
// Exceptions of ring 3: a page fault may be a page that is to come; anything else ends the program, and the log says
// why. Called by the interrupt module.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/debug_registers.h>
#include <arch/probe.h>
#include <cause/cause.h>
#include <elf_names/elf_names.h>
#include <lib/format.h>
#include <log/log.h>
#include <memory/layout.h>

constexpr uint64_t PAGE_FAULT = 14;
constexpr size_t PLACE_LIMIT = 96;                             // of a function's name with its offset
constexpr uint64_t FAULT_WRITE = 1 << 1, FAULT_FETCH = 1 << 4; // of the error code (Intel SDM vol. 3, 4.7)

static unsigned signal_of(uint64_t vector)
{
    switch (vector) {
    case 0:  // divide error
    case 16: // x87
    case 19: // SIMD
        return SIGNAL_ARITHMETIC;
    case 1: // debug
    case 3: // breakpoint
        return SIGNAL_TRAP;
    case 6: // invalid opcode
        return SIGNAL_ILLEGAL;
    case 17: // alignment check
        return SIGNAL_BUS;
    default:
        return SIGNAL_SEGMENT;
    }
}

// Of several that hold an address, the first one counts.
static const struct cause_region regions[] = {
    {"program's", STACK_BOTTOM, PROGRAM_TOP, .is_stack = true},
    {"the addresses next to 0, where nothing ever is", 0, PROGRAM_BOTTOM, .is_stack = false},
    {"the program's addresses", PROGRAM_BOTTOM, USER_END, .is_stack = false},
    {"the kernel", MEMORY_DIRECT_MAP.start, UINT64_MAX, .is_stack = false},
};

// " (function+0x12)", or nothing.
static const char *describe_place(char *text, size_t size_bytes, const struct program *self, uint64_t address)
{
    struct elf_name name;
    text[0] = '\0';
    if (elf_names_find(self->file->bytes, self->file->size_bytes, address, &name))
        (void)format_string(text, size_bytes, " (%s+0x%llx)", name.text, (printable_t)name.offset);
    return text;
}

static void report(const struct program *self, const struct trap_frame *frame, uint64_t cr2, unsigned signal)
{
    const struct cause_register registers[] = {
        {"rax", frame->rax}, {"rbx", frame->rbx}, {"rcx", frame->rcx}, {"rdx", frame->rdx}, {"rsi", frame->rsi},
        {"rdi", frame->rdi}, {"rbp", frame->rbp}, {"r8", frame->r8},   {"r9", frame->r9},   {"r10", frame->r10},
        {"r11", frame->r11}, {"r12", frame->r12}, {"r13", frame->r13}, {"r14", frame->r14}, {"r15", frame->r15},
    };
    struct cause_facts facts = {
        .vector = frame->vector,
        .error_code = frame->error_code,
        .cr0 = cpu_read_cr0(),
        .cr2 = cr2,
        .dr6 = debug_status_read(),
        .is_user = true,
        .registers = registers,
        .register_count = sizeof registers / sizeof *registers,
        .regions = regions,
        .region_count = sizeof regions / sizeof *regions,
    };
    facts.code_length =
        (uint8_t)(sizeof facts.code - probe_copy_from_user(facts.code, (const void *)frame->rip, sizeof facts.code));
    char cause[CAUSE_LIMIT], place[PLACE_LIMIT];
    log_warning("program", "%s (%u) is ended by signal %u at 0x%llx%s: %s", self->name, self->id, signal,
                (printable_t)frame->rip, describe_place(place, sizeof place, self, frame->rip),
                cause_describe(cause, sizeof cause, &facts));
    for (unsigned i = 0; i < facts.register_count; i++)
        log_debug("program", "%s (%u): %s 0x%llx", self->name, self->id, registers[i].name,
                  (printable_t)registers[i].value);
}

static enum area_rights needed_by(uint64_t error_code)
{
    if (error_code & FAULT_WRITE)
        return AREA_WRITE;
    return error_code & FAULT_FETCH ? AREA_EXECUTE : AREA_READ;
}

[[gnu::noinline, noreturn]] static void end(struct program *self, const struct trap_frame *frame, uint64_t cr2,
                                            enum status status)
{
    cpu_interrupts_enable();
    if (status == STATUS_NO_MEMORY) {
        log_warning("program", "%s (%u) is ended: there is no memory for another page of it", self->name, self->id);
        program_end(self, EXIT_BY_SIGNAL + SIGNAL_KILL);
    }
    unsigned signal = signal_of(frame->vector);
    report(self, frame, cr2, signal);
    program_end(self, (uint8_t)(EXIT_BY_SIGNAL + signal));
}

bool death_by_exception(struct trap_frame *frame, uint64_t cr2)
{
    if (current_loaded == nullptr)
        return false; // somebody else has gone to ring 3
    struct program *self = program_of(frame);
    enum status status = STATUS_INVALID;
    if (__builtin_expect(frame->vector == PAGE_FAULT, true)) {
        self->fault_count++;
        status = space_touch(self, cr2, needed_by(frame->error_code));
    }
    if (__builtin_expect(status != STATUS_OK, false))
        end(self, frame, cr2, status);
    return true;
}
