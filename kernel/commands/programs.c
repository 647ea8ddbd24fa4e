// SPDX-License-Identifier: MIT
// The commands that speak of programs and of the files that they see: ls, cat, run, ps, kill. Gives a program its
// terminal: what is typed, and the console.
#include <canonical/canonical.h>
#include <console/console.h>
#include <file_tree/file_tree.h>
#include <lib/address.h>
#include <lib/command.h>
#include <lib/format.h>
#include <lib/string.h>
#include <log/log.h>
#include <memory/heap.h>
#include <process/program.h>
#include <task/task.h>
#include <tty/tty.h>

typedef unsigned long long printable_t;

constexpr size_t PATH_LIMIT = 256;

// ---- files

static enum status fail_to_find(struct command_call *call, const char *path, enum status status)
{
    const char *reason = status == STATUS_INVALID ? "a part of the path is no directory"
                         : status == STATUS_RANGE ? "too many symbolic links"
                                                  : "there is no such file";
    return command_fail(call, status, "%s: %s", path, reason);
}

// The path at INDEX of all files; kept for ever, since the tree never changes.
static const char *path_at(size_t index)
{
    static const char **paths;
    const struct file_tree *tree = process_files();
    if (paths == nullptr)
        paths = kernel_heap_allocate_zeroed(tree->count * sizeof *paths, 0);
    if (paths == nullptr || index + 1 >= tree->count)
        return nullptr;
    uint32_t node = (uint32_t)index + 1; // the root needs no completion
    char path[PATH_LIMIT];
    if (paths[node] == nullptr && file_tree_path(tree, node, path, sizeof path) == STATUS_OK) {
        char *kept = kernel_heap_allocate(strlen(path) + 1, 0);
        if (kept == nullptr)
            return nullptr;
        string_copy(kept, path, strlen(path) + 1);
        paths[node] = kept;
    }
    return paths[node] != nullptr ? paths[node] : "";
}

static char kind_letter(enum file_kind kind)
{
    return kind == FILE_DIRECTORY ? 'd' : kind == FILE_LINK ? 'l' : '-';
}

static void list_node(struct command_call *call, const struct file_node *node)
{
    char rights[10] = "rwxrwxrwx";
    for (unsigned i = 0; i < 9; i++) {
        if (!(node->permissions >> (8 - i) & 1))
            rights[i] = '-';
    }
    command_print(call, "%c%s %10llu  %.*s", kind_letter(node->kind), rights, (printable_t)node->size_bytes,
                  (int)node->name_length, node->name);
    if (node->kind == FILE_LINK)
        command_print(call, " -> %.*s", (int)node->size_bytes, (const char *)node->bytes);
    command_print(call, "\n");
}

static enum status run_ls(struct command_call *call)
{
    const struct file_tree *tree = process_files();
    const char *path = call->argument_count != 0 ? call->arguments[0].text : "/";
    uint32_t node;
    enum status status = file_tree_find(tree, FILE_ROOT, path, true, &node);
    if (status != STATUS_OK)
        return fail_to_find(call, path, status);
    if (tree->nodes[node].kind != FILE_DIRECTORY) {
        list_node(call, &tree->nodes[node]);
        return STATUS_OK;
    }
    for (uint32_t child = tree->nodes[node].first_child; child != FILE_NONE && command_goes_on(call);
         child = tree->nodes[child].next_sibling)
        list_node(call, &tree->nodes[child]);
    return STATUS_OK;
}

COMMAND(ls, .summary = "list the files that programs see", .run = run_ls,
        .details = "They come with the kernel, as modules; docs/programs.md tells how.\n",
        .parameters = {{"path", path_at, COMMAND_WORD, .is_optional = true, .is_open = true}});

static enum status show_file(struct command_call *call, const char *path)
{
    const struct file_tree *tree = process_files();
    uint32_t node;
    enum status status = file_tree_find(tree, FILE_ROOT, path, true, &node);
    if (status != STATUS_OK)
        return fail_to_find(call, path, status);
    const struct file_node *file = &tree->nodes[node];
    if (file->kind == FILE_DIRECTORY)
        return command_fail(call, STATUS_INVALID, "%s: it is a directory", path);
    for (uint64_t at = 0; at < file->size_bytes && command_goes_on(call);) {
        constexpr uint64_t PIECE = 256;
        uint64_t length = file->size_bytes - at < PIECE ? file->size_bytes - at : PIECE;
        command_print(call, "%.*s", (int)length, (const char *)file->bytes + at);
        at += length;
    }
    return STATUS_OK;
}

static enum status run_cat(struct command_call *call)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < call->argument_count && status == STATUS_OK; i++)
        status = show_file(call, call->arguments[i].text);
    return status;
}

