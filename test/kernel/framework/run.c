// SPDX-License-Identifier: MIT
// Runs the selected tests in the order of the table, each by itself, and says in TAP (version 14) what became of it.
// Called by kernel_ready(); test/kernel/run.py reads what is printed here.
#include "run.h"
#include "landing.h"
#include "output.h"
#include "table.h"
#include <arch/cpu.h>
#include <console/console.h>
#include <framework/test.h>
#include <interrupt/vector.h>
#include <lib/command_line.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <log/emergency.h>
#include <memory/heap.h>
#include <verdict.h>

constexpr size_t PATTERN_LIMIT = 256;
constexpr unsigned SHOWN_FAILURES = 12; // names that fit on a screen beside the verdict
constexpr uint64_t RFLAGS_KEPT = CPU_RFLAGS_INTERRUPT | 1u << 10 | 1u << 8; // IF, DF, TF: a test leaves them alone

enum result : uint8_t {
    RESULT_PASSED,
    RESULT_FAILED,
    RESULT_SKIPPED,
};

static struct {
    char pattern[PATTERN_LIMIT];
    bool has_driver;
    unsigned selected_count, number; // of the test under way, from 1
    unsigned failed_count, skipped_count;
    const struct test *failed[SHOWN_FAILURES];
    const struct test *current; // nullptr between tests
    struct landing landing;
    enum result result;
    char skip_reason[128];
} run;

// ---- what a test says

[[noreturn]] static void leave(enum result result)
{
    run.result = result;
    kernel_heap_open(); // it may be a handler that is left
    landing_jump(&run.landing);
}

static void require_test(const char *what)
{
    if (run.current == nullptr)
        panic("%s, but no test is under way", what);
}

void test_fail(struct test_place place, const char *format, ...)
{
    require_test("a check failed");
    output_failure("# %s:%u: ", place.file, place.line);
    va_list arguments;
    va_start(arguments, format);
    output_failure_list(format, arguments);
    va_end(arguments);
    output_failure("\n");
    leave(RESULT_FAILED);
}

void test_skip(const char *format, ...)
{
    require_test("a test is to be skipped");
    va_list arguments;
    va_start(arguments, format);
    format_string_list(run.skip_reason, sizeof run.skip_reason, format, arguments);
    va_end(arguments);
    leave(RESULT_SKIPPED);
}

void test_need_driver(void)
{
    if (!run.has_driver)
        test_skip("nobody outside takes part; the command line would say driver");
}

void test_check_equal(struct test_place place, const char *actual_text, uint64_t actual, const char *expected_text,
                      uint64_t expected)
{
    if (actual == expected)
        return;
    test_fail(place, "%s is 0x%llx (%llu), expected %s: 0x%llx (%llu)", actual_text, (unsigned long long)actual,
              (unsigned long long)actual, expected_text, (unsigned long long)expected, (unsigned long long)expected);
}

void test_check_string(struct test_place place, const char *actual_text, const char *actual, const char *expected)
{
    if (strcmp(actual, expected) != 0)
        test_fail(place, "%s is \"%s\", expected \"%s\"", actual_text, actual, expected);
}

void test_note(const char *format, ...)
{
    output_tap("# ");
    va_list arguments;
    va_start(arguments, format);
    output_tap_list(format, arguments);
    va_end(arguments);
    output_tap("\n");
}

// ---- one test

static uint64_t read_kept_flags(void)
{
    uint64_t flags = cpu_interrupts_disable();
    cpu_interrupts_restore(flags);
    return flags & RFLAGS_KEPT;
}

static bool must_die(const struct test *test)
{
    return test->death != nullptr || test->death_vector != TEST_SURVIVES;
}

// Called through landing_call(), so a check may end it at any point.
static void run_body(void)
{
    const struct test *test = run.current;
    if (must_die(test) && run.selected_count != 1)
        test_skip("it ends the kernel: select it alone");
    uint64_t flags = read_kept_flags();
    test->run();
    struct test_place place = {test->file, test->line};
    if (test->death != nullptr)
        test_fail(place, "the kernel lives on, but was to end with \"%s\"", test->death);
    if (test->death_vector != TEST_SURVIVES)
        test_fail(place, "the kernel lives on, but vector %u was to end it", test->death_vector);
    uint64_t flags_after = read_kept_flags();
    if (flags_after != flags)
        test_fail(place, "the test left IF, DF and TF as 0x%llx instead of 0x%llx", (unsigned long long)flags_after,
                  (unsigned long long)flags);
}

static void record_failure(const struct test *test)
{
    if (run.failed_count < SHOWN_FAILURES)
        run.failed[run.failed_count] = test;
    run.failed_count++;
}

static void report_result(const struct test *test)
{
    switch (run.result) {
    case RESULT_PASSED:
        output_tap("ok %u - %s.%s\n", run.number, test->suite, test->name);
        break;
    case RESULT_SKIPPED:
        output_tap("ok %u - %s.%s # SKIP %s\n", run.number, test->suite, test->name, run.skip_reason);
        run.skipped_count++;
        break;
    case RESULT_FAILED:
        output_failure("not ok %u - %s.%s\n", run.number, test->suite, test->name);
        record_failure(test);
        break;
    }
}

