// SPDX-License-Identifier: MIT
// The sentences. Each exception has a function of its own; what they share is how an address, an error code with a
// selector, and a list of reasons are put into words. Called by debug; must not know where the facts come from.
#include <cause/cause.h>
#include <lib/address.h>
#include <lib/format.h>
#include <lib/string.h>

typedef unsigned long long printable_t;

constexpr uint64_t LOW_HALF_END = 1ull << 47; // of the addresses that four levels of page tables reach

// Where the sentence grows.
struct sentence {
    char *text;
    size_t size_bytes;
    size_t length; // that was wanted; once it is more than there is room for, nothing is added
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *sentence, const char *format, ...)
{
    if (sentence->length + 1 >= sentence->size_bytes)
        return;
    va_list arguments;
    va_start(arguments, format);
    sentence->length += format_string_list(sentence->text + sentence->length, sentence->size_bytes - sentence->length,
                                           format, arguments);
    va_end(arguments);
}

// ---- places

static const struct cause_region *stack_with_guard_at(const struct cause_facts *facts, uint64_t address)
{
    for (unsigned i = 0; i < facts->region_count; i++) {
        const struct cause_region *region = &facts->regions[i];
        if (region->is_stack && address < region->start && region->start - address <= PAGE_SIZE)
            return region;
    }
    return nullptr;
}

static const struct cause_region *region_at(const struct cause_facts *facts, uint64_t address)
{
    for (unsigned i = 0; i < facts->region_count; i++) {
        if (address >= facts->regions[i].start && address < facts->regions[i].end)
            return &facts->regions[i];
    }
    return nullptr;
}

static void say_region(struct sentence *sentence, const struct cause_region *region)
{
    if (region->name == nullptr)
        say(sentence, "kernel stack at 0x%llx", (printable_t)region->start);
    else
        say(sentence, region->is_stack ? "%s stack" : "%s", region->name);
}

static void say_guard(struct sentence *sentence, const struct cause_region *stack)
{
    say(sentence, "guard page of the ");
    say_region(sentence, stack);
}

static void say_place(struct sentence *sentence, const struct cause_facts *facts, uint64_t address)
{
    const struct cause_region *guarded = stack_with_guard_at(facts, address);
    const struct cause_region *region = region_at(facts, address);
    if (address < PAGE_SIZE)
        say(sentence, "null pointer + 0x%llx", (printable_t)address);
    else if (-address <= PAGE_SIZE)
        say(sentence, "null pointer - 0x%llx", (printable_t)-address);
    else if (guarded != nullptr)
        say_guard(sentence, guarded);
    else if (region != nullptr)
        say_region(sentence, region);
    else if (address < LOW_HALF_END)
        say(sentence, "lower half");
    else
        say(sentence, "upper half, no part of the kernel");
}

// ---- page fault

constexpr uint64_t PAGE_PRESENT = 1 << 0;
constexpr uint64_t PAGE_WRITE = 1 << 1;
constexpr uint64_t PAGE_USER = 1 << 2;
constexpr uint64_t PAGE_RESERVED = 1 << 3;
constexpr uint64_t PAGE_EXECUTE = 1 << 4;
constexpr uint64_t PAGE_KEY = 1 << 5;
constexpr uint64_t PAGE_SHADOW_STACK = 1 << 6;
constexpr uint64_t PAGE_ENCLAVE = 1 << 15;

static const char *page_access(uint64_t code)
{
    if (code & PAGE_EXECUTE)
        return "jumped to";
    if (code & PAGE_SHADOW_STACK)
        return "used a shadow stack at";
    return code & PAGE_WRITE ? "wrote to" : "read from";
}

// With nothing of its own in the lower half, the kernel has no business with a page that is there (SMEP and SMAP).
static bool is_in_program(uint64_t code, uint64_t address)
{
    return !(code & PAGE_USER) && address < LOW_HALF_END;
}

static const char *page_obstacle(uint64_t code, uint64_t address)
{
    if (code & PAGE_RESERVED)
        return "a reserved bit is set in the page tables";
    if (!(code & PAGE_PRESENT))
        return "no page is mapped there";
    if (code & PAGE_KEY)
        return "the page's protection key forbids it";
    if (code & PAGE_ENCLAVE)
        return "the page belongs to an enclave";
    if (code & PAGE_SHADOW_STACK)
        return "the page is no shadow stack";
    if (is_in_program(code, address))
        return "the page is a program's";
    if (code & PAGE_EXECUTE)
        return "the page is not executable";
    if (code & PAGE_WRITE)
        return "the page is read-only, or not for this ring";
    return code & PAGE_USER ? "the page is the kernel's" : "the page's rights forbid it";
}

static void describe_page_fault(struct sentence *sentence, const struct cause_facts *facts)
{
    say(sentence, "%s %s 0x%016llx: ", facts->error_code & PAGE_USER ? "a program" : "the kernel",
        page_access(facts->error_code), (printable_t)facts->cr2);
    say_place(sentence, facts, facts->cr2);
    say(sentence, "; %s", page_obstacle(facts->error_code, facts->cr2));
}

