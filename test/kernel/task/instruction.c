// SPDX-License-Identifier: MIT
// What an interrupt does to tasks must not depend on the instruction that it arrives at. So it arrives at each: the way
// from an await function to the executor's sleep is walked with a debug exception after every instruction, whose
// handler plays the interrupt at the first, then at the second, and so on to the last.
//
// As a real one it comes only while interrupts are open. One that is held back until STI and HLT ends the latter; so
// the two are left out when the way comes there (QEMU raises no debug exception between them). Whoever comes there
// after the interrupt, with nobody to wake him any more, was not woken by it.
#include <arch/cpu.h>
#include <interrupt/exception.h>
#include <interrupt/irq.h>
#include <ready_queue/ready_queue.h>
#include <task/parts.h>
#include <task/spawn.h>
#include <task/stream.h>
#include <time/time.h>

constexpr uint8_t DEBUG_EXCEPTION = 1;
constexpr uint8_t STI = 0xfb, HLT = 0xf4; // the opcodes
constexpr unsigned STEP_LIMIT = 10'000;

static struct {
    void (*interrupt)(void);
    const char *lost; // what it means when nobody wakes
    unsigned chosen, count;
    bool has_come, is_over; // over: the way ends before the chosen instruction
} steps;

static bool interrupt_at_the_chosen_step(struct trap_frame *frame)
{
    const uint8_t *code = (const uint8_t *)frame->rip;
    bool is_at_sleep = code[0] == STI && code[1] == HLT, is_open = (frame->rflags & CPU_RFLAGS_INTERRUPT) != 0;
    steps.count++;
    if (is_at_sleep && steps.has_come)
        FAIL("%s after instruction %u never woke who waits for it", steps.lost, steps.chosen);
    if (is_at_sleep && steps.count < steps.chosen)
        steps.is_over = true;
    if (!steps.has_come && (is_at_sleep || (is_open && steps.count >= steps.chosen))) {
        steps.interrupt();
        steps.has_come = true;
    }
    if (is_at_sleep) {
        frame->rip += 2;
        frame->rflags |= CPU_RFLAGS_INTERRUPT;
    }
    return true;
}

static inline void begin_steps(void)
{
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc");
}

static inline void end_steps(void)
{
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" : : : "memory", "cc");
}

static uint32_t tick_line(void)
{
    return irq_controller() == IRQ_CONTROLLER_APIC ? IRQ_LINE_LOCAL_TIMER : 0;
}

// Call WALK, which runs tasks, with INTERRUPT at every instruction of theirs. No tick helps.
static void interrupt_everywhere(void (*walk)(void), void (*interrupt)(void), const char *lost)
{
    steps.interrupt = interrupt;
    steps.lost = lost;
    steps.is_over = false;
    unsigned chosen = 0;
    while (!steps.is_over) {
        steps.chosen = ++chosen;
        steps.count = 0;
        steps.has_come = false;
        exception_set_handler(DEBUG_EXCEPTION, interrupt_at_the_chosen_step);
        irq_mask(tick_line());
        walk();
        irq_unmask(tick_line());
        exception_set_handler(DEBUG_EXCEPTION, nullptr);
        CHECK(steps.count < STEP_LIMIT);
    }
    test_note("%u instructions", chosen - 1);
    CHECK(chosen > 50);
}

// ---- a byte for a reader

static uint8_t storage[4];
static struct stream stream;
static uint8_t read_byte;
static enum status result;

constexpr uint8_t BYTE = 0x5a;

static void push_byte(void)
{
    (void)stream_push(&stream, BYTE);
}

static void read_one(void *)
{
    begin_steps();
    result = stream_read(&stream, &read_byte);
    end_steps();
}

static enum task_step read_one_by_steps(void *)
{
    begin_steps();
    result = stream_read(&stream, &read_byte);
    if (result == STATUS_WAITING)
        return TASK_WAITS;
    end_steps();
    return TASK_ENDS;
}