COMMAND(cat, .summary = "show what is in files", .run = run_cat,
        .parameters = {{"file", path_at, COMMAND_WORD, .is_open = true}, {"file", path_at, .kind = COMMAND_REST}});

// ---- a program's terminal

struct terminal {
    struct program_terminal functions;
    struct program *program;
    struct canonical line;
    struct program_terminal_mode mode;
    bool is_foreground;
    bool is_mid_line; // of what the program has written
};

static void echo_typed(void *, const char *text, size_t length)
{
    console_write(text, length);
}

static enum status read_line(struct terminal *terminal)
{
    while (!terminal->line.is_finished) {
        uint8_t byte;
        enum status status = tty_read(&byte);
        if (status != STATUS_OK)
            return status;
        canonical_push(&terminal->line, byte, terminal->mode.echoes ? echo_typed : nullptr, nullptr);
    }
    return STATUS_OK;
}

// One byte, and what has been typed besides.
static enum status read_raw(struct terminal *terminal, uint8_t *bytes, size_t size_bytes, size_t *count)
{
    do {
        enum status status = tty_read(&bytes[*count]);
        if (status != STATUS_OK)
            return *count > 0 ? STATUS_OK : status;
        if (terminal->mode.echoes)
            console_write((const char *)&bytes[*count], 1);
        (*count)++;
    } while (*count < size_bytes && tty_has_input());
    return STATUS_OK;
}

// A program in the background is typed nothing.
static enum status read_terminal(void *context, uint8_t *bytes, size_t size_bytes, size_t *count)
{
    struct terminal *terminal = context;
    *count = 0;
    if (!terminal->is_foreground)
        return STATUS_OK;
    if (!terminal->mode.is_canonical)
        return read_raw(terminal, bytes, size_bytes, count);
    enum status status = read_line(terminal);
    if (status == STATUS_OK)
        *count = canonical_take(&terminal->line, bytes, size_bytes);
    return status;
}

static enum status write_terminal(void *context, const uint8_t *bytes, size_t size_bytes)
{
    struct terminal *terminal = context;
    console_write((const char *)bytes, size_bytes);
    if (size_bytes != 0)
        terminal->is_mid_line = bytes[size_bytes - 1] != '\n';
    task_yield(); // output without end must not keep the keyboard from its work
    return STATUS_OK;
}

static void read_window(void *, uint16_t *columns, uint16_t *rows)
{
    struct console_size size = console_size();
    *columns = (uint16_t)size.columns;
    *rows = (uint16_t)size.rows;
}

static void interrupt_program(void *context)
{
    struct terminal *terminal = context;
    console_print("^C\n");
    (void)program_kill(program_id(terminal->program), SIGNAL_INTERRUPT); // it may have ended by itself
}

static void set_mode(void *context, const struct program_terminal_mode *mode)
{
    struct terminal *terminal = context;
    terminal->mode = *mode;
    if (terminal->is_foreground)
        (void)tty_set_interrupt((struct tty_interrupt){mode->has_signals ? interrupt_program : nullptr, terminal});
}

// ---- run

static const char *const environment[] = {"PATH=/bin", "HOME=/", "TERM=vt102", nullptr};

static void tell(struct command_call *call, const char *path, const struct problem *problem)
{
    char sentence[160];
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral" // problem.h promises what the format may hold
    format_string(sentence, sizeof sentence, problem->format, problem->values[0], problem->values[1]);
#pragma clang diagnostic pop
    (void)command_fail(call, STATUS_INVALID, "%s: %s", path, sentence);
}

static struct terminal *start(struct command_call *call, size_t argument_count, bool is_foreground)
{
    const char *arguments[COMMAND_ARGUMENT_LIMIT + 1] = {};
    for (size_t i = 0; i < argument_count; i++)
        arguments[i] = call->arguments[i].text;
    struct terminal *terminal = kernel_heap_allocate_zeroed(sizeof *terminal, 0);
    if (terminal == nullptr) {
        (void)command_fail(call, STATUS_NO_MEMORY, "no memory for a program's terminal");
        return nullptr;
    }
    terminal->functions = (struct program_terminal){read_terminal, write_terminal, read_window, set_mode, terminal};
    terminal->mode = (struct program_terminal_mode){.is_canonical = true, .echoes = true, .has_signals = true};
    terminal->is_foreground = is_foreground;
    struct program_options options = {
        .path = arguments[0], .arguments = arguments, .environment = environment, .terminal = &terminal->functions};
    struct problem problem;
    if (program_start(&options, &terminal->program, &problem) == STATUS_OK)
        return terminal;
    tell(call, arguments[0], &problem);
    kernel_heap_free(terminal);
    return nullptr;
}

