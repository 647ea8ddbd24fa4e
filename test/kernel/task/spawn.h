// SPDX-License-Identifier: MIT
// What the tests of tasks have in common: tasks in one line each, a trace of who ran when, and what memory they take.
// Nothing here is checked inside a task: a test that fails there would leave the executor in the middle of it, so what
// tasks find is kept, and looked at when task_run() has returned.
#pragma once
#include <framework/test.h>
#include <memory/heap.h>
#include <memory/memory.h>
#include <task/task.h>

static inline struct task_options sequential(task_function *run, void *context)
{
    return (struct task_options){.name = "sequential", .run = run, .context = context, .class = TASK_NORMAL};
}

static inline struct task_options stepwise(task_step_fn *step, void *context)
{
    return (struct task_options){.name = "stepwise", .step = step, .context = context, .class = TASK_NORMAL};
}

static inline void start(struct task_options options)
{
    CHECK_EQUAL(task_spawn(&options, nullptr), STATUS_OK);
}

static inline void start_in(enum task_class class, struct task_options options)
{
    options.class = class;
    start(options);
}

// A task for somebody to join or to detach.
static inline struct task *start_kept(struct task_options options)
{
    struct task *task = nullptr;
    CHECK_EQUAL(task_spawn(&options, &task), STATUS_OK);
    return task;
}

// Letters, in the order in which they were left.
struct trace {
    char text[256];
    size_t length;
};

static inline void trace_add(struct trace *trace, char letter)
{
    if (trace->length < sizeof trace->text - 1)
        trace->text[trace->length++] = letter;
    trace->text[trace->length] = '\0';
}

// What tasks take of memory. The heap may have grown meanwhile, and a page of the list of stacks may have been taken:
// tests that compare frames do what they do once before they begin to count.
struct holdings {
    uint64_t free_frames;
    size_t blocks, bytes;
};

static inline struct holdings read_holdings(void)
{
    struct frame_statistics frames;
    struct heap_statistics heap;
    frame_statistics_read(memory_frames(), &frames);
    kernel_heap_statistics(&heap);
    return (struct holdings){frames.free, heap.taken_blocks, heap.taken_bytes};
}

static inline void check_blocks(struct holdings before)
{
    struct holdings now = read_holdings();
    CHECK_EQUAL(now.blocks, before.blocks);
    CHECK_EQUAL(now.bytes, before.bytes);
}

static inline void check_holdings(struct holdings before)
{
    check_blocks(before);
    CHECK_EQUAL(read_holdings().free_frames, before.free_frames);
}
