// SPDX-License-Identifier: MIT
// The change of stacks (arch/context.asm), and the stacks themselves: what a task keeps over it, how much room it has,
// and what happens when that is not enough. What the report of an overflow says is read by test/kernel/run.py.
#include <memory/stack.h>
#include <task/spawn.h>

// switch.asm
uint64_t switch_with_marked_registers(void (*let_others_run)(void), uint64_t mark);

// ---- registers

static const char *const registers[] = {"rbx", "rbp", "r12", "r13", "r14", "r15", "rsp"};
static uint64_t changed;

static void keep_registers(void *mark)
{
    for (unsigned i = 0; i < 100; i++)
        changed |= switch_with_marked_registers(task_yield, *(uint64_t *)mark + i);
}

static enum task_step step_in_between(void *rounds)
{
    return --*(unsigned *)rounds == 0 ? TASK_ENDS : TASK_YIELDS;
}

TEST(task, registers_survive_switches)
{
    static uint64_t marks[] = {0x1111'2222'3333'4444, 0xffff'ffff'0000'0000, 7};
    unsigned rounds = 50;
    changed = 0;
    start(sequential(keep_registers, &marks[0]));
    start(sequential(keep_registers, &marks[1]));
    start(stepwise(step_in_between, &rounds)); // and by way of task_run()
    start(sequential(keep_registers, &marks[2]));
    task_run();
    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++) {
        if (changed >> i & 1)
            FAIL("a switch changes %s", registers[i]);
    }
}

// ---- stacks

constexpr uint32_t ASKED_BYTES = 3 * PAGE_SIZE;
constexpr uint32_t SPARE_BYTES = 1024; // for the executor's frames, and for interrupts

static uint64_t entry_frame, misalignment;
static struct kernel_stack seen_stack;

// Down to the last of what was asked for: with a page less, the guard is there.
[[gnu::noinline]] static void use_all(void *)
{
    volatile uint8_t locals[ASKED_BYTES - SPARE_BYTES];
    for (size_t i = sizeof locals; i-- > 0;)
        locals[i] = (uint8_t)i;
    entry_frame = (uintptr_t)__builtin_frame_address(0);
    CHECK(kernel_stack_find((virt_addr_t){(uintptr_t)locals}, &seen_stack));
    task_yield();
}

TEST(task, stack_has_the_size_that_was_asked_for)
{
    seen_stack = (struct kernel_stack){};
    struct task_options options = sequential(use_all, nullptr);
    options.stack_bytes = ASKED_BYTES;
    start(options);
    task_run();
    CHECK_EQUAL(seen_stack.top.value - seen_stack.bottom.value, ASKED_BYTES);
    CHECK(entry_frame < seen_stack.top.value);
    CHECK(seen_stack.top.value - entry_frame <= 64);
}

static void see_alignment(void *)
{
    misalignment = (uintptr_t)__builtin_frame_address(0) % 16; // where RBP was pushed, below the return address
}

TEST(task, stack_is_aligned_as_the_abi_wants)
{
    misalignment = UINT64_MAX;
    start(sequential(see_alignment, nullptr));
    task_run();
    CHECK_EQUAL(misalignment, 0);
}

[[gnu::noinline]] static uint64_t recurse(uint64_t depth)
{
    volatile uint64_t locals[16] = {depth};
    return locals[0] == UINT64_MAX ? 0 : recurse(depth + 1) + locals[0];
}

static void recurse_for_ever(void *)
{
    test_note("%llu", (unsigned long long)recurse(0));
}

static void start_and_overflow(void)
{
    start(sequential(recurse_for_ever, nullptr));
    task_run();
}

TEST_DIES_BY(task, overflow_of_a_stack_ends_the_kernel, 8)
{
    start_and_overflow();
}

// ---- a task's backtrace ends where it began

static unsigned frame_count;

static void walk_frames(void *)
{
    frame_count = 0;
    for (uint64_t *frame = __builtin_frame_address(0); frame != nullptr && frame_count < 10; frame = (uint64_t *)*frame)
        frame_count++;
}

TEST(task, chain_of_frames_ends_on_the_tasks_stack)
{
    start(sequential(walk_frames, nullptr));
    task_run();
    CHECK(frame_count >= 1 && frame_count < 4);
}
