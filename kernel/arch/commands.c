// SPDX-License-Identifier: MIT
// The commands regs and cpuid: what the CPU is and how it is set up, in words. Called by the shell; registers.c and
// processor.c do the reading.
#include "registers.h"
#include <arch/memory_type.h>
#include <arch/processor.h>
#include <describe/size.h>
#include <lib/command_list.h>
#include <lib/format.h>

typedef unsigned long long printable_t;

// ---- regs: a row a register, and what its bits say

constexpr unsigned VALUE_COLUMN = 28; // behind "RFLAGS   0x0000000000000246  "
constexpr size_t TEXT_LIMIT = 100;
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct command_list begin(struct command_call *call, const char *name, uint64_t value)
{
    char title[TEXT_LIMIT];
    format_string(title, sizeof title, "%-8s0x%016llx", name, (printable_t)value);
    return command_list_begin(call, VALUE_COLUMN, title);
}

static void say_bits(struct command_call *call, const char *name, uint64_t value, uint64_t mask,
                     const struct command_bit *bits, size_t count)
{
    struct command_list list = begin(call, name, value);
    command_list_add_bits(&list, value & mask, bits, count);
    command_list_end(&list, "no bit is set");
}

__attribute__((format(printf, 4, 5))) static void say(struct command_call *call, const char *name, uint64_t value,
                                                      const char *format, ...)
{
    char text[TEXT_LIMIT];
    va_list arguments;
    va_start(arguments, format);
    format_string_list(text, sizeof text, format, arguments);
    va_end(arguments);
    struct command_list list = begin(call, name, value);
    command_list_add(&list, "%s", text);
    command_list_end(&list, "");
}

// Intel SDM vol. 3, 2.5.
static const struct command_bit cr0_bits[] = {
    {0, "PE protected mode"},
    {1, "MP FWAIT heeds TS"},
    {2, "EM no x87"},
    {3, "TS registers of another task"},
    {4, "ET x87 of the 387's kind"},
    {5, "NE x87 errors raise #MF"},
    {16, "WP ring 0 obeys read-only pages"},
    {18, "AM alignment checks possible"},
    {29, "NW no write-through"},
    {30, "CD caches off"},
    {31, "PG paging"},
};
static const struct command_bit cr4_bits[] = {
    {0, "VME virtual 8086 extensions"},
    {1, "PVI virtual interrupts"},
    {2, "TSD RDTSC in ring 0 alone"},
    {3, "DE debug extensions"},
    {4, "PSE pages of 4 MiB"},
    {5, "PAE entries of 64 bits"},
    {6, "MCE machine checks raise #MC"},
    {7, "PGE global pages"},
    {8, "PCE RDPMC in every ring"},
    {9, "OSFXSR SSE may be used"},
    {10, "OSXMMEXCPT SSE errors raise #XM"},
    {11, "UMIP ring 3 cannot ask for tables"},
    {12, "LA57 five levels of page tables"},
    {13, "VMXE"},
    {14, "SMXE"},
    {16, "FSGSBASE instructions"},
    {17, "PCIDE tagged TLB"},
    {18, "OSXSAVE"},
    {20, "SMEP ring 0 runs no page of ring 3"},
    {21, "SMAP ring 0 reads no page of ring 3"},
    {22, "PKE keys of ring 3's pages"},
    {23, "CET control-flow enforcement"},
    {24, "PKS keys of ring 0's pages"},
};
// 2.2.1, and AMD APM vol. 2, 3.1.7.
static const struct command_bit efer_bits[] = {
    {0, "SCE SYSCALL"},
    {8, "LME long mode wanted"},
    {10, "LMA long mode active"},
    {11, "NXE pages can forbid execution"},
    {12, "SVME virtual machines"},
    {14, "FFXSR fast FXSAVE"},
};
// Vol. 1, 3.4.3. Bit 1 is always set.
static const struct command_bit rflags_bits[] = {
    {0, "CF carry"},     {2, "PF parity"},       {4, "AF half carry"}, {6, "ZF zero"},
    {7, "SF sign"},      {8, "TF single step"},  {9, "IF interrupts"}, {10, "DF downwards"},
    {11, "OF overflow"}, {14, "NT nested task"}, {16, "RF resume"},    {18, "AC alignment check"},
    {21, "ID CPUID"},
};
constexpr uint64_t RFLAGS_KNOWN = ~(uint64_t)(1u << 1 | 3u << 12);
// Vol. 1, 13.3.
static const struct command_bit xcr0_bits[] = {
    {0, "x87"},
    {1, "SSE"},
    {2, "AVX"},
    {5, "AVX-512 masks"},
    {6, "AVX-512 upper halves"},
    {7, "AVX-512 upper 16"},
    {9, "protection keys"},
};
// 17.2.3; the others are constant.
static const struct command_bit dr6_bits[] = {
    {0, "DR0 was met"}, {1, "DR1 was met"},     {2, "DR2 was met"},     {3, "DR3 was met"},
    {13, "BD"},         {14, "BS single step"}, {15, "BT task switch"},
};
constexpr uint64_t DR6_REASONS = 0xe00f;
// 11.4.4.
static const struct command_bit apic_bits[] = {{8, "boot CPU"}, {10, "x2APIC"}, {11, "enabled"}};