// ---- double fault

static void describe_double_fault(struct sentence *sentence, const struct cause_facts *facts)
{
    const struct cause_region *stack = stack_with_guard_at(facts, facts->cr2);
    say(sentence, "the CPU could not deliver another exception; ");
    if (stack != nullptr) {
        say(sentence, "CR2 lies in the ");
        say_guard(sentence, stack);
        say(sentence, ": that stack has overflown");
        return;
    }
    say(sentence, "if that was a page fault, CR2 says where: ");
    say_place(sentence, facts, facts->cr2);
}

// ---- error codes with a selector

constexpr uint64_t SELECTOR_EXTERNAL = 1 << 0;
constexpr uint64_t SELECTOR_IDT = 1 << 1;
constexpr uint64_t SELECTOR_LDT = 1 << 2;

static void say_selector(struct sentence *sentence, uint64_t code)
{
    unsigned index = (unsigned)(code >> 3 & 0x1fff);
    if (code & SELECTOR_IDT)
        say(sentence, "gate %u of the IDT", index);
    else
        say(sentence, "selector 0x%llx, entry %u of the %s", (printable_t)(code & 0xfffc), index,
            code & SELECTOR_LDT ? "LDT" : "GDT");
    if (code & SELECTOR_EXTERNAL)
        say(sentence, ", while the CPU was delivering an event that no instruction asked for");
}

static void describe_protection(struct sentence *sentence, const struct cause_facts *facts)
{
    if (facts->error_code != 0) {
        say(sentence, "a segment or gate does not allow this use: ");
        say_selector(sentence, facts->error_code);
        return;
    }
    say(sentence, "the CPU does not say which rule was broken");
    for (unsigned i = 0; i < facts->register_count; i++) {
        if (!address_is_canonical(facts->registers[i].value)) {
            say(sentence, "; possibly the use of %s as an address, which is not canonical", facts->registers[i].name);
            return;
        }
    }
    say(sentence, "; possibly a privileged instruction, a reserved bit, or an address that is not canonical");
}

static void describe_stack_fault(struct sentence *sentence, const struct cause_facts *facts)
{
    if (facts->error_code == 0) {
        say(sentence, "an access through RSP or RBP to an address that is not canonical");
        return;
    }
    say(sentence, "no stack segment to load: ");
    say_selector(sentence, facts->error_code);
}

static void describe_task_state(struct sentence *sentence, const struct cause_facts *facts)
{
    say(sentence, "the task-state segment, or what it names, is not valid: ");
    say_selector(sentence, facts->error_code);
}

static void describe_not_present(struct sentence *sentence, const struct cause_facts *facts)
{
    say(sentence, "a descriptor is marked as not present: ");
    say_selector(sentence, facts->error_code);
}

// ---- instructions

static void describe_invalid_opcode(struct sentence *sentence, const struct cause_facts *facts)
{
    if (facts->code_length == 0) {
        say(sentence, "the bytes at RIP, which should be an instruction, cannot be read");
        return;
    }
    bool is_ud2 = facts->code_length >= 2 && facts->code[0] == 0x0f && facts->code[1] == 0x0b;
    say(sentence, is_ud2 ? "UD2, where the compiler takes for granted that nobody comes; bytes at RIP:"
                         : "no instruction for this CPU or this mode; bytes at RIP:");
    for (unsigned i = 0; i < facts->code_length && i < sizeof facts->code; i++)
        say(sentence, " %02x", (unsigned)facts->code[i]);
}

static void describe_not_available(struct sentence *sentence, const struct cause_facts *facts)
{
    constexpr uint64_t EMULATION = 1 << 2, TASK_SWITCHED = 1 << 3; // of CR0 (2.5)
    say(sentence, "an x87, MMX or SSE instruction while ");
    if (facts->cr0 & EMULATION)
        say(sentence, "CR0.EM says that there is no x87");
    else if (facts->cr0 & TASK_SWITCHED)
        say(sentence, "CR0.TS says that the registers are another task's");
    else
        say(sentence, "neither CR0.EM nor CR0.TS is set");
}

// What SET names of WORDS, a bit each from FIRST on; otherwise NONE.
static void say_bits(struct sentence *sentence, uint64_t set, unsigned first, const char *const *words, unsigned count,
                     const char *none)
{
    bool is_first = true;
    for (unsigned i = 0; i < count; i++) {
        if (words[i] == nullptr || !(set >> (first + i) & 1))
            continue;
        say(sentence, "%s%s", is_first ? "" : ", ", words[i]);
        is_first = false;
    }
    if (is_first)
        say(sentence, "%s", none);
}

static void describe_debug(struct sentence *sentence, const struct cause_facts *facts)
{
    static const char *const words[16] = {
        [0] = "breakpoint register 0", [1] = "breakpoint register 1",          [2] = "breakpoint register 2",
        [3] = "breakpoint register 3", [13] = "an access to a debug register", [14] = "single step",
        [15] = "a task switch",
    };
    say_bits(sentence, facts->dr6, 0, words, 16, "INT1, or a reason that DR6 does not name");
}

