// SPDX-License-Identifier: MIT
// The life of a program: a task that makes a trip to ring 3, and what is left of it until somebody has asked how it
// ended. Called by whoever starts programs; knows neither ELF nor a system call.
#include "parts.h"
#include <arch/fpu.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <memory/heap.h>

static struct program *first; // in the order of their numbers
static uint32_t last_id;

// ---- begin

static void append(struct program *self)
{
    struct program **place = &first;
    while (*place != nullptr)
        place = &(*place)->next;
    *place = self;
}

static void forget(const struct program *self)
{
    struct program **place = &first;
    while (*place != self)
        place = &(*place)->next;
    *place = self->next;
}

// The last part of PATH, cut to what fits.
static void set_name(struct program *self, const char *path)
{
    const char *name = path, *slash;
    while ((slash = strchr(name, '/')) != nullptr && slash[1] != '\0')
        name = slash + 1;
    (void)string_copy(self->name, name, sizeof self->name);
}

// All that SELF has beside itself. Parts may be missing.
static void release(struct program *self)
{
    current_unload(self);
    file_close_all(self);
    space_release(self);
    kernel_heap_free(self->context.fpu);
    self->context.fpu = nullptr;
}

static void run(void *context)
{
    struct program *self = context;
    current_begin_slices();
    user_enter(&self->context, &self->start);
    release(self);
    current_end_slices();
    self->has_ended = true;
}

// nullptr: PROBLEM says why.
static const struct file_node *find_file(const char *path, struct problem *problem)
{
    uint32_t node;
    *problem = (struct problem){.format = "not there"};
    if (file_tree_find(&process_tree, FILE_ROOT, path, true, &node) != STATUS_OK)
        return nullptr;
    *problem = (struct problem){.format = "a directory, not a program"};
    return process_tree.nodes[node].kind == FILE_REGULAR ? &process_tree.nodes[node] : nullptr;
}

static enum status make_parts(struct program *self)
{
    enum status status = user_space_create(&self->space);
    if (status != STATUS_OK)
        return status;
    self->context.fpu = kernel_heap_allocate(fpu_state_bytes(), FPU_STATE_ALIGNMENT);
    if (self->context.fpu == nullptr)
        return STATUS_NO_MEMORY;
    fpu_state_init(self->context.fpu);
    return file_open_terminal(self);
}

static enum status spawn(struct program *self)
{
    struct task_options options = {.name = self->name, .run = run, .context = self, .class = TASK_NORMAL};
    self->id = last_id + 1;
    enum status status = task_spawn(&options, &self->task);
    if (status == STATUS_OK)
        last_id++;
    return status;
}

static enum status prepare(struct program *self, const struct program_options *options, struct problem *problem)
{
    if (make_parts(self) != STATUS_OK)
        return problem_report(problem, STATUS_NO_MEMORY, "too large: there is no memory for it", 0, 0);
    enum status status = load_program(self, options, problem);
    if (status == STATUS_OK && spawn(self) != STATUS_OK)
        status = problem_report(problem, STATUS_NO_MEMORY, "one too many: there is no memory for another task", 0, 0);
    return status;
}

enum status program_start(const struct program_options *options, struct program **program, struct problem *problem)
{
    const struct file_node *file = find_file(options->path, problem);
    if (file == nullptr)
        return STATUS_NOT_FOUND;
    struct program *self = kernel_heap_allocate_zeroed(sizeof *self, 0);
    if (self == nullptr)
        return problem_report(problem, STATUS_NO_MEMORY, "one too many: there is no memory for another program", 0, 0);
    self->terminal = options->terminal;
    self->file = file;
    set_name(self, options->path);
    enum status status = prepare(self, options, problem);
    if (status != STATUS_OK) {
        release(self);
        kernel_heap_free(self);
        return status;
    }
    append(self);
    *program = self;
    return STATUS_OK;
}

// ---- end

void program_end(struct program *self, uint8_t exit_status)
{
    self->exit_status = exit_status;
    user_leave(&self->context);
}

enum status program_wait(struct program *program, uint8_t *exit_status)
{
    enum status status = task_join(program->task);
    if (status != STATUS_OK)
        return status;
    *exit_status = program->exit_status;
    forget(program);
    kernel_heap_free(program);
    return STATUS_OK;
}

struct program *program_find(uint32_t id)
{
    struct program *program = first;
    while (program != nullptr && program->id != id)
        program = program->next;
    return program;
}

enum status program_kill(uint32_t id, unsigned signal)
{
    struct program *program = program_find(id);
    if (program == nullptr)
        return STATUS_NOT_FOUND;
    if (signal == 0 || signal > SIGNAL_COUNT)
        return STATUS_INVALID;
    if (!program->has_ended && signal_send(program, signal))
        task_cancel(program->task);
    return STATUS_OK;
}

uint32_t program_id(const struct program *program)
{
    return program->id;
}

// ---- what can be seen

void program_for_each(program_visit_fn *visit, void *context)
{
    for (const struct program *program = first; program != nullptr; program = program->next) {
        struct program_statistics seen = {
            .id = program->id,
            .name = program->name,
            .has_ended = program->has_ended,
            .call_count = program->call_count,
            .unknown_call_count = program->unknown_call_count,
            .fault_count = program->fault_count,
            .page_count = program->page_count,
            .area_bytes = program->areas.total_bytes,
        };
        visit(context, &seen);
    }
}