static void say_control_registers(struct command_call *call, const struct registers *now)
{
    constexpr uint64_t ALL = UINT64_MAX, TABLE = 0x000f'ffff'ffff'f000;
    say_bits(call, "CR0", now->cr0, ALL, cr0_bits, COUNT(cr0_bits));
    say(call, "CR2", now->cr2, "where the last page fault was");
    say(call, "CR3", now->cr3, "page tables from physical 0x%llx on", (printable_t)(now->cr3 & TABLE));
    say_bits(call, "CR4", now->cr4, ALL, cr4_bits, COUNT(cr4_bits));
    say_bits(call, "EFER", now->efer, ALL, efer_bits, COUNT(efer_bits));
    if (now->has_xcr0)
        say_bits(call, "XCR0", now->xcr0, ALL, xcr0_bits, COUNT(xcr0_bits));
    say_bits(call, "RFLAGS", now->rflags, RFLAGS_KNOWN, rflags_bits, COUNT(rflags_bits));
}

static void say_debug_registers(struct command_call *call, const struct registers *now)
{
    static const char *const events[] = {"execution", "writes", "I/O", "reads and writes"};
    static const uint8_t lengths[] = {1, 2, 8, 4};
    for (unsigned i = 0; i < DEBUG_ADDRESS_COUNT; i++) {
        char name[4];
        format_string(name, sizeof name, "DR%u", i);
        uint64_t condition = now->dr7 >> (16 + 4 * i);
        if ((now->dr7 >> (2 * i) & 3) == 0)
            say(call, name, now->debug_addresses[i], "off");
        else
            say(call, name, now->debug_addresses[i], "stops %s of %u bytes", events[condition & 3],
                (unsigned)lengths[condition >> 2 & 3]);
    }
    say_bits(call, "DR6", now->dr6, DR6_REASONS, dr6_bits, COUNT(dr6_bits));
    say(call, "DR7", now->dr7, "%s", (now->dr7 & 0xff) == 0 ? "no breakpoint is on" : "breakpoints as above");
}

// What the entry of the GDT that SELECTOR names is (vol. 3, 3.4.5 and 3.5).
static const char *describe_descriptor(const struct registers *now, uint16_t selector)
{
    constexpr uint64_t IS_SEGMENT = 1ull << 44, IS_CODE = 1ull << 43, IS_WRITABLE = 1ull << 41, IS_LONG = 1ull << 53;
    if ((selector & ~3) == 0)
        return "null: no segment";
    if (selector & 4)
        return "an entry of the LDT";
    if ((selector | 7) > now->gdt.limit)
        return "beyond the GDT";
    uint64_t entry = ((const uint64_t *)now->gdt.base)[selector / 8];
    if (!(entry & IS_SEGMENT))
        return (entry >> 40 & 0xd) == 9 ? "task state of 64 bits" : "a system segment";
    if (entry & IS_CODE)
        return entry & IS_LONG ? "code of 64 bits" : "code of 32 bits";
    return entry & IS_WRITABLE ? "data, writable" : "data, read-only";
}

