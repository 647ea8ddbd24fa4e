// SPDX-License-Identifier: MIT
// kernel/debug/cause: each exception has its sentence, and each fact that it depends on changes it.
#include <cause/cause.h>
#include <support/random.h>
#include <support/unit.h>

constexpr uint64_t BASE = 0xffff'ffff'8000'0000;
constexpr uint64_t STACKS = 0xffff'd000'0000'0000;

static const struct cause_region regions[] = {
    {"boot", BASE + 0x3'0000, BASE + 0x3'8000, true},
    {"NMI", BASE + 0x3'a000, BASE + 0x3'c000, true},
    {nullptr, STACKS + 0x5000, STACKS + 0x9000, true},
    {"kernel text", BASE, BASE + 0x8000, false},
    {"kernel data", BASE + 0x9000, BASE + 0x4'0000, false}, // holds the stacks, which count first
    {"identity map", 0, 1ull << 46, false},
    {"stacks", STACKS, STACKS + 0x1'0000, false}, // holds the one without a name
};

static struct cause_facts facts_of(uint64_t vector, uint64_t error_code)
{
    return (struct cause_facts){.vector = vector,
                                .error_code = error_code,
                                .regions = regions,
                                .region_count = sizeof regions / sizeof *regions};
}

static const char *describe(const struct cause_facts *facts)
{
    static char text[CAUSE_LIMIT];
    memset(text, '?', sizeof text);
    assert_ptr_equal(cause_describe(text, sizeof text, facts), text);
    assert_true(strlen(text) < sizeof text);
    return text;
}

static void a_page_fault_tells_who_did_what_and_what_stood_against_it(void **)
{
    static const struct {
        uint64_t error_code;
        const char *start, *end;
    } cases[] = {
        {0x0, "the kernel read from 0x0000000000001000: ", "; no page is mapped there"},
        {0x2, "the kernel wrote to ", "; no page is mapped there"},
        {0x4, "a program read from ", "; no page is mapped there"},
        {0x6, "a program wrote to ", "; no page is mapped there"},
        {0x10, "the kernel jumped to ", "; no page is mapped there"},
        {0x14, "a program jumped to ", "; no page is mapped there"},
        {0x1, "the kernel read from ", "; the page is a program's"},
        {0x3, "the kernel wrote to ", "; the page is a program's"},
        {0x5, "a program read from ", "; the page is the kernel's"},
        {0x7, "a program wrote to ", "; the page is read-only, or not for this ring"},
        {0x11, "the kernel jumped to ", "; the page is a program's"},
        {0x15, "a program jumped to ", "; the page is not executable"},
        {0x9, "the kernel read from ", "; a reserved bit is set in the page tables"},
        {0xb, "the kernel wrote to ", "; a reserved bit is set in the page tables"},
        {0x25, "a program read from ", "; the page's protection key forbids it"},
        {0x45, "a program used a shadow stack at ", "; the page is no shadow stack"},
        {0x8007, "a program wrote to ", "; the page belongs to an enclave"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cause_facts facts = facts_of(14, cases[i].error_code);
        facts.cr2 = 0x1000;
        const char *text = describe(&facts);
        assert_memory_equal(text, cases[i].start, strlen(cases[i].start));
        assert_string_equal(text + strlen(text) - strlen(cases[i].end), cases[i].end);
        assert_non_null(strstr(text, "identity map"));
    }
}

static void a_page_fault_in_the_kernels_half_tells_what_the_page_is(void **)
{
    static const struct {
        uint64_t error_code;
        const char *end;
    } cases[] = {
        {0x1, ": kernel text; the page's rights forbid it"},
        {0x3, ": kernel text; the page is read-only, or not for this ring"},
        {0x5, ": kernel text; the page is the kernel's"},
        {0x11, ": kernel text; the page is not executable"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cause_facts facts = facts_of(14, cases[i].error_code);
        facts.cr2 = BASE;
        const char *text = describe(&facts);
        assert_string_equal(text + strlen(text) - strlen(cases[i].end), cases[i].end);
    }
}

static void a_page_fault_tells_where_the_address_lies(void **)
{
    static const struct {
        uint64_t address;
        const char *place;
    } cases[] = {
        {0, ": null pointer + 0x0;"},
        {0x18, ": null pointer + 0x18;"},
        {0xfff, ": null pointer + 0xfff;"},
        {0x1000, ": identity map;"},
        {UINT64_MAX, ": null pointer - 0x1;"},
        {-0x1000ull, ": null pointer - 0x1000;"},
        {-0x1001ull, ": upper half, no part of the kernel;"},
        {BASE, ": kernel text;"},
        {BASE + 0x7fff, ": kernel text;"},
        {BASE + 0x8000, ": upper half, no part of the kernel;"},
        {BASE + 0x9000, ": kernel data;"},
        {BASE + 0x2'efff, ": kernel data;"},
        {BASE + 0x2'f000, ": guard page of the boot stack;"},
        {BASE + 0x2'ffff, ": guard page of the boot stack;"},
        {BASE + 0x3'0000, ": boot stack;"},
        {BASE + 0x3'7fff, ": boot stack;"},
        {BASE + 0x3'9fff, ": guard page of the NMI stack;"},
        {BASE + 0x3'a000, ": NMI stack;"},
        {STACKS + 0x3fff, ": stacks;"},
        {STACKS + 0x4000, ": guard page of the kernel stack at 0xffffd00000005000;"},
        {STACKS + 0x4fff, ": guard page of the kernel stack at 0xffffd00000005000;"},
        {STACKS + 0x5000, ": kernel stack at 0xffffd00000005000;"},
        {STACKS + 0x8fff, ": kernel stack at 0xffffd00000005000;"},
        {STACKS + 0x9000, ": stacks;"},
        {1ull << 46, ": lower half;"},
        {0xffff'8000'0000'0000, ": upper half, no part of the kernel;"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cause_facts facts = facts_of(14, 2);
        facts.cr2 = cases[i].address;
        const char *text = describe(&facts);
        if (strstr(text, cases[i].place) == nullptr)
            fail_msg("<%s> lacks <%s>", text, cases[i].place);
    }
}

static void a_double_fault_names_the_stack_that_has_overflown(void **)
{
    struct cause_facts facts = facts_of(8, 0);
    facts.cr2 = BASE + 0x3'9ff8;
    assert_string_equal(describe(&facts), "the CPU could not deliver another exception; CR2 lies in the guard page of "
                                          "the NMI stack: that stack has overflown");
    facts.cr2 = STACKS + 0x4ff8;
    assert_string_equal(describe(&facts), "the CPU could not deliver another exception; CR2 lies in the guard page of "
                                          "the kernel stack at 0xffffd00000005000: that stack has overflown");
    facts.cr2 = BASE + 0x3'a000; // in the stack, not below it
    assert_string_equal(describe(&facts),
                        "the CPU could not deliver another exception; if that was a page fault, CR2 says where: NMI "
                        "stack");
}

static void a_selector_is_told_with_index_and_table(void **)
{
    static const struct {
        uint64_t vector, error_code;
        const char *text;
    } cases[] = {
        {13, 0x77f8, "a segment or gate does not allow this use: selector 0x77f8, entry 3839 of the GDT"},
        {13, 0x1c, "a segment or gate does not allow this use: selector 0x1c, entry 3 of the LDT"},
        {13, 0x102, "a segment or gate does not allow this use: gate 32 of the IDT"},
        {13, 0xffff'0103,
         "a segment or gate does not allow this use: gate 32 of the IDT, while the CPU was delivering an event that no "
         "instruction asked for"},
        {10, 0x30, "the task-state segment, or what it names, is not valid: selector 0x30, entry 6 of the GDT"},
        {11, 0x18, "a descriptor is marked as not present: selector 0x18, entry 3 of the GDT"},
        {12, 0x10, "no stack segment to load: selector 0x10, entry 2 of the GDT"},
        {12, 0, "an access through RSP or RBP to an address that is not canonical"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cause_facts facts = facts_of(cases[i].vector, cases[i].error_code);
        assert_string_equal(describe(&facts), cases[i].text);
    }
}

static void a_protection_fault_without_code_suspects_a_register_that_is_not_canonical(void **)
{
    struct cause_register registers[] = {{"rax", 0x7fff'ffff'ffff}, {"rbx", 0xffff'8000'0000'0000}, {"r8", 1}};
    struct cause_facts facts = facts_of(13, 0);
    facts.registers = registers;
    facts.register_count = 3;
    assert_non_null(strstr(describe(&facts), "possibly a privileged instruction"));
    registers[2].value = 0x8000'0000'0000;
    assert_non_null(strstr(describe(&facts), "possibly the use of r8 as an address"));
    registers[1].value = 0xffff'7fff'ffff'ffff;
    assert_non_null(strstr(describe(&facts), "possibly the use of rbx as an address"));
}

static void an_invalid_opcode_shows_its_bytes(void **)
{
    struct cause_facts facts = facts_of(6, 0);
    assert_non_null(strstr(describe(&facts), "cannot be read"));
    facts.code_length = 3;
    memcpy(facts.code, "\xf0\x0f\xff", 3);
    assert_string_equal(describe(&facts), "no instruction for this CPU or this mode; bytes at RIP: f0 0f ff");
    memcpy(facts.code, "\x0f\x0b\x90", 3);
    assert_string_equal(describe(&facts),
                        "UD2, where the compiler takes for granted that nobody comes; bytes at RIP: 0f 0b 90");
    facts.code_length = 1;
    assert_string_equal(describe(&facts), "no instruction for this CPU or this mode; bytes at RIP: 0f");
    facts.code_length = 255;
    assert_string_equal(strstr(describe(&facts), ": "), ": 0f 0b 90 00 00 00 00 00");
}

static void a_debug_exception_lists_the_reasons_of_dr6(void **)
{
    static const struct {
        uint64_t dr6;
        const char *text;
    } cases[] = {
        {0xffff'0ff0, "INT1, or a reason that DR6 does not name"},
        {0xffff'4ff0, "single step"},
        {0xffff'0ff1, "breakpoint register 0"},
        {0xffff'0ffa, "breakpoint register 1, breakpoint register 3"},
        {0xffff'eff4, "breakpoint register 2, an access to a debug register, single step, a task switch"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cause_facts facts = facts_of(1, 0);
        facts.dr6 = cases[i].dr6;
        assert_string_equal(describe(&facts), cases[i].text);
    }
}

static void a_non_maskable_interrupt_lists_the_reasons_of_port_61(void **)
{
    struct cause_facts facts = facts_of(2, 0);
    facts.port_61 = 0x3f;
    assert_non_null(strstr(describe(&facts), "none of the reasons"));
    facts.port_61 = 0x40;
    assert_string_equal(describe(&facts), "port 61h: a card's I/O check");
    facts.port_61 = 0xff;
    assert_string_equal(describe(&facts), "port 61h: a card's I/O check, port 61h: memory parity or PCI system error");
}

static void a_device_that_is_not_available_is_told_by_cr0(void **)
{
    struct cause_facts facts = facts_of(7, 0);
    assert_non_null(strstr(describe(&facts), "neither CR0.EM nor CR0.TS"));
    facts.cr0 = 1 << 3;
    assert_non_null(strstr(describe(&facts), "CR0.TS says"));
    facts.cr0 = 1 << 2 | 1 << 3;
    assert_non_null(strstr(describe(&facts), "CR0.EM says"));
}

static void an_alignment_check_depends_on_the_ring(void **)
{
    struct cause_facts facts = facts_of(17, 0);
    assert_non_null(strstr(describe(&facts), "across two cache lines"));
    facts.is_user = true;
    assert_non_null(strstr(describe(&facts), "RFLAGS.AC"));
}

static void control_protection_is_told_by_its_code(void **)
{
    static const char *const words[] = {"a rule", "RET to", "far RET", "ENDBR", "RSTORSSP", "SETSSBSY", "a rule"};
    for (unsigned code = 0; code < sizeof words / sizeof *words; code++) {
        struct cause_facts facts = facts_of(21, 0x8000 | code);
        assert_non_null(strstr(describe(&facts), words[code]));
    }
}

static void every_vector_has_a_sentence_and_most_have_their_own(void **)
{
    static char texts[256][CAUSE_LIMIT];
    unsigned distinct = 0;
    for (unsigned vector = 0; vector < 256; vector++) {
        struct cause_facts facts = facts_of(vector, 0);
        strcpy(texts[vector], describe(&facts));
        assert_true(strlen(texts[vector]) > 3);
        bool is_new = true;
        for (unsigned other = 0; other < vector; other++)
            is_new = is_new && strcmp(texts[other], texts[vector]) != 0;
        distinct += is_new;
    }
    // 0..8, 10..14, 16..21, 28..30 have their own; the reserved ones share one, and so do the interrupts.
    assert_int_equal(distinct, 9 + 5 + 6 + 3 + 2);
}

static void a_sentence_is_cut_to_its_buffer(void **)
{
    struct cause_facts facts = facts_of(14, 2);
    char whole[CAUSE_LIMIT];
    size_t length = strlen(cause_describe(whole, sizeof whole, &facts));
    for (size_t size = 1; size <= length + 1; size++) {
        char text[CAUSE_LIMIT];
        memset(text, '#', sizeof text);
        cause_describe(text, size, &facts);
        assert_int_equal(strlen(text), size - 1);
        assert_memory_equal(text, whole, size - 1);
        assert_int_equal(text[size], '#');
    }
    char untouched = '#';
    cause_describe(&untouched, 0, &facts);
    assert_int_equal(untouched, '#');
}

static void no_facts_lead_beyond_the_buffer(void **)
{
    uint64_t random = 3;
    for (unsigned round = 0; round < 20'000; round++) {
        struct cause_facts facts = facts_of(random_below(&random, 40), random_next(&random));
        facts.cr0 = random_next(&random);
        facts.cr2 = random_next(&random) >> random_below(&random, 64);
        facts.dr6 = random_next(&random);
        facts.port_61 = (uint8_t)random_next(&random);
        facts.code_length = (uint8_t)random_next(&random);
        assert_true(strlen(describe(&facts)) > 3);
    }
}

static void a_machine_check_bank_is_told_by_its_code(void **)
{
    static const struct {
        uint64_t status;
        const char *text;
    } cases[] = {
        {0, "no error, corrected"},
        {1, "inside the CPU, corrected"},
        {0x5, "inside the CPU, corrected"},
        {0xe, "cache, corrected"},
        {0x14, "TLB, corrected"},
        {0x1014, "TLB, corrected"}, // bit 12 is no part of the kind
        {0x90, "memory controller, corrected"},
        {0x135, "cache, corrected"},
        {0x280, "memory used as a cache, corrected"},
        {0x400, "inside the CPU, corrected"},
        {0x0e0f, "bus or interconnect, corrected"},
        {0x8000, "unknown, corrected"},
        {1ull << 61 | 0x90, "memory controller, uncorrected"},
        {7ull << 61 | 1ull << 57 | 0x90,
         "memory controller, uncorrected, the CPU's state is lost, others went unrecorded"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CAUSE_LIMIT];
        assert_string_equal(cause_describe_bank(text, sizeof text, cases[i].status), cases[i].text);
    }
}

static void a_place_alone_is_told_as_in_a_sentence(void **)
{
    static const struct {
        uint64_t address;
        const char *place;
    } cases[] = {
        {0x18, "null pointer + 0x18"},
        {BASE + 0x123, "kernel text"},
        {BASE + 0x3'0000, "boot stack"},
        {BASE + 0x2'fff8, "guard page of the boot stack"},
        {STACKS + 0x4ff8, "guard page of the kernel stack at 0xffffd00000005000"},
        {0xffff'f000'0000'0000, "upper half, no part of the kernel"},
    };
    struct cause_facts facts = facts_of(0, 0);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CAUSE_LIMIT];
        assert_string_equal(cause_describe_place(text, sizeof text, &facts, cases[i].address), cases[i].place);
    }
    char little[6];
    assert_string_equal(cause_describe_place(little, sizeof little, &facts, BASE), "kerne");
    assert_string_equal(cause_describe_place(little, 1, &facts, BASE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_fault_tells_who_did_what_and_what_stood_against_it),
        cmocka_unit_test(a_page_fault_in_the_kernels_half_tells_what_the_page_is),
        cmocka_unit_test(a_page_fault_tells_where_the_address_lies),
        cmocka_unit_test(a_double_fault_names_the_stack_that_has_overflown),
        cmocka_unit_test(a_selector_is_told_with_index_and_table),
        cmocka_unit_test(a_protection_fault_without_code_suspects_a_register_that_is_not_canonical),
        cmocka_unit_test(an_invalid_opcode_shows_its_bytes),
        cmocka_unit_test(a_debug_exception_lists_the_reasons_of_dr6),
        cmocka_unit_test(a_non_maskable_interrupt_lists_the_reasons_of_port_61),
        cmocka_unit_test(a_device_that_is_not_available_is_told_by_cr0),
        cmocka_unit_test(an_alignment_check_depends_on_the_ring),
        cmocka_unit_test(control_protection_is_told_by_its_code),
        cmocka_unit_test(every_vector_has_a_sentence_and_most_have_their_own),
        cmocka_unit_test(a_sentence_is_cut_to_its_buffer),
        cmocka_unit_test(no_facts_lead_beyond_the_buffer),
        cmocka_unit_test(a_machine_check_bank_is_told_by_its_code),
        cmocka_unit_test(a_place_alone_is_told_as_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
