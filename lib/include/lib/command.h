// SPDX-License-Identifier: MIT
// Commands of the shell, as the modules that have them declare them. The linker collects them in a table; the shell
// reads it there, so no module includes the shell, and a module that is not linked has no command. Exported names start
// with command_.
//
//   static enum status run_uptime(struct command_call *call)
//   {
//       command_print(call, "up for %llu s\n", (unsigned long long)(time_now_ns() / 1'000'000'000));
//       return STATUS_OK;
//   }
//
//   COMMAND(uptime, .summary = "say how long the machine has been up", .run = run_uptime);
//
// A command runs as a task of its own (task/task.h): it may wait, and must not keep the CPU for long without
// command_goes_on(). Its arguments have been checked against its parameters before it runs.
#pragma once
#include <lib/status.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

constexpr size_t COMMAND_PARAMETER_LIMIT = 4;
constexpr size_t COMMAND_ARGUMENT_LIMIT = 32;

enum command_kind : uint8_t {
    COMMAND_END,    // behind the last parameter
    COMMAND_WORD,   // any text, or one of its choices
    COMMAND_NUMBER, // decimal, or hexadecimal after 0x; K, M and G behind it multiply by powers of 1024
    COMMAND_REST,   // any number of words, none too; the last parameter
    COMMAND_LINE,   // a command with its arguments; the last parameter
};

// The words that may stand for a parameter: the one at INDEX, nullptr behind the last. What the shell completes and
// checks. Any context.
typedef const char *command_choice_fn(size_t index);

struct command_parameter {
    const char *name;          // in the usage line
    command_choice_fn *choice; // of a word; nullptr: any word will do
    enum command_kind kind;
    bool is_optional; // it, and all behind it
    bool is_open;     // other words than its choices will do, too
};

struct command_argument {
    const char *text; // as it was typed, quotes resolved; never empty of a number
    uint64_t number;  // of a COMMAND_NUMBER
};

// Where a command's text goes. FUNCTIONS are those of whoever runs it.
struct command_call;
struct command_host {
    void (*write)(struct command_call *call, const char *text, size_t length);
    bool (*goes_on)(struct command_call *call);
};

struct command_call {
    const struct command *command;
    size_t argument_count; // optional arguments that were not given are missing at the end
    struct command_argument arguments[COMMAND_ARGUMENT_LIMIT];
    const struct command_host *host;
};

// Returns STATUS_OK, or why it failed after it has said so with command_fail().
typedef enum status command_fn(struct command_call *call);

// An entry of the table. Its alignment is its size, so that neither compiler nor linker can put padding between two.
constexpr size_t COMMAND_ENTRY_SIZE = 128;
struct command {
    alignas(COMMAND_ENTRY_SIZE) const char *name;
    const char *summary; // what it does: half a sentence without a capital letter and a full stop
    const char *details; // what `help` says beyond that, in whole lines; may be nullptr
    command_fn *run;
    struct command_parameter parameters[COMMAND_PARAMETER_LIMIT];
};
static_assert(sizeof(struct command) == COMMAND_ENTRY_SIZE);

// Declare the command called WORD. The symbol's name is what the kernel's link looks for in the libraries
// (cmake/kernel_link.cmake).
#define COMMAND(word, ...)                                                                                             \
    extern const struct command shell_command_##word;                                                                  \
    [[gnu::section(".commands"), gnu::used]] const struct command shell_command_##word = {.name = #word, __VA_ARGS__}

// Say something. UTF-8 with control sequences (docs/terminal.md); a line ends with '\n'.
__attribute__((format(printf, 2, 3))) void command_print(struct command_call *call, const char *format, ...);

// Say what went wrong in a sentence, behind the command's name. Returns STATUS, for the command to return it.
__attribute__((format(printf, 3, 4))) enum status command_fail(struct command_call *call, enum status status,
                                                               const char *format, ...);

// Let everybody else run. False when the user has asked the command to end: it returns STATUS_CANCELLED then.
[[nodiscard]] bool command_goes_on(struct command_call *call);