static void run_one(const struct test *test)
{
    run.number++;
    run.result = RESULT_PASSED;
    output_tap("# start %s.%s\n", test->suite, test->name);
    run.current = test;
    landing_call(run_body, &run.landing);
    run.current = nullptr;
    report_result(test);
}

// ---- a test that ends the kernel

static bool text_contains(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);
    for (; *text != '\0'; text++) {
        if (strncmp(text, wanted, length) == 0)
            return true;
    }
    return length == 0;
}

static bool is_wanted(const struct test *test, const struct log_death *death)
{
    if (death->is_nested)
        return false;
    if (death->vector == LOG_DEATH_PANIC)
        return test->death != nullptr && text_contains(death->message, test->death);
    return test->death_vector == death->vector;
}

static void print_death(const struct log_death *death)
{
    if (death->vector == LOG_DEATH_PANIC)
        log_emergency("%s\n", death->message);
    else
        log_emergency("%s, error code 0x%llx\n", vector_name(death->vector), (unsigned long long)death->error_code);
}

// Ends the report of a death, once for each sink. The tests that were to come are part of the plan and have no result.
static bool end_report(const struct log_death *death)
{
    const struct test *test = run.current;
    if (test == nullptr) {
        log_emergency("Bail out! the kernel died outside of a test: ");
        print_death(death);
        log_emergency("# hewn: end fail %u tests\n", run.selected_count);
        return false;
    }
    bool is_pass = is_wanted(test, death);
    log_emergency("%s %u - %s.%s # died: ", is_pass ? "ok" : "not ok", run.number, test->suite, test->name);
    print_death(death);
    log_emergency("# hewn: end %s %u tests\n", is_pass ? "pass" : "fail", run.selected_count);
    return is_pass;
}

// ---- the run

static void show_verdict(void)
{
    unsigned ran_count = run.selected_count - run.skipped_count;
    console_show("\n", 1);
    if (run.failed_count == 0) {
        output_verdict(true, " ALL %u TESTS PASSED ", ran_count);
    } else {
        output_verdict(false, " %u OF %u TESTS FAILED: ", run.failed_count, ran_count);
        for (unsigned i = 0; i < run.failed_count && i < SHOWN_FAILURES; i++)
            output_verdict(false, "\n %s.%s ", run.failed[i]->suite, run.failed[i]->name);
        if (run.failed_count > SHOWN_FAILURES)
            output_verdict(false, "\n and %u more ", run.failed_count - SHOWN_FAILURES);
    }
    if (run.skipped_count != 0)
        output_verdict(run.failed_count == 0, "(%u skipped) ", run.skipped_count);
    console_show("\n", 1);
}

// All counts begin anew.
static void choose(void)
{
    table_check();
    run.selected_count = run_count(run.pattern);
    run.number = run.failed_count = run.skipped_count = 0;
}

// In between, a report of the kernel's death speaks of the test under way.
static void run_selected(void)
{
    log_set_epilogue(end_report);
    output_tap("1..%u\n", run.selected_count);
    for (unsigned i = 0; i < table_count(); i++) {
        if (table_matches(table_at(i), run.pattern))
            run_one(table_at(i));
    }
    show_verdict();
    log_set_epilogue(nullptr);
}

[[noreturn]] static void refuse(const char *sentence)
{
    output_failure("1..0\nBail out! %s\n", sentence);
    output_failure("# test=%s\n", run.pattern);
    output_verdict(false, " NO TEST WAS RUN ");
    console_show("\n", 1);
    verdict_end(false, 0);
}

unsigned run_count(const char *pattern)
{
    unsigned count = 0;
    for (unsigned i = 0; i < table_count(); i++)
        count += table_matches(table_at(i), pattern);
    return count;
}

void run_matching(const char *pattern)
{
    string_copy(run.pattern, pattern, sizeof run.pattern);
    choose();
    output_tap("TAP version 14\n");
    run_selected();
    output_tap("# of %u tests, %u failed and %u were skipped\n", run.selected_count, run.failed_count,
               run.skipped_count);
}

void run_tests(const char *command_line)
{
    log_set_epilogue(end_report);
    output_tap("TAP version 14\n");
    char value[1];
    run.has_driver = command_line_find(command_line, "driver", value, sizeof value);
    if (!command_line_find(command_line, "test", run.pattern, sizeof run.pattern))
        string_copy(run.pattern, "*", sizeof run.pattern);
    if (strlen(run.pattern) == sizeof run.pattern - 1)
        refuse("what test= asks for is too long");
    choose();
    if (run.selected_count == 0)
        refuse("no test of this kernel is called what test= asks for");
    run_selected();
    verdict_end(run.failed_count == 0, run.selected_count - run.skipped_count);
}
