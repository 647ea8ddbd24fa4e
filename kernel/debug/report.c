// SPDX-License-Identifier: MIT
// The report of a fatal exception: which part comes when. Called by the interrupt module, in the middle of any
// instruction of the kernel; so it uses the emergency path alone and takes nothing for granted. The grammar is that of
// docs/panic-report.md.
#include "parts.h"
#include <arch/cpu.h>
#include <arch/idt.h>
#include <arch/machine_check.h>
#include <debug/debug.h>
#include <interrupt/vector.h>

constexpr uint64_t PAGE_FAULT = 14;
constexpr uint64_t MACHINE_CHECK = 18;

static void write_event(const struct trap_frame *frame)
{
    const char *kind = frame->vector < 32 ? "exception" : "interrupt";
    log_emergency("PANIC: %s %llu: %s\n", kind, (printable_t)frame->vector, vector_name(frame->vector));
}

static void write_cause(const struct cause_facts *facts, const struct log_fatal_turn *turn)
{
    char text[CAUSE_LIMIT];
    cause_describe(text, sizeof text, facts);
    int room = turn->is_brief ? SCREEN_CAUSE_CHARACTERS - (int)sizeof "cause: " : (int)sizeof text;
    log_emergency("cause: %.*s\n", room, text);
}

static void write_place(const struct trap_frame *frame)
{
    log_emergency("vector: %llu  name: %s  ", (printable_t)frame->vector, vector_name(frame->vector));
    if (idt_vector_has_error_code(frame->vector))
        log_emergency("error_code: 0x%llx\n", (printable_t)frame->error_code);
    else
        log_emergency("error_code: none\n");
    log_emergency("rip: 0x%016llx  cs: 0x%04llx  rflags: 0x%08llx\n", (printable_t)frame->rip, (printable_t)frame->cs,
                  (printable_t)frame->rflags);
    log_emergency("rsp: 0x%016llx  ss: 0x%04llx\n", (printable_t)frame->rsp, (printable_t)frame->ss);
}

static void write_control_registers(uint64_t cr2)
{
    log_emergency("cr0: 0x%016llx  cr2: 0x%016llx\ncr3: 0x%016llx  cr4: 0x%016llx\n", (printable_t)cpu_read_cr0(),
                  (printable_t)cr2, (printable_t)cpu_read_cr3(), (printable_t)cpu_read_cr4());
}

static void write_registers(const struct cause_facts *facts)
{
    constexpr unsigned PER_LINE = 3;
    for (unsigned i = 0; i < facts->register_count; i++)
        log_emergency("%s: 0x%016llx%s", facts->registers[i].name, (printable_t)facts->registers[i].value,
                      i % PER_LINE == PER_LINE - 1 ? "\n" : "  ");
}

static void write_banks(const struct log_fatal_turn *turn)
{
    unsigned room = turn->is_brief ? SCREEN_BANKS : UINT32_MAX;
    unsigned count = machine_check_bank_count();
    for (unsigned bank = 0; bank < count && room > 0; bank++) {
        uint64_t status = machine_check_status(bank);
        if (!(status & MACHINE_CHECK_VALID))
            continue;
        char text[CAUSE_LIMIT];
        log_emergency("bank: %u  status: 0x%016llx", bank, (printable_t)status);
        if (status & MACHINE_CHECK_ADDRESS_VALID)
            log_emergency("  address: 0x%llx", (printable_t)machine_check_address(bank));
        log_emergency("%s%s\n", turn->is_brief ? "\n " : "  ", cause_describe_bank(text, sizeof text, status));
        room--;
    }
}

// Something in what write_report() does has failed, so this does little, and the most important first.
static void write_nested_report(const struct exception *exception, const struct log_fatal_turn *turn)
{
    const struct trap_frame *frame = exception->frame;
    log_emergency("PANIC: vector %llu at rip 0x%llx, cr2 0x%llx, while another fatal error was being reported\n",
                  (printable_t)frame->vector, (printable_t)frame->rip, (printable_t)exception->cr2);
    write_cause(facts_collect(exception), turn);
    first_death_write();
}

static void write_report(void *context, const struct log_fatal_turn *turn)
{
    const struct exception *exception = context;
    if (turn->is_nested) {
        write_nested_report(exception, turn);
        return;
    }
    const struct cause_facts *facts = facts_collect(exception);
    write_event(exception->frame);
    write_cause(facts, turn);
    write_place(exception->frame);
    write_control_registers(exception->cr2);
    write_registers(facts);
    if (exception->frame->vector == PAGE_FAULT)
        page_walk_write(exception->cr2, turn);
    if (exception->frame->vector == MACHINE_CHECK)
        write_banks(turn);
    backtrace_write_exception(exception->frame, turn);
    if (!turn->is_brief) {
        log_emergency("log:\n");
        log_emergency_tail(LOG_LINES);
    }
}

void debug_report_exception(const struct trap_frame *frame, uint64_t cr2)
{
    struct log_death death = {
        .vector = (uint32_t)frame->vector,
        .error_code = frame->error_code,
    };
    struct exception exception = {frame, cr2};
    first_death_keep_exception(&exception);
    log_fatal_report(&death, write_report, &exception);
}