static void say_selector(struct command_call *call, const char *name, const struct registers *now, uint16_t selector)
{
    command_print(call, "%-8s0x%04x              ring %u, entry %u: %s\n", name, selector, selector & 3u, selector / 8u,
                  describe_descriptor(now, selector));
}

static void say_segments(struct command_call *call, const struct registers *now)
{
    for (unsigned i = 0; i < SEGMENT_COUNT; i++)
        say_selector(call, segment_names[i], now, now->segments[i]);
    say(call, "FS base", now->fs_base, "what FS: adds to an address");
    say(call, "GS base", now->gs_base, "this CPU's own data");
    say(call, "  other", now->kernel_gs_base, "what SWAPGS exchanges it with");
    say(call, "GDT", now->gdt.base, "%u bytes, %u entries", now->gdt.limit + 1u, (now->gdt.limit + 1u) / 8);
    say(call, "IDT", now->idt.base, "%u bytes, %u gates", now->idt.limit + 1u, (now->idt.limit + 1u) / 16);
    say_selector(call, "LDTR", now, now->local_table);
    say_selector(call, "TR", now, now->task);
}

static void say_memory_types(struct command_call *call, uint64_t pat)
{
    struct command_list list = begin(call, "PAT", pat);
    for (unsigned i = 0; i < 8; i++) {
        command_list_add(&list, "%u %s", i, memory_type_name(i));
    }
    command_list_end(&list, "");
}

static void say_optional(struct command_call *call, const struct registers *now)
{
    constexpr uint64_t APIC_FLAGS = 0xfff;
    if (now->has_pat)
        say_memory_types(call, now->pat);
    if (now->has_apic) {
        struct command_list list = begin(call, "APIC", now->apic_base);
        command_list_add(&list, "registers at physical 0x%llx", (printable_t)(now->apic_base & ~APIC_FLAGS));
        command_list_add_bits(&list, now->apic_base & APIC_FLAGS, apic_bits, COUNT(apic_bits));
        command_list_end(&list, "");
    }
    if (!now->has_syscall)
        return;
    say(call, "STAR", now->star, "SYSCALL loads CS 0x%x, SYSRET from 0x%x on", (unsigned)(now->star >> 32 & 0xffff),
        (unsigned)(now->star >> 48));
    say(call, "LSTAR", now->lstar, "where SYSCALL goes");
    say(call, "CSTAR", now->cstar, "where it goes from 32-bit code");
    say_bits(call, "SFMASK", now->syscall_mask, UINT64_MAX, rflags_bits, COUNT(rflags_bits));
}

static enum status run_regs(struct command_call *call)
{
    struct registers now;
    registers_read(&now);
    say_control_registers(call, &now);
    say_debug_registers(call, &now);
    say_segments(call, &now);
    say_optional(call, &now);
    return STATUS_OK;
}

COMMAND(regs, .summary = "show the CPU's system registers, bit by bit", .run = run_regs,
        .details = "Control, debug and segment registers, descriptor tables, and the model-specific\n"
                   "registers that CPUID promises. The general registers are left out: at this\n"
                   "moment they hold what the command itself works with. Intel SDM vol. 3, 2.\n");

// ---- cpuid

constexpr unsigned NAME_COLUMN = 18;

