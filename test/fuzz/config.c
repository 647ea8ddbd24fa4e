// SPDX-License-Identifier: MIT
// Fuzzer of the HEWN.CFG parser: an input is the text. Beside memory errors it looks for strings that are not
// terminated inside the text, blanks that were left on, and problems that name a line which is not there.
#include <portable/config.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    char *bytes;
    size_t size;
    uint32_t lines;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

static void require_trimmed(const char *string)
{
    size_t length = strlen(string); // ASan watches the end
    require(length == 0 || (!is_blank(string[0]) && !is_blank(string[length - 1])));
    require(!strchr(string, '\n'));
}

static void require_in_text(const struct text *text, const char *string)
{
    require(string >= text->bytes && string <= text->bytes + text->size);
    require_trimmed(string);
}

static void note_unknown(void *context, uint32_t line_number, const char *key)
{
    const struct text *text = context;
    require(line_number >= 1 && line_number <= text->lines);
    require_in_text(text, key);
    require(*key != '\0' && strcmp(key, "kernel") != 0 && strcmp(key, "cmdline") != 0 && strcmp(key, "module") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = {malloc(size + 1), size, 1};
    require(text.bytes != nullptr);
    if (size)
        memcpy(text.bytes, data, size);
    for (size_t i = 0; i < size; i++)
        text.lines += data[i] == '\n';
    struct config config;
    struct problem problem = {};
    enum status status = config_parse(text.bytes, size, &config, note_unknown, &text, &problem);
    if (status == STATUS_OK) {
        require(!size || !memchr(data, '\0', size));
        require_trimmed(config.kernel);
        require(*config.kernel != '\0');
        require_trimmed(config.command_line);
        require(config.module_count <= CONFIG_MODULES_MAX);
        for (uint32_t i = 0; i < config.module_count; i++) {
            require_in_text(&text, config.modules[i]);
            require(*config.modules[i] != '\0');
        }
    } else {
        require(status == STATUS_INVALID && problem.format);
        require(problem.values[0] >= 1 && problem.values[0] <= text.lines);
    }
    free(text.bytes);
    return 0;
}
