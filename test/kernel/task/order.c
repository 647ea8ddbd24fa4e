// SPDX-License-Identifier: MIT
// kernel/task/executor.c: who runs, and in which order. Whatever kind a task is of, one queue decides.
#include <ready_queue/ready_queue.h>
#include <task/spawn.h>

static struct trace trace;

// A task that leaves its letter ROUNDS times and lets the others run in between.
struct walker {
    char letter;
    unsigned rounds;
};

static void walk(void *context)
{
    struct walker *self = context;
    while (self->rounds-- > 1) {
        trace_add(&trace, self->letter);
        task_yield();
    }
    trace_add(&trace, self->letter);
}

static enum task_step walk_by_steps(void *context)
{
    struct walker *self = context;
    trace_add(&trace, self->letter);
    return --self->rounds == 0 ? TASK_ENDS : TASK_YIELDS;
}

TEST(task, tasks_run_in_the_order_in_which_they_were_made)
{
    struct walker walkers[] = {{'a', 1}, {'b', 1}, {'c', 1}, {'d', 1}, {'e', 1}};
    trace = (struct trace){};
    for (unsigned i = 0; i < 5; i++)
        start(i == 1 || i == 2 ? stepwise(walk_by_steps, &walkers[i]) : sequential(walk, &walkers[i]));
    CHECK_EQUAL(task_count(), 5);
    task_run();
    CHECK_STRING(trace.text, "abcde");
    CHECK_EQUAL(task_count(), 0);
}

TEST(task, yield_alternates_between_all_that_are_ready)
{
    struct walker walkers[] = {{'a', 3}, {'b', 4}, {'c', 2}, {'d', 3}};
    trace = (struct trace){};
    for (unsigned i = 0; i < 4; i++)
        start(i % 2 == 0 ? sequential(walk, &walkers[i]) : stepwise(walk_by_steps, &walkers[i]));
    task_run();
    CHECK_STRING(trace.text, "abcdabcdabdb");
}

TEST(task, one_that_yields_alone_goes_on)
{
    struct walker alone = {'a', 5}, by_steps = {'b', 5};
    trace = (struct trace){};
    start(sequential(walk, &alone));
    task_run();
    start(stepwise(walk_by_steps, &by_steps));
    task_run();
    CHECK_STRING(trace.text, "aaaaabbbbb");
}

TEST(task, lower_classes_come_first)
{
    struct walker walkers[] = {{'b', 2}, {'n', 2}, {'u', 2}};
    trace = (struct trace){};
    start_in(TASK_BACKGROUND, sequential(walk, &walkers[0]));
    start_in(TASK_NORMAL, stepwise(walk_by_steps, &walkers[1]));
    start_in(TASK_URGENT, sequential(walk, &walkers[2]));
    task_run();
    CHECK_STRING(trace.text, "uunnbb");
}

// Two that never stop of themselves, and how often they ran until the one below them was done.
static unsigned urgent_count, normal_count;
static bool is_enough;

static enum task_step be_urgent(void *)
{
    urgent_count++;
    return is_enough ? TASK_ENDS : TASK_YIELDS;
}

static void be_normal(void *)
{
    for (; !is_enough; task_yield())
        normal_count++;
}

static void be_patient(void *)
{
    is_enough = true;
}

TEST(task, no_class_starves)
{
    urgent_count = normal_count = 0;
    is_enough = false;
    start_in(TASK_URGENT, stepwise(be_urgent, nullptr));
    start_in(TASK_NORMAL, sequential(be_normal, nullptr));
    start_in(TASK_BACKGROUND, sequential(be_patient, nullptr));
    task_run();
    test_note("%u urgent and %u normal turns before the background's", urgent_count - 1, normal_count);
    CHECK(normal_count <= 1); // they wait for each other's patience to end
    CHECK(urgent_count - 1 + normal_count <= READY_PATIENCE);
}

static enum task_step start_a_sequential_one(void *context)
{
    static struct walker walker;
    walker = (struct walker){'s', 1};
    start(sequential(walk, &walker));
    trace_add(&trace, *(char *)context);
    return TASK_ENDS;
}

static void start_others(void *context)
{
    static char letter = '2';
    start(stepwise(start_a_sequential_one, &letter));
    start_in(TASK_URGENT, stepwise(start_a_sequential_one, &letter));
    trace_add(&trace, *(char *)context);
}

TEST(task, tasks_make_tasks)
{
    char letter = '1';
    trace = (struct trace){};
    start(sequential(start_others, &letter));
    task_run();
    CHECK_STRING(trace.text, "122ss");
}

static struct task *seen_task;

static void see_oneself(void *)
{
    seen_task = task_current();
}

TEST(task, current_task_is_the_one_that_runs)
{
    CHECK(task_current() == nullptr);
    struct task *task = start_kept(sequential(see_oneself, nullptr));
    task_run();
    CHECK(seen_task == task);
    CHECK(task_current() == nullptr);
    task_detach(task);
}

TEST(task, run_returns_at_once_when_there_is_none)
{
    CHECK_EQUAL(task_count(), 0);
    task_run();
}

TEST(task, options_that_make_no_sense_are_refused)
{
    struct task_options both = sequential(be_patient, nullptr), neither = {.name = "neither"}, classless = both,
                        crooked = both;
    both.step = be_urgent;
    classless.class = (enum task_class)READY_CLASS_COUNT;
    crooked.stack_bytes = 5000;
    struct holdings before = read_holdings();
    struct task *task = nullptr;
    CHECK_EQUAL(task_spawn(&both, &task), STATUS_INVALID);
    CHECK_EQUAL(task_spawn(&neither, &task), STATUS_INVALID);
    CHECK_EQUAL(task_spawn(&classless, &task), STATUS_INVALID);
    CHECK_EQUAL(task_spawn(&crooked, &task), STATUS_INVALID);
    CHECK(task == nullptr);
    CHECK_EQUAL(task_count(), 0);
    check_holdings(before);
}
