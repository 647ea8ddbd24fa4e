// SPDX-License-Identifier: MIT
// Binds words to parameters. Called by the shell; knows no command by name.
#include <lib/format.h>
#include <lib/string.h>
#include <stdckdint.h>
#include <syntax/arguments.h>

// ---- what a command takes

// Whether KIND takes all words that come.
static bool takes_all(enum command_kind kind)
{
    return kind == COMMAND_REST || kind == COMMAND_LINE;
}

const struct command_parameter *arguments_parameter(const struct command *command, size_t index)
{
    const struct command_parameter *parameters = command->parameters;
    for (size_t i = 0; i < COMMAND_PARAMETER_LIMIT && parameters[i].kind != COMMAND_END; i++) {
        if (i == index || takes_all(parameters[i].kind))
            return &parameters[i];
    }
    return nullptr;
}

const char *arguments_usage(const struct command *command, char buffer[static ARGUMENTS_USAGE_LIMIT])
{
    size_t length = format_string(buffer, ARGUMENTS_USAGE_LIMIT, "%s", command->name);
    for (size_t i = 0; i < COMMAND_PARAMETER_LIMIT && command->parameters[i].kind != COMMAND_END; i++) {
        const struct command_parameter *parameter = &command->parameters[i];
        bool may_miss = parameter->kind == COMMAND_REST || parameter->is_optional;
        if (length < ARGUMENTS_USAGE_LIMIT)
            length += format_string(buffer + length, ARGUMENTS_USAGE_LIMIT - length, " %c%s%s%c", may_miss ? '[' : '<',
                                    parameter->name, takes_all(parameter->kind) ? " ..." : "", may_miss ? ']' : '>');
    }
    return buffer;
}

// ---- what an argument is

// The value of DIGIT in BASE, or BASE.
static unsigned digit_value(char digit, unsigned base)
{
    unsigned value = digit >= '0' && digit <= '9'   ? (unsigned)(digit - '0')
                     : digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a' + 10)
                     : digit >= 'A' && digit <= 'F' ? (unsigned)(digit - 'A' + 10)
                                                    : base;
    return value < base ? value : base;
}

// By how many bits the suffix at TEXT shifts what stands before it; 64: it is none.
static unsigned suffix_shift(const char *text)
{
    static const char suffixes[] = "KMG";
    if (*text == '\0')
        return 0;
    const char *suffix = strchr(suffixes, *text);
    return suffix != nullptr && text[1] == '\0' ? 10 * (unsigned)(suffix - suffixes + 1) : 64;
}

enum status arguments_number(const char *text, uint64_t *number)
{
    bool is_hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned base = is_hexadecimal ? 16 : 10;
    const char *at = text + (is_hexadecimal ? 2 : 0);
    uint64_t value = 0;
    unsigned digit;
    bool is_too_large = false;
    const char *first = at;
    for (; (digit = digit_value(*at, base)) < base; at++) {
        if (ckd_mul(&value, value, base) || ckd_add(&value, value, digit))
            is_too_large = true;
    }
    unsigned shift = suffix_shift(at);
    if (at == first || shift == 64)
        return STATUS_INVALID;
    if (is_too_large || ckd_mul(&value, value, 1ull << shift))
        return STATUS_RANGE;
    *number = value;
    return STATUS_OK;
}

// ---- one after the other

static bool is_choice(command_choice_fn *choice, const char *text)
{
    const char *word;
    for (size_t i = 0; (word = choice(i)) != nullptr; i++) {
        if (strcmp(word, text) == 0)
            return true;
    }
    return false;
}

static void list_choices(const struct command_call *call, const struct command_parameter *parameter, const char *text,
                         char *problem)
{
    size_t length =
        format_string(problem, ARGUMENTS_PROBLEM_LIMIT, "\"%.60s\" is no %s; known:", text, parameter->name);
    const char *word;
    for (size_t i = 0; (word = parameter->choice(i)) != nullptr && length < ARGUMENTS_PROBLEM_LIMIT; i++)
        length += format_string(problem + length, ARGUMENTS_PROBLEM_LIMIT - length, " %s", word);
    if (length >= ARGUMENTS_PROBLEM_LIMIT)
        format_string(problem, ARGUMENTS_PROBLEM_LIMIT, "\"%.60s\" is no %s; \"help %s\" lists what is", text,
                      parameter->name, call->command->name);
}

static enum status bind(struct command_call *call, size_t index, const struct command_parameter *parameter,
                        const char *text, char *problem)
{
    struct command_argument *argument = &call->arguments[index];
    argument->text = text;
    if (parameter->kind == COMMAND_NUMBER) {
        enum status status = arguments_number(text, &argument->number);
        if (status != STATUS_OK)
            format_string(problem, ARGUMENTS_PROBLEM_LIMIT, "\"%.60s\" is %s, wanted for <%s>", text,
                          status == STATUS_RANGE ? "more than 64 bits" : "no number", parameter->name);
        return status == STATUS_OK ? STATUS_OK : STATUS_INVALID;
    }
    if (parameter->choice == nullptr || parameter->is_open || parameter->kind != COMMAND_WORD ||
        is_choice(parameter->choice, text))
        return STATUS_OK;
    list_choices(call, parameter, text, problem);
    return STATUS_INVALID;
}

enum status arguments_bind(struct command_call *call, const char *const *words, size_t count,
                           char problem[static ARGUMENTS_PROBLEM_LIMIT])
{
    for (size_t i = 0; i < count; i++) {
        const struct command_parameter *parameter = arguments_parameter(call->command, i);
        if (parameter == nullptr || i == COMMAND_ARGUMENT_LIMIT) {
            format_string(problem, ARGUMENTS_PROBLEM_LIMIT, "\"%.60s\" is one argument too many", words[i]);
            return STATUS_INVALID;
        }
        enum status status = bind(call, i, parameter, words[i], problem);
        if (status != STATUS_OK)
            return status;
    }
    call->argument_count = count;
    const struct command_parameter *missing = arguments_parameter(call->command, count);
    bool has_one = missing != nullptr && (size_t)(missing - call->command->parameters) < count;
    if (missing == nullptr || has_one || missing->is_optional || missing->kind == COMMAND_REST)
        return STATUS_OK;
    format_string(problem, ARGUMENTS_PROBLEM_LIMIT, "<%s> is missing", missing->name);
    return STATUS_INVALID;
}