static void start_reading(struct task_options reader)
{
    stream = (struct stream)STREAM_INIT(storage);
    read_byte = 0;
    result = STATUS_IO;
    start(reader);
}

static void check_reading(void)
{
    CHECK_EQUAL(result, STATUS_OK);
    CHECK_EQUAL(read_byte, BYTE);
    CHECK(ready_queue_is_empty(&executor.ready));
}

static void read_sequentially(void)
{
    start_reading(sequential(read_one, nullptr));
    task_run();
    check_reading();
}

static void read_stepwise(void)
{
    start_reading(stepwise(read_one_by_steps, nullptr));
    task_run();
    check_reading();
}

TEST(instruction, byte_wakes_a_sequential_reader_whenever_it_comes)
{
    interrupt_everywhere(read_sequentially, push_byte, "a byte");
}

TEST(instruction, byte_wakes_a_stepwise_reader_whenever_it_comes)
{
    interrupt_everywhere(read_stepwise, push_byte, "a byte");
}

// ---- among others, of all classes, so that the queue has something to do

static void yield_once(void *count)
{
    task_yield();
    ++*(unsigned *)count;
}

static enum task_step step_twice(void *context)
{
    unsigned *count = context;
    return ++*count == 2 ? TASK_ENDS : TASK_YIELDS;
}

// Their memory is given back afterwards: that is a long way, and none of theirs.
static void read_among_others(void)
{
    unsigned counts[4] = {};
    start_reading(sequential(read_one, nullptr));
    struct task_options others[4] = {sequential(yield_once, &counts[0]), sequential(yield_once, &counts[1]),
                                     stepwise(step_twice, &counts[2]), stepwise(step_twice, &counts[3])};
    others[1].class = others[2].class = TASK_BACKGROUND;
    others[3].class = TASK_URGENT;
    struct task *tasks[4];
    for (unsigned i = 0; i < 4; i++)
        tasks[i] = start_kept(others[i]);
    task_run();
    for (unsigned i = 0; i < 4; i++)
        task_detach(tasks[i]);
    check_reading();
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQUAL(counts[i], i < 2 ? 1 : 2);
}

TEST(instruction, byte_wakes_a_reader_among_others_whenever_it_comes)
{
    interrupt_everywhere(read_among_others, push_byte, "a byte");
}

// ---- room for a writer

static void pop_byte(void)
{
    uint8_t byte;
    (void)stream_pop(&stream, &byte);
}

static void write_one(void *)
{
    begin_steps();
    result = stream_write(&stream, BYTE);
    end_steps();
}

static void write_to_a_full_stream(void)
{
    stream = (struct stream)STREAM_INIT(storage);
    result = STATUS_IO;
    while (byte_ring_room(&stream.ring) != 0)
        (void)stream_push(&stream, 0);
    start(sequential(write_one, nullptr));
    task_run();
    CHECK_EQUAL(result, STATUS_OK);
    for (unsigned i = 0; i < sizeof storage; i++) {
        CHECK(stream_pop(&stream, &read_byte));
        CHECK_EQUAL(read_byte, i < sizeof storage - 1 ? 0 : BYTE);
    }
    CHECK_EQUAL(stream.ring.lost, 0);
}

TEST(instruction, room_wakes_a_writer_whenever_it_comes)
{
    interrupt_everywhere(write_to_a_full_stream, pop_byte, "room");
}

// ---- the tick that ends a sleep, and there is no other

static uint64_t due_ns;

static void tick_when_due(void)
{
    while (time_now_ns() < due_ns)
        continue;
    (void)ready_queue_push(&executor.ready, &executor.waker.ready);
}

static void sleep_once(void *)
{
    begin_steps();
    result = task_sleep_until(due_ns);
    end_steps();
}

static void sleep_until_the_tick(void)
{
    constexpr uint64_t SPAN_NS = 2'000'000; // more than the way takes
    result = STATUS_IO;
    start(sequential(sleep_once, nullptr));
    due_ns = time_now_ns() + SPAN_NS;
    task_run();
    CHECK_EQUAL(result, STATUS_OK);
}