static void say_identity(struct command_call *call, const struct processor *processor)
{
    command_print(call, "%-18s%s\n", "vendor", processor->vendor);
    command_print(call, "%-18s%s\n", "brand", processor->brand[0] != '\0' ? processor->brand : "none");
    command_print(call, "%-18s0x%08x: family %u, model %u, stepping %u\n", "signature", processor->signature,
                  processor->family, processor->model, processor->stepping);
    command_print(call, "%-18sup to 0x%x, extended up to 0x%x\n", "leaves", processor->highest_leaf,
                  processor->highest_extended_leaf);
    if (processor->physical_bits != 0)
        command_print(call, "%-18sphysical of %u bits, virtual of %u bits\n", "addresses", processor->physical_bits,
                      processor->virtual_bits);
    if (processor->hypervisor[0] != '\0')
        command_print(call, "%-18s%s, leaves up to 0x%x\n", "hypervisor", processor->hypervisor,
                      processor->highest_hypervisor_leaf);
}

static void say_caches(struct command_call *call, const struct processor *processor)
{
    struct processor_cache cache;
    for (unsigned i = 0; processor_cache(processor, i, &cache); i++) {
        char size[DESCRIBE_SIZE_LIMIT], ways[16] = "any";
        if (cache.ways != 0)
            format_string(ways, sizeof ways, "%u", cache.ways);
        command_print(call, "%-18sL%u %-12s %10s, lines of %u bytes, %s ways\n", i == 0 ? "caches" : "", cache.level,
                      cache.contents, describe_size(size, cache.size_bytes), cache.line_bytes, ways);
    }
}

static void list_features(struct command_call *call, const struct processor *processor, enum processor_group group,
                          bool is_wanted)
{
    char title[TEXT_LIMIT];
    format_string(title, sizeof title, is_wanted ? "%s" : "  without", processor_group_name(group));
    struct command_list list = command_list_begin(call, NAME_COLUMN, title);
    const struct processor_feature *feature;
    for (unsigned i = 0; (feature = processor_feature(i)) != nullptr; i++) {
        if (feature->group == group && processor_has_feature(processor, i) == is_wanted)
            command_list_add(&list, "%s", feature->name);
    }
    command_list_end(&list, "-");
}

static enum status show_leaf(struct command_call *call, const struct processor *processor)
{
    uint64_t leaf = call->arguments[0].number, subleaf = call->argument_count > 1 ? call->arguments[1].number : 0;
    if (leaf > UINT32_MAX || subleaf > UINT32_MAX)
        return command_fail(call, STATUS_RANGE, "leaves and subleaves are numbers of 32 bits");
    if (!processor_has_leaf(processor, (uint32_t)leaf))
        return command_fail(call, STATUS_NOT_FOUND,
                            "this CPU has no leaf 0x%x: what it answered would be another leaf's, or junk",
                            (unsigned)leaf);
    struct processor_leaf answer = processor->cpuid((uint32_t)leaf, (uint32_t)subleaf);
    command_print(call, "leaf 0x%x, subleaf 0x%x\neax 0x%08x  ebx 0x%08x  ecx 0x%08x  edx 0x%08x\n", (unsigned)leaf,
                  (unsigned)subleaf, answer.eax, answer.ebx, answer.ecx, answer.edx);
    return STATUS_OK;
}

static enum status run_cpuid(struct command_call *call)
{
    struct processor processor;
    cpu_identify(&processor);
    if (call->argument_count > 0)
        return show_leaf(call, &processor);
    say_identity(call, &processor);
    say_caches(call, &processor);
    for (unsigned group = 0; group < PROCESSOR_GROUP_COUNT; group++) {
        list_features(call, &processor, (enum processor_group)group, true);
        list_features(call, &processor, (enum processor_group)group, false);
    }
    return STATUS_OK;
}

COMMAND(cpuid, .summary = "say who the CPU is and what it can do", .run = run_cpuid,
        .details = "With a leaf, the four registers of CPUID's answer as they are. Extended leaves\n"
                   "begin at 0x80000000, those of a hypervisor at 0x40000000.\n",
        .parameters = {{"leaf", .kind = COMMAND_NUMBER, .is_optional = true},
                       {"subleaf", .kind = COMMAND_NUMBER, .is_optional = true}});
