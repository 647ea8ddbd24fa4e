// SPDX-License-Identifier: MIT
// Questions in a text, and who gets the screen's answers to them.
#include <arch/port.h>
#include <console/console.h>
#include <framework/test.h>
#include <lib/string.h>
#include <log/emergency.h>
#include <log/log.h>

constexpr uint16_t VGA_MISCELLANEOUS_OUTPUT = 0x3cc; // IBM VGA; FF where no card answers

// What has arrived, call by call, a bar behind each.
static char heard[512];
static size_t heard_length;

static void hear(void *context, const char *text, size_t length)
{
    if (context == heard && length < sizeof heard - heard_length - 1) {
        memcpy(heard + heard_length, text, length);
        heard_length += length;
        heard[heard_length++] = '|';
    }
    heard[heard_length] = '\0';
}

static void listen(console_answer_fn *answer)
{
    if (port_read8(VGA_MISCELLANEOUS_OUTPUT) == 0xff)
        SKIP("this machine has no screen");
    heard_length = 0;
    heard[0] = '\0';
    console_set_answer(answer, heard);
}

static void show(const char *text)
{
    console_show(text, strlen(text));
}

// Put the screen in order, and let nobody listen. Before the checks, because one that fails ends the test.
static void stop(void)
{
    show("\033[!p\033[m\033[99H\n");
    console_set_answer(nullptr, nullptr);
}

TEST(console, questions_are_answered)
{
    listen(hear);
    show("\033[3;5H\033[6n");
    show("\033[c");
    show("\033[5n");
    show("\033Z");
    stop();
    CHECK_STRING(heard, "\033[3;5R|\033[?6c|\033[0n|\033[?6c|");
}

TEST(console, questions_that_go_to_the_serial_line_too_are_answered)
{
    static const char text[] = "\033[2;7H\033[6n\n";
    listen(hear);
    console_write(text, sizeof text - 1);
    console_print("%c[%dn\n", '\033', 5);
    stop();
    CHECK_STRING(heard, "\033[2;7R|\033[0n|");
}

TEST(console, answers_to_one_text_come_together_and_in_order)
{
    listen(hear);
    show("\033[1;1H\033[5nab\033[6n\033[c");
    show("\033[");
    show("5");
    show("n");
    stop();
    CHECK_STRING(heard, "\033[0n\033[1;3R\033[?6c|\033[0n|");
}

TEST(console, answers_beyond_the_limit_are_dropped_whole)
{
    constexpr size_t ANSWER_LENGTH = 5; // \033[?6c
    static char questions[3 * CONSOLE_ANSWER_LIMIT + 1];
    for (size_t i = 0; i < CONSOLE_ANSWER_LIMIT; i++)
        memcpy(questions + 3 * i, "\033[c", 3);
    listen(hear);
    show(questions);
    size_t first_length = heard_length - 1;
    show("\033[5n");
    stop();
    CHECK_EQUAL(first_length, CONSOLE_ANSWER_LIMIT / ANSWER_LENGTH * ANSWER_LENGTH);
    CHECK_STRING(heard + first_length, "|\033[0n|");
}

TEST(console, questions_are_answered_to_nobody_at_first_and_at_last)
{
    listen(hear);
    console_set_answer(nullptr, nullptr);
    show("\033[5n");
    console_set_answer(hear, heard);
    stop();
    show("\033[5n");
    CHECK_STRING(heard, "");
}

// Whatever it wants to say.
static void hear_and_speak(void *context, const char *text, size_t length)
{
    hear(context, text, length);
    log_warning("test", "an answer of %zu bytes", length);
    show("heard\033[5n");
    console_print("it\n");
}

TEST(console, who_gets_an_answer_may_log_and_write)
{
    listen(hear_and_speak);
    show("\033[5n");
    show("\033[2;1H\033[6n");
    stop();
    CHECK_STRING(heard, "\033[0n|\033[2;1R|");
}

TEST(console, lines_of_the_log_get_no_answer)
{
    listen(hear);
    log_info("test", "\033[5n\033[6n\033[c");
    show("\033["); // half a question, which a line of the log does not end
    log_info("test", "5n");
    show("\033[5n");
    stop();
    CHECK_STRING(heard, "\033[0n|");
}

TEST(console, reports_get_no_answer)
{
    listen(hear);
    log_emergency("\033[5n\033[6n\n");
    show("\033[5n");
    stop();
    CHECK_STRING(heard, "\033[0n|");
}

// A report that returned is over: the next one finds another screen, and again makes itself a row of its own, outside
// of any scroll region and below nothing.
TEST(console, each_report_begins_anew)
{
    listen(hear);
    show("\033[3;3H");
    log_emergency("the first\n");
    log_emergency("goes on\n");
    show("\033[6n\033[5;6r\033[6;3H");
    log_emergency("the second\n");
    show("\033[6n");
    stop();
    CHECK_STRING(heard, "\033[6;1R|\033[8;1R|");
}
