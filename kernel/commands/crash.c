// SPDX-License-Identifier: MIT
// The command crash: every way to end this kernel, for real, to see what its report makes of it. The instructions are
// in arch/crash.asm; here is what C can do wrong. Called by the shell.
#include <arch/cpu.h>
#include <arch/crash.h>
#include <arch/kernel_image.h>
#include <arch/stack.h>
#include <lib/command.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <memory/heap.h>
#include <serial/serial.h>

constexpr size_t BLOCK_BYTES = 64;

// ---- addresses

static void access(uint64_t address, bool is_write)
{
    volatile uint8_t *byte = (volatile uint8_t *)address;
    if (is_write)
        *byte = 0;
    else
        (void)*byte;
}

static void read_null(void)
{
    access(0x18, false);
}

static void write_null(void)
{
    access(0x18, true);
}

static void call_null(void)
{
    crash_jump((virt_addr_t){});
}

static void read_unmapped(void)
{
    constexpr uint64_t HOLE = 0xffff'f000'0000'0000; // above the devices
    access(HOLE, false);
}

static void read_non_canonical(void)
{
    access(1ull << 63, false);
}

static void write_text(void)
{
    access((uintptr_t)text_start, true);
}

static void write_constant(void)
{
    access((uintptr_t)constants_start, true);
}

static void write_sealed(void)
{
    access((uintptr_t)sealed_start, true);
}

static void write_guard(void)
{
    access(stack_at(0)->bottom - 8, true);
}

static void execute_data(void)
{
    volatile uint8_t return_instruction = 0xc3;
    crash_jump(virt_of(&return_instruction));
}

// ---- what compiled code does to itself

static volatile bool is_well; // for ever false, which the compiler cannot know

static void fail_assertion(void)
{
    ASSERT(is_well);
}

static void end_by_panic(void)
{
    panic("the command crash was asked for a panic");
}

[[gnu::noinline]] static unsigned descend(unsigned depth)
{
    volatile uint8_t room[256];
    room[depth % sizeof room] = (uint8_t)depth;
    return is_well ? 0 : descend(depth + 1) + room[depth % sizeof room];
}

static void overflow_stack(void)
{
    (void)descend(0);
}

[[gnu::noinline]] static void smash_stack(void)
{
    char array[16];
    volatile char *volatile byte = array; // the compiler is not to see where it leads
    for (size_t i = 0; i < 3 * sizeof array; i++)
        byte[i] = 'x';
}

// ---- the heap

static uint8_t *allocate_block(void)
{
    uint8_t *block = kernel_heap_allocate(BLOCK_BYTES, 0);
    if (block == nullptr)
        panic("there is no memory for the block that is to be misused");
    return block;
}

static void free_twice(void)
{
    uint8_t *block = allocate_block();
    kernel_heap_free(block);
    kernel_heap_free(block);
}

static void free_inside(void)
{
    kernel_heap_free(allocate_block() + HEAP_ALIGNMENT);
}

static void write_beyond_block(void)
{
    uint8_t *block = allocate_block();
    *(volatile uint8_t *)(block + kernel_heap_usable_size(block)) = 0x5a;
    kernel_heap_free(block);
}

// A guard holds a freed block back for a while, and looks at it when that is over.
static void write_freed_block(void)
{
    constexpr unsigned OTHERS = 1000;
    uint8_t *block = allocate_block();
    kernel_heap_free(block);
    *(volatile uint8_t *)(block + 8) = 0x5a;
    for (unsigned i = 0; i < OTHERS; i++)
        kernel_heap_free(allocate_block());
}

// ---- the end of everything

static void hang(void)
{
    serial_drain();
    cpu_halt_forever();
}

static void spin(void)
{
    while (!is_well)
        ;
}

static void triple_fault(void)
{
    serial_drain();
    crash_triple_fault();
}

// ---- the table

