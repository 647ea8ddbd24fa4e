// SPDX-License-Identifier: MIT
// Where every vector arrives in C. Entered by the CPU through arch's trap entries, from any instruction of the kernel
// and of programs; hands interrupts on to irq.c.
#include "entry.h"
#include <arch/cpu.h>
#include <arch/gdt.h>
#include <arch/idt.h>
#include <arch/machine_check.h>
#include <arch/probe.h>
#include <arch/user.h>
#include <interrupt/exception.h>
#include <lib/panic.h>
#include <lib/section.h>
#include <log/log.h>
#include <memory/heap.h>

// Intel SDM vol. 3, table 6-1.
constexpr uint64_t DEBUG = 1;
constexpr uint64_t NMI = 2;
constexpr uint64_t BREAKPOINT = 3;
constexpr uint64_t DOUBLE_FAULT = 8;
constexpr uint64_t STACK_FAULT = 12;
constexpr uint64_t GENERAL_PROTECTION = 13;
constexpr uint64_t PAGE_FAULT = 14;
constexpr uint64_t MACHINE_CHECK = 18;
constexpr uint64_t EXCEPTION_COUNT = 32;
constexpr uint64_t RING_MASK = 3; // of a selector

READ_ONLY_AFTER_INIT static exception_report_fn *report;
READ_ONLY_AFTER_INIT static exception_program_fn *program_handler;
static exception_handler_fn *handlers[EXCEPTION_COUNT];

static bool is_memory_fault(uint64_t vector)
{
    return vector == PAGE_FAULT || vector == GENERAL_PROTECTION || vector == STACK_FAULT;
}

// What is interrupted may be the heap's own function, or a handler that may not use the heap either.
static bool handle(struct trap_frame *frame, exception_handler_fn *handler)
{
    struct heap *heap = cpu_local_heap();
    kernel_heap_close();
    bool is_handled = handler(frame);
    cpu_local_set_heap(heap);
    return is_handled;
}

static inline void serve(struct trap_frame *frame, uint64_t cr2)
{
    if (is_memory_fault(frame->vector) && probe_land(frame))
        return;
    exception_handler_fn *handler = handlers[frame->vector];
    if (handler != nullptr && handle(frame, handler))
        return;
    if (frame->vector == BREAKPOINT) {
        log_info("exception", "breakpoint at 0x%llx", (unsigned long long)frame->rip);
        return;
    }
    // A program that steps itself comes here with the step's trap still due, on some CPUs (seen in Bochs 2.7). SYSCALL
    // has cleared the trap flag; the program gets it back, and its trap, when it goes on.
    if (frame->vector == DEBUG && user_is_call_entry(frame->rip))
        return;
    report(frame, cr2);
}

// What ring 3 has brought about itself has arrived where its entries begin.
[[gnu::noinline]] static void enter_from_ring_3(struct trap_frame *frame, uint64_t cr2)
{
    bool is_programs = program_handler != nullptr && frame->vector != NMI && frame->vector != DOUBLE_FAULT &&
                       frame->vector != MACHINE_CHECK;
    if (!is_programs || !program_handler(frame, cr2))
        serve(frame, cr2);
}

static void exception_enter(struct trap_frame *frame)
{
    uint64_t cr2 = cpu_read_cr2(); // a fault in what follows would overwrite it
    if (__builtin_expect((frame->cs & RING_MASK) != 0, false))
        enter_from_ring_3(frame, cr2);
    else
        serve(frame, cr2);
}

void exception_report(const struct trap_frame *frame)
{
    report(frame, cpu_read_cr2());
}

void exception_init(exception_report_fn *report_fatal)
{
    report = report_fatal;
    gdt_load();
    idt_load(exception_enter, irq_enter);
    machine_check_enable();
}

void exception_set_handler(uint8_t vector, exception_handler_fn *handler)
{
    ASSERT(vector < EXCEPTION_COUNT);
    handlers[vector] = handler;
}

void exception_set_program_handler(exception_program_fn *handler)
{
    program_handler = handler;
}