// Ctrl-C is the program's for as long as it runs.
static enum status run_in_foreground(struct command_call *call)
{
    struct terminal *terminal = start(call, call->argument_count, true);
    if (terminal == nullptr)
        return STATUS_INVALID;
    struct tty_interrupt before = tty_set_interrupt((struct tty_interrupt){interrupt_program, terminal});
    uint8_t exit_status = 0;
    enum status status = program_wait(terminal->program, &exit_status);
    (void)tty_set_interrupt(before);
    if (terminal->is_mid_line)
        command_print(call, "\n");
    kernel_heap_free(terminal);
    return status == STATUS_OK ? (enum status) - (int)exit_status : status;
}

// A task for each program in the background says how it ended.
static void await_end(void *context)
{
    struct terminal *terminal = context;
    uint32_t id = program_id(terminal->program);
    uint8_t exit_status;
    if (program_wait(terminal->program, &exit_status) == STATUS_OK)
        log_info("run", "program %u has ended with status %u", (unsigned)id, (unsigned)exit_status);
    kernel_heap_free(terminal);
}

static enum status run_in_background(struct command_call *call)
{
    struct terminal *terminal = start(call, call->argument_count - 1, false);
    if (terminal == nullptr)
        return STATUS_INVALID;
    uint32_t id = program_id(terminal->program);
    struct task_options options = {.name = "await_end", .run = await_end, .context = terminal, .class = TASK_NORMAL};
    enum status status = task_spawn(&options, nullptr);
    if (status != STATUS_OK) {
        uint8_t exit_status;
        (void)program_kill(id, SIGNAL_KILL);
        (void)program_wait(terminal->program, &exit_status);
        kernel_heap_free(terminal);
        return command_fail(call, status, "no memory for the task that would await the program");
    }
    command_print(call, "program %u runs\n", (unsigned)id);
    return STATUS_OK;
}

static enum status run_run(struct command_call *call)
{
    size_t last = call->argument_count - 1;
    return last > 0 && strcmp(call->arguments[last].text, "&") == 0 ? run_in_background(call) : run_in_foreground(call);
}

COMMAND(run, .summary = "run a program in ring 3", .run = run_run,
        .details = "Ctrl-C ends it. With a last argument of & it runs in the background, and is\n"
                   "typed nothing. $? is then its exit status, or 128 and the number of a signal.\n",
        .parameters = {{"file", path_at, COMMAND_WORD, .is_open = true}, {"argument", path_at, .kind = COMMAND_REST}});

// ---- ps, kill

struct list {
    struct command_call *call;
    unsigned count;
};

static void list_program(void *context, const struct program_statistics *statistics)
{
    struct list *list = context;
    list->count++;
    command_print(list->call, "%4u  %-16.16s %-6s %9llu %8llu %8llu %8llu %9llu\n", (unsigned)statistics->id,
                  statistics->name, statistics->has_ended ? "ended" : "runs", (printable_t)statistics->call_count,
                  (printable_t)statistics->unknown_call_count, (printable_t)statistics->fault_count,
                  (printable_t)(statistics->page_count * PAGE_SIZE / 1024),
                  (printable_t)(statistics->area_bytes / 1024));
}

static enum status run_ps(struct command_call *call)
{
    struct list list = {.call = call};
    command_print(call, "%4s  %-16s %-6s %9s %8s %8s %8s %9s\n", "id", "name", "state", "calls", "unknown", "faults",
                  "KiB now", "may have");
    program_for_each(list_program, &list);
    command_print(call, "%u programs; %llu calls since the boot that there are not\n", list.count,
                  (printable_t)process_unknown_call_count());
    return STATUS_OK;
}

COMMAND(ps, .summary = "list the programs", .run = run_ps,
        .details = "For each: its state, system calls so far, how many of those there are not, page\n"
                   "faults, and its memory.\n");

static enum status run_kill(struct command_call *call)
{
    uint64_t id = call->arguments[0].number;
    uint64_t signal = call->argument_count > 1 ? call->arguments[1].number : SIGNAL_TERMINATE;
    enum status status =
        id <= UINT32_MAX && signal <= UINT32_MAX ? program_kill((uint32_t)id, (unsigned)signal) : STATUS_NOT_FOUND;
    if (status == STATUS_INVALID)
        return command_fail(call, status, "there is no signal %llu", (printable_t)signal);
    if (status != STATUS_OK)
        return command_fail(call, status, "there is no program %llu; \"ps\" lists them", (printable_t)id);
    return STATUS_OK;
}

COMMAND(kill, .summary = "send a signal to a program: 15, the end, if nothing is said", .run = run_kill,
        .parameters = {{"id", .kind = COMMAND_NUMBER}, {"signal", .kind = COMMAND_NUMBER, .is_optional = true}});
