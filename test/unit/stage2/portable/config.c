// SPDX-License-Identifier: MIT
// Tests of the HEWN.CFG parser: what it takes, what it refuses, with the number of the line.
#include <support/unit.h>

#include <portable/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *buffer; // its own block, so that ASan sees its end
static struct config config;
static struct problem problem;
static char unknown_keys[256];

static void note_unknown(void *context, uint32_t line_number, const char *key)
{
    assert_ptr_equal(context, &config);
    size_t length = strlen(unknown_keys);
    snprintf(unknown_keys + length, sizeof unknown_keys - length, "%u:%s ", line_number, key);
}

static enum status parse_bytes(const char *text, size_t size_bytes)
{
    free(buffer);
    buffer = malloc(size_bytes + 1);
    assert_non_null(buffer);
    memcpy(buffer, text, size_bytes);
    buffer[size_bytes] = '!';
    unknown_keys[0] = '\0';
    problem = (struct problem){};
    memset(&config, 0xa5, sizeof config);
    return config_parse(buffer, size_bytes, &config, note_unknown, &config, &problem);
}

static enum status parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static int forget(void **state)
{
    (void)state;
    free(buffer);
    buffer = nullptr;
    return 0;
}

static void assert_refused(const char *text, size_t size_bytes, const char *wanted)
{
    assert_int_equal(parse_bytes(text, size_bytes), STATUS_INVALID);
    char sentence[128];
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
    snprintf(sentence, sizeof sentence, problem.format, problem.values[0], problem.values[1]);
#pragma clang diagnostic pop
    assert_string_equal(sentence, wanted);
}

static void config_empty_text_gives_the_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# nothing", "\xef\xbb\xbf", "\xef\xbb\xbf\r\n  \t\r\n# x = y\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(parse(texts[i]), STATUS_OK);
        assert_string_equal(config.kernel, "KERNEL.ELF");
        assert_string_equal(config.command_line, "");
        assert_int_equal(config.module_count, 0);
        assert_string_equal(unknown_keys, "");
    }
}

static void config_all_keys_are_taken(void **state)
{
    (void)state;
    assert_int_equal(parse("# a comment\n"
                           "kernel = boot/my kernel.elf\n"
                           "\n"
                           "module=one\n"
                           "\t cmdline\t =  exit=pass # all \"of\" it = value \t\n"
                           "   # indented comment\n"
                           "module =  zwei \xc3\xa4\n"),
                     STATUS_OK);
    assert_string_equal(config.kernel, "boot/my kernel.elf");
    assert_string_equal(config.command_line, "exit=pass # all \"of\" it = value");
    assert_int_equal(config.module_count, 2);
    assert_string_equal(config.modules[0], "one");
    assert_string_equal(config.modules[1], "zwei \xc3\xa4");
    assert_string_equal(unknown_keys, "");
}

static void config_carriage_returns_and_a_missing_last_newline_are_fine(void **state)
{
    (void)state;
    assert_int_equal(parse("\xef\xbb\xbfkernel=a\r\ncmdline = b c \r\nmodule=d"), STATUS_OK);
    assert_string_equal(config.kernel, "a");
    assert_string_equal(config.command_line, "b c");
    assert_int_equal(config.module_count, 1);
    assert_string_equal(config.modules[0], "d");
}

static void config_empty_command_line_is_a_value(void **state)
{
    (void)state;
    assert_int_equal(parse("cmdline ="), STATUS_OK);
    assert_string_equal(config.command_line, "");
    assert_refused("cmdline=\ncmdline=x", 18, "line 2: this key was there before");
}

static void config_unknown_keys_are_reported_and_skipped(void **state)
{
    (void)state;
    assert_int_equal(parse("Kernel = x\n\nkernels=y\ntimeout = 5\nkernel=z\n"), STATUS_OK);
    assert_string_equal(unknown_keys, "1:Kernel 3:kernels 4:timeout ");
    assert_string_equal(config.kernel, "z");
}

static void config_malformed_lines_are_refused_by_number(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"kernel", "line 1: no '=', wanted is key = value"},
        {"\n\r\nboot it\n", "line 3: no '=', wanted is key = value"},
        {"kernel=a\n = b\n", "line 2: no key before '='"},
        {"=", "line 1: no key before '='"},
        {"kernel = \t\r\n", "line 1: a file name is missing after '='"},
        {"# x\nmodule=", "line 2: a file name is missing after '='"},
        {"kernel=a\nkernel=a", "line 2: this key was there before"},
        {"cmdline=a\n\ncmdline=b\nkernel", "line 3: this key was there before"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, strlen(cases[i].text), cases[i].wanted);
}

static void config_zero_bytes_are_refused_wherever_they_are(void **state)
{
    (void)state;
    assert_refused("kernel=a\0b\n", 11, "line 1: a zero byte; the file must be UTF-8 text");
    assert_refused("\n# a\0b", 6, "line 2: a zero byte; the file must be UTF-8 text");
    assert_refused("\n\n\0", 3, "line 3: a zero byte; the file must be UTF-8 text");
    assert_refused("k\0=\0a\0\n\0", 8, "line 1: a zero byte; the file must be UTF-8 text");
}

static void config_sixteen_modules_are_the_limit(void **state)
{
    (void)state;
    char text[CONFIG_MODULES_MAX * 16 + 32];
    size_t length = 0;
    for (uint32_t i = 0; i < CONFIG_MODULES_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "module = m%u\n", i);
    assert_int_equal(parse_bytes(text, length), STATUS_OK);
    assert_int_equal(config.module_count, CONFIG_MODULES_MAX);
    assert_string_equal(config.modules[CONFIG_MODULES_MAX - 1], "m15");
    length += (size_t)snprintf(text + length, sizeof text - length, "module = x\n");
    assert_refused(text, length, "line 17: more than 16 modules");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(config_empty_text_gives_the_defaults, forget),
        cmocka_unit_test_teardown(config_all_keys_are_taken, forget),
        cmocka_unit_test_teardown(config_carriage_returns_and_a_missing_last_newline_are_fine, forget),
        cmocka_unit_test_teardown(config_empty_command_line_is_a_value, forget),
        cmocka_unit_test_teardown(config_unknown_keys_are_reported_and_skipped, forget),
        cmocka_unit_test_teardown(config_malformed_lines_are_refused_by_number, forget),
        cmocka_unit_test_teardown(config_zero_bytes_are_refused_wherever_they_are, forget),
        cmocka_unit_test_teardown(config_sixteen_modules_are_the_limit, forget),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