static void describe_nmi(struct sentence *sentence, const struct cause_facts *facts)
{
    // IBM PC/AT technical reference, "System Control Port B"; parity is SERR# on later machines.
    static const char *const words[] = {"port 61h: a card's I/O check", "port 61h: memory parity or PCI system error"};
    say_bits(sentence, facts->port_61, 6, words, 2,
             "none of the reasons of port 61h: a watchdog, a button, a debugger or another CPU");
}

static void describe_alignment(struct sentence *sentence, const struct cause_facts *facts)
{
    say(sentence, facts->is_user ? "a misaligned access while CR0.AM and RFLAGS.AC ask for a check"
                                 : "a misaligned locked access across two cache lines");
}

static void describe_control_protection(struct sentence *sentence, const struct cause_facts *facts)
{
    static const char *const words[] = {"",
                                        "RET to another address than the shadow stack has",
                                        "far RET or IRET to another address than the shadow stack has",
                                        "an indirect jump to an instruction that is not ENDBR",
                                        "RSTORSSP without a token",
                                        "SETSSBSY without a token"};
    uint64_t kind = facts->error_code & 0x7fff;
    say(sentence, "%s",
        kind > 0 && kind < sizeof words / sizeof *words ? words[kind]
                                                        : "a rule of control-flow enforcement was broken");
}

static const char *fixed_sentence(uint64_t vector)
{
    switch (vector) {
    case 0:
        return "a division by zero, or a quotient that does not fit its register";
    case 3:
        return "INT3";
    case 4:
        return "INT 4; the CPU itself does not raise it in 64-bit mode";
    case 5:
        return "an address outside the bounds that MPX checks, or INT 5";
    case 16:
        return "an x87 instruction met an unmasked error of an earlier one";
    case 18:
        return "the hardware has found an error in itself";
    case 19:
        return "an SSE instruction had an unmasked floating-point error";
    case 20:
        return "a hypervisor's page tables forbid this access";
    case 28:
        return "the hypervisor has an event for this guest";
    case 29:
        return "an instruction that an encrypted guest must ask its hypervisor for";
    case 30:
        return "an event that threatens the security of this guest";
    default:
        return vector < 32 ? "a vector that the architecture reserves; INT raises it"
                           : "an interrupt that nobody has registered for, or INT";
    }
}

const char *cause_describe(char *text, size_t size_bytes, const struct cause_facts *facts)
{
    static void (*const functions[])(struct sentence *sentence, const struct cause_facts *facts) = {
        [1] = describe_debug,         [2] = describe_nmi,          [6] = describe_invalid_opcode,
        [7] = describe_not_available, [8] = describe_double_fault, [10] = describe_task_state,
        [11] = describe_not_present,  [12] = describe_stack_fault, [13] = describe_protection,
        [14] = describe_page_fault,   [17] = describe_alignment,   [21] = describe_control_protection,
    };
    struct sentence sentence = {text, size_bytes, 0};
    if (size_bytes > 0)
        *text = '\0';
    if (facts->vector < sizeof functions / sizeof *functions && functions[facts->vector] != nullptr)
        functions[facts->vector](&sentence, facts);
    else
        say(&sentence, "%s", fixed_sentence(facts->vector));
    return text;
}

const char *cause_describe_place(char *text, size_t size_bytes, const struct cause_facts *facts, uint64_t address)
{
    struct sentence sentence = {text, size_bytes, 0};
    if (size_bytes > 0)
        *text = '\0';
    say_place(&sentence, facts, address);
    return text;
}

// ---- machine check

// Intel SDM vol. 3, 16.9.1 and 16.9.2: a compound error code says what failed by its highest bit that is set.
static const char *bank_error(uint64_t status)
{
    constexpr uint64_t CODE = 0xefff; // bit 12 tells how errors are counted
    static const struct {
        uint64_t least;
        const char *name;
    } kinds[] = {{0x1000, "unknown"},        {0x0800, "bus or interconnect"},
                 {0x0400, "inside the CPU"}, {0x0200, "memory used as a cache"},
                 {0x0100, "cache"},          {0x0080, "memory controller"},
                 {0x0020, "unknown"},        {0x0010, "TLB"},
                 {0x000c, "cache"},          {0x0001, "inside the CPU"}};
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if ((status & CODE) >= kinds[i].least)
            return kinds[i].name;
    }
    return "no error";
}

const char *cause_describe_bank(char *text, size_t size_bytes, uint64_t status)
{
    constexpr uint64_t OVERFLOW = 1ull << 62, UNCORRECTED = 1ull << 61, CONTEXT_CORRUPT = 1ull << 57;
    struct sentence sentence = {text, size_bytes, 0};
    if (size_bytes > 0)
        *text = '\0';
    say(&sentence, "%s, %s%s%s", bank_error(status), status & UNCORRECTED ? "uncorrected" : "corrected",
        status & CONTEXT_CORRUPT ? ", the CPU's state is lost" : "",
        status & OVERFLOW ? ", others went unrecorded" : "");
    return text;
}
