// SPDX-License-Identifier: MIT
// The parser behind portable/config.h, for stage 2 and the host tests. It works in the caller's buffer and must not
// know where the text came from or what becomes of the values.
#include <lib/string.h>
#include <portable/config.h>

// A carriage return counts as a blank: that is how lines that end in CR LF lose it.
static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

// Cut the blanks off both ends of the text from START to END, which becomes its terminator.
static char *trim(char *start, char *end)
{
    while (start < end && is_blank(*start))
        start++;
    while (start < end && is_blank(end[-1]))
        end--;
    *end = '\0';
    return start;
}

// Take VALUE for KEY. Returns what is wrong with that, or null.
static const char *take(struct config *config, const char *key, const char *value, bool *is_known)
{
    const char **slot;
    if (strcmp(key, "module") == 0) {
        if (config->module_count >= CONFIG_MODULES_MAX)
            return "line %llu: more than %llu modules";
        slot = &config->modules[config->module_count++];
    } else if (strcmp(key, "kernel") == 0) {
        slot = &config->kernel;
    } else if (strcmp(key, "cmdline") == 0) {
        slot = &config->command_line;
        if (!*slot) {
            *slot = value;
            return nullptr;
        }
    } else {
        *is_known = false;
        return nullptr;
    }
    if (*slot)
        return "line %llu: this key was there before";
    if (!*value)
        return "line %llu: a file name is missing after '='";
    *slot = value;
    return nullptr;
}

enum status config_parse(char *text, size_t size_bytes, struct config *config, config_unknown_fn *unknown,
                         void *context, struct problem *problem)
{
    memset(config, 0, sizeof *config);
    char *end = text + size_bytes;
    if (size_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (uint32_t number = 1; text < end; number++) {
        char *equals = nullptr;
        char *next = text;
        const char *wrong = nullptr;
        for (; next < end && *next != '\n'; next++) {
            if (*next == '=' && !equals)
                equals = next;
            if (*next == '\0')
                wrong = "line %llu: a zero byte; the file must be UTF-8 text";
        }
        char *line = trim(text, next);
        text = next + 1;
        if (!wrong && *line != '\0' && *line != '#') {
            if (!equals) {
                wrong = "line %llu: no '=', wanted is key = value";
            } else {
                const char *value = trim(equals + 1, line + strlen(line));
                const char *key = trim(line, equals);
                bool is_known = true;
                wrong = *key ? take(config, key, value, &is_known) : "line %llu: no key before '='";
                if (!is_known)
                    unknown(context, number, key);
            }
        }
        if (wrong)
            return problem_report(problem, STATUS_INVALID, wrong, number, CONFIG_MODULES_MAX);
    }
    if (!config->kernel)
        config->kernel = "KERNEL.ELF";
    if (!config->command_line)
        config->command_line = "";
    return STATUS_OK;
}
