// SPDX-License-Identifier: MIT
// The report of a fatal exception. Called by the interrupt module, in the middle of any instruction of the kernel; so
// it uses the emergency path alone and takes nothing for granted.
#include <arch/cpu.h>
#include <arch/idt.h>
#include <debug/debug.h>
#include <interrupt/vector.h>
#include <log/emergency.h>

typedef unsigned long long printable_t;

static void report_event(const struct trap_frame *frame)
{
    const char *kind = frame->vector < 32 ? "exception" : "interrupt";
    const char *name = vector_name(frame->vector);
    log_emergency("PANIC: %s %llu: %s\n", kind, (printable_t)frame->vector, name);
    log_emergency("vector: %llu\nname: %s\n", (printable_t)frame->vector, name);
    if (idt_vector_has_error_code(frame->vector))
        log_emergency("error_code: 0x%llx\n", (printable_t)frame->error_code);
    else
        log_emergency("error_code: none\n");
}

static void report_place(const struct trap_frame *frame)
{
    log_emergency("rip: 0x%016llx\ncs: 0x%04llx\nrflags: 0x%08llx\nrsp: 0x%016llx\nss: 0x%04llx\n",
                  (printable_t)frame->rip, (printable_t)frame->cs, (printable_t)frame->rflags, (printable_t)frame->rsp,
                  (printable_t)frame->ss);
}

static void report_control_registers(uint64_t cr2)
{
    log_emergency("cr0: 0x%016llx\ncr2: 0x%016llx\ncr3: 0x%016llx\ncr4: 0x%016llx\n", (printable_t)cpu_read_cr0(),
                  (printable_t)cr2, (printable_t)cpu_read_cr3(), (printable_t)cpu_read_cr4());
}

static void report_registers(const struct trap_frame *frame)
{
    const struct {
        char name[4];
        uint64_t value;
    } registers[] = {
        {"rax", frame->rax}, {"rbx", frame->rbx}, {"rcx", frame->rcx}, {"rdx", frame->rdx}, {"rsi", frame->rsi},
        {"rdi", frame->rdi}, {"rbp", frame->rbp}, {"r8", frame->r8},   {"r9", frame->r9},   {"r10", frame->r10},
        {"r11", frame->r11}, {"r12", frame->r12}, {"r13", frame->r13}, {"r14", frame->r14}, {"r15", frame->r15},
    };
    constexpr unsigned PER_LINE = 3; // a screen has 25 rows, and the first fact must still be on it
    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++)
        log_emergency("%s: 0x%016llx%s", registers[i].name, (printable_t)registers[i].value,
                      i % PER_LINE == PER_LINE - 1 ? "\n" : "  ");
}

struct exception {
    const struct trap_frame *frame;
    uint64_t cr2;
};

static void write_report(void *context, bool is_nested)
{
    const struct exception *exception = context;
    const struct trap_frame *frame = exception->frame;
    if (is_nested) {
        log_emergency("PANIC: vector %llu at rip 0x%llx, cr2 0x%llx, while another fatal error was being reported\n",
                      (printable_t)frame->vector, (printable_t)frame->rip, (printable_t)exception->cr2);
        return;
    }
    report_event(frame);
    report_place(frame);
    report_control_registers(exception->cr2);
    report_registers(frame);
}

void debug_report_exception(const struct trap_frame *frame, uint64_t cr2)
{
    struct exception exception = {frame, cr2};
    log_fatal_report(write_report, &exception);
}