static const struct kind {
    const char *name;
    void (*run)(void);
    const char *what;
    const char *survival; // why the kernel may go on; nullptr: it cannot
} kinds[] = {
    {"divide", crash_divide, "#DE: a division by zero", nullptr},
    {"single-step", crash_single_step, "#DB: the trap flag, with nobody who asked for it", nullptr},
    {"breakpoint", crash_breakpoint, "#BP: INT3, which this kernel logs",
     "a breakpoint is no error: the log has a line, and the kernel goes on"},
    {"nmi", crash_nmi, "vector 2 by INT 2: no wire says so, so no reason is named", nullptr},
    {"overflow", crash_overflow, "#OF by INT 4; INTO does not exist in 64-bit mode", nullptr},
    {"bound", crash_bound, "#BR by INT 5; BOUND does not exist in 64-bit mode", nullptr},
    {"invalid-opcode", crash_invalid_opcode, "#UD: UD2", nullptr},
    {"not-available", crash_not_available, "#NM: an x87 instruction while CR0.TS is set", nullptr},
    {"double-fault", crash_double_fault, "#DF: a page fault with no stack to push it on", nullptr},
    {"task-state", crash_task_state, "#TS: a stack beyond the end of the task-state segment", nullptr},
    {"not-present", crash_not_present, "#NP: DS from a descriptor that is not present", nullptr},
    {"stack-segment", crash_stack_segment, "#SS: SS from a descriptor that is not present", nullptr},
    {"non-canonical", read_non_canonical, "#GP: a read where no address is", nullptr},
    {"read-null", read_null, "#PF: a read through a null pointer", nullptr},
    {"write-null", write_null, "#PF: a write through a null pointer", nullptr},
    {"call-null", call_null, "#PF: a call through a null pointer", nullptr},
    {"read-unmapped", read_unmapped, "#PF: a read where nothing is mapped", nullptr},
    {"write-text", write_text, "#PF: a write to the kernel's instructions", nullptr},
    {"write-constant", write_constant, "#PF: a write to a constant", nullptr},
    {"write-sealed", write_sealed, "#PF: a write to what is read-only since the boot", nullptr},
    {"write-guard", write_guard, "#PF: a write below a stack, to its guard page", nullptr},
    {"execute-data", execute_data, "#PF: a call of data", "a CPU without NX executes whatever is mapped"},
    {"x87", crash_x87, "#MF: an unmasked division by zero of the x87", nullptr},
    {"machine-check", crash_machine_check, "vector 18 by INT 18: no bank holds an error", nullptr},
    {"simd", crash_simd, "#XM: an unmasked division by zero of SSE",
     "no exception arrived; QEMU's TCG never raises this one"},
    {"panic", end_by_panic, "a call of panic()", nullptr},
    {"assert", fail_assertion, "an assertion that does not hold", nullptr},
    {"stack-overflow", overflow_stack, "a function that calls itself until its stack is full", nullptr},
    {"stack-smash", smash_stack, "a write beyond an array on the stack, which its canary tells", nullptr},
    {"double-free", free_twice, "a block of the heap that is freed twice",
     "this design of the heap has not noticed; heap_guard=on on the command line does"},
    {"bad-free", free_inside, "an address that is freed, and where no block begins",
     "this design of the heap has not noticed; heap_guard=on on the command line does"},
    {"heap-overrun", write_beyond_block, "a byte written behind a block of the heap, which is then freed",
     "nobody has noticed, and another block may be damaged; heap_guard=on on the command line tells"},
    {"use-after-free", write_freed_block, "a byte written to a block that was freed",
     "nobody has noticed, and another block may be damaged; heap_guard=on on the command line tells"},
    {"spin", spin, "a loop without end: the log names it, and nobody else runs", nullptr},
    {"hang", hang, "the CPU stops with interrupts closed: nothing speaks again", nullptr},
    {"triple-fault", triple_fault, "an exception without gates: the CPU resets, without a word", nullptr},
};
constexpr size_t KIND_COUNT = sizeof kinds / sizeof *kinds;

static const char *kind_name(size_t index)
{
    return index < KIND_COUNT ? kinds[index].name : nullptr;
}

static void list_kinds(struct command_call *call)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        command_print(call, "%-15s %s\n", kinds[i].name, kinds[i].what);
    command_print(call, "Not to be had: #AC, which only ring 3 can raise, and #CP, as this kernel does\n"
                        "not use control-flow enforcement.\n");
}

static enum status run_crash(struct command_call *call)
{
    if (call->argument_count == 0) {
        list_kinds(call);
        return STATUS_OK;
    }
    size_t i = 0;
    while (strcmp(kinds[i].name, call->arguments[0].text) != 0)
        i++;
    command_print(call, "%s: %s\n", kinds[i].name, kinds[i].what);
    kinds[i].run();
    ASSERT(kinds[i].survival != nullptr);
    command_print(call, "%s\n", kinds[i].survival);
    return STATUS_OK;
}

COMMAND(crash, .summary = "end the kernel in one of many ways, to see its report", .run = run_crash,
        .details = "Without a kind, it lists them. Each is done for real: what was not saved is\n"
                   "lost, and only a reset brings the machine back. docs/panic-report.md tells\n"
                   "how to read what comes.\n",
        .parameters = {{"kind", kind_name, COMMAND_WORD, .is_optional = true}});
