// SPDX-License-Identifier: MIT
// The command that shows the interrupt lines: which wire leads to which handler, and how often it did.
#include <debug/debug.h>
#include <describe/size.h>
#include <interrupt/irq.h>
#include <lib/command.h>
#include <lib/format.h>
#include <time/time.h>

typedef unsigned long long printable_t;

constexpr unsigned VECTOR_COUNT = 256;

// What was seen the last time.
static struct {
    uint64_t now_ns;
    uint64_t counts[VECTOR_COUNT];
} last;

struct text {
    char bytes[24];
};

static struct text line_name(const struct irq_line *line)
{
    struct text text;
    if (line->line == IRQ_LINE_LOCAL_TIMER)
        return (struct text){"timer"};
    format_string(text.bytes, sizeof text.bytes, "%u", line->line);
    return text;
}

// Neither the 8259 pair's lines nor the local timer have any.
static struct text gsi_of(const struct irq_line *line)
{
    struct text text = {"-"};
    if (line->has_gsi)
        format_string(text.bytes, sizeof text.bytes, "%u", line->gsi);
    return text;
}

static struct text pin_of(const struct irq_line *line)
{
    struct text text = {"-"};
    if (line->has_gsi)
        format_string(text.bytes, sizeof text.bytes, "%u.%u", line->io_apic, line->pin);
    return text;
}

static struct text trigger_of(const struct irq_line *line)
{
    struct text text;
    const char *polarity = !line->has_gsi ? "" : line->is_low ? " low" : " high";
    format_string(text.bytes, sizeof text.bytes, "%s%s", line->is_level ? "level" : "edge", polarity);
    return text;
}

// Tenths a second, since the last call. A line that was registered anew counts from there.
static uint64_t rate_of(const struct irq_line *line, uint64_t span_ns)
{
    uint64_t before = last.counts[line->vector], count = line->counters.count;
    uint64_t new_count = count >= before ? count - before : count;
    uint64_t span_ms = span_ns / 1'000'000;
    return span_ms == 0 ? 0 : new_count * 10'000 / span_ms;
}

static void print_line(struct command_call *call, const struct irq_line *line, uint64_t span_ns)
{
    char worst[DESCRIBE_DURATION_LIMIT] = "-"; // where nobody knows how fast the TSC counts
    if (time_facts()->hz[TIME_SOURCE_TSC] != 0)
        describe_duration(worst, time_of_ticks_ns(line->counters.worst_ticks));
    uint64_t rate = rate_of(line, span_ns);
    const char *state = line->counters.storm_count != 0 && line->is_masked ? "\033[91mstorm\033[m "
                        : line->is_masked                                  ? "\033[93mmasked\033[m"
                                                                           : "open  ";
    command_print(call, "%-5s %4s %4s 0x%02x %-10s %s %8llu %4llu.%llu %8s %s\n", line_name(line).bytes,
                  gsi_of(line).bytes, pin_of(line).bytes, line->vector, trigger_of(line).bytes, state,
                  (printable_t)line->counters.count, (printable_t)(rate / 10), (printable_t)(rate % 10), worst,
                  debug_function_name((const void *)line->handler));
}

static enum status run_irq(struct command_call *call)
{
    uint64_t now_ns = time_now_ns(), span_ns = now_ns - last.now_ns;
    char span[DESCRIBE_DURATION_LIMIT];
    unsigned storm_count = 0;
    command_print(call, "%s; rates are those of the last %s\n",
                  irq_controller() == IRQ_CONTROLLER_APIC ? "local APIC and I/O APICs" : "8259 pair",
                  describe_duration(span, span_ns));
    command_print(call, "%-5s %4s %4s %-4s %-10s %-6s %8s %6s %8s %s\n", "line", "gsi", "pin", "to", "trigger", "state",
                  "count", "each s", "worst", "handler");
    struct irq_line line;
    for (unsigned vector = 0; irq_next_line(&vector, &line);) {
        print_line(call, &line, span_ns);
        last.counts[line.vector] = line.counters.count;
        storm_count += line.counters.storm_count;
    }
    last.now_ns = now_ns;
    command_print(call, "%llu spurious, %llu that no handler wanted, %u storms masked\n",
                  (printable_t)irq_spurious_count(), (printable_t)irq_unclaimed_count(), storm_count);
    return STATUS_OK;
}

COMMAND(irq, .summary = "show the interrupt lines, their handlers and how often they came", .run = run_irq,
        .details = "line     the device's: ISA IRQ 0 to 15, a GSI above that; or the CPU's own timer\n"
                   "gsi      its wire by ACPI's count of them; pin 0.2: pin 2 of I/O APIC 0\n"
                   "to       the vector that the CPU sees\n"
                   "each s   interrupts a second since this was asked last; at first, since the boot\n"
                   "worst    the longest time in the handler\n");