TEST(instruction, tick_wakes_a_sleeper_whenever_it_comes)
{
    interrupt_everywhere(sleep_until_the_tick, tick_when_due, "a tick");
}

// ---- the queue alone

static struct ready_queue queue;
static struct ready_entry entries[5];
static unsigned pushed[5], popped[5];

static struct ready_entry *last_popped;

static void push(unsigned index)
{
    if (ready_queue_push(&queue, &entries[index]))
        pushed[index]++;
}

static void add(unsigned index)
{
    if (ready_queue_add(&queue, &entries[index]))
        pushed[index]++;
}

static bool pop(void)
{
    struct ready_entry *entry = ready_queue_pop(&queue);
    if (entry == nullptr)
        return false;
    popped[entry - entries]++;
    last_popped = entry;
    return true;
}

static void pass(void)
{
    struct ready_entry *next = ready_queue_pass(&queue, last_popped);
    if (next == nullptr)
        return;
    pushed[last_popped - entries]++;
    popped[next - entries]++;
    last_popped = next;
}

// Broken links may lead round and round.
static void pop_all(void)
{
    constexpr unsigned LIMIT = 100; // more than are ever pushed here
    for (unsigned i = 0; i < LIMIT && pop(); i++)
        continue;
}

// One that is queued at some instructions and not at others, and one that never is.
static unsigned restless;

static bool push_at_the_chosen_step(struct trap_frame *)
{
    if (++steps.count == steps.chosen) {
        push(restless);
        push(4);
    }
    return true;
}

static void push_and_pop_step_by_step(void)
{
    begin_steps();
    push(0);
    push(1);
    push(2);
    push(3);
    (void)pop();
    (void)pop();
    push(0);
    (void)pop();
    pop_all();
    end_steps();
}

static void add_and_pop_step_by_step(void)
{
    begin_steps();
    add(0);
    add(1);
    push(2);
    add(1);
    add(3);
    (void)pop();
    add(0);
    pop_all();
    end_steps();
}

// Entries 0 and 3 are of one class.
static void pop_and_pass_step_by_step(void)
{
    begin_steps();
    add(0);
    add(3);
    (void)pop();
    pass();
    pass();
    pass();
    pop_all();
    end_steps();
}

// As long as the chosen instruction is one of WALK's.
static void push_everywhere(void (*walk)(void), unsigned index)
{
    unsigned chosen = 0;
    restless = index;
    do {
        steps.chosen = ++chosen;
        steps.count = 0;
        queue = (struct ready_queue)READY_QUEUE_INIT(queue);
        for (unsigned i = 0; i < 5; i++) {
            entries[i] = (struct ready_entry){.class = (uint8_t)(i % READY_CLASS_COUNT)};
            pushed[i] = popped[i] = 0;
        }
        exception_set_handler(DEBUG_EXCEPTION, push_at_the_chosen_step);
        walk();
        exception_set_handler(DEBUG_EXCEPTION, nullptr);
        pop_all(); // what came after the last look
        for (unsigned i = 0; i < 5; i++) {
            CHECK_EQUAL(popped[i], pushed[i]);
            CHECK(!atomic_load(&entries[i].is_queued));
        }
        CHECK_EQUAL(pushed[4], steps.count >= chosen);
        CHECK(ready_queue_is_empty(&queue));
    } while (steps.count >= chosen);
    test_note("%u instructions", chosen - 1);
    CHECK(chosen > 50);
}

TEST(instruction, queue_loses_and_doubles_nothing_whenever_something_is_pushed)
{
    push_everywhere(push_and_pop_step_by_step, 1);
}

TEST(instruction, what_the_owner_adds_may_be_pushed_at_any_instruction)
{
    push_everywhere(add_and_pop_step_by_step, 0);
    push_everywhere(add_and_pop_step_by_step, 1);
}

TEST(instruction, what_the_owner_passes_may_be_pushed_at_any_instruction)
{
    push_everywhere(pop_and_pass_step_by_step, 0);
    push_everywhere(pop_and_pass_step_by_step, 3);
}
