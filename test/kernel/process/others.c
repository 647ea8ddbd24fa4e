// SPDX-License-Identifier: MIT
// Programs that nobody made for this kernel: Debian's busybox, linked with glibc, and Lua. They come with an image of
// their own.
#include "run_program.h"

static void check_busybox(const char *first, const char *second, const char *third, const char *output)
{
    run_check(run_program("/bin/busybox", "one\nthree\ntwo\n", first, second, third), 0, output);
}

TEST(others, busybox_writes_and_reads)
{
    NEEDS_DRIVER();
    check_busybox("echo", "hello", nullptr, "hello\n");
    check_busybox("cat", nullptr, nullptr, "one\nthree\ntwo\n");
    check_busybox("cat", "/etc/motd", nullptr, "one line\nand a second one\nthe end\n");
    check_busybox("head", "-n1", "/etc/link", "one line\n");
    check_busybox("sort", "-r", nullptr, "two\nthree\none\n");
    check_busybox("md5sum", "/etc/motd", nullptr, "3dc15e8415fdbc75af98951baa9eadb6  /etc/motd\n");
}

TEST(others, busybox_looks_at_the_tree)
{
    NEEDS_DRIVER();
    check_busybox("ls", "/etc", nullptr, "link        loop        motd        script.lua\n");
    check_busybox("find", "/deep", nullptr, "/deep\n/deep/er\n/deep/er/still\n/deep/er/still/file\n/deep/up\n");
    check_busybox("readlink", "/etc/link", nullptr, "motd\n");
    check_busybox("stat", "-c%s %F", "/etc/motd", "34 regular file\n");
}

TEST(others, busybox_works_on_text)
{
    NEEDS_DRIVER();
    check_busybox("grep", "-c", "e", "2\n");
    check_busybox("sed", "s/t/T/", nullptr, "one\nThree\nTwo\n");
    check_busybox("wc", "-l", nullptr, "3\n");
    check_busybox("awk", "{ n += length($1) } END { printf \"%d %.3f\\n\", n, n / 3 }", nullptr, "11 3.667\n");
    check_busybox("uname", "-sm", nullptr, "Hewn x86_64\n");
}

// What a shell does by itself, without a second program.
TEST(others, shell_runs_a_script)
{
    NEEDS_DRIVER();
    run_check(run_program("/bin/sh", nullptr, "-c", "for i in 1 2 3; do echo $((i * i)); done; pwd; exit 9", nullptr),
              9, "1\n4\n9\n/\n");
}

TEST(others, lua_runs_a_script)
{
    NEEDS_DRIVER();
    run_check(run_program("/bin/lua", nullptr, "/etc/script.lua", nullptr, nullptr), 0,
              "0.841471 3 1.4142135623731\n"
              "HELLO RING 3\n"
              "a and end line one one second the\n"
              "333833500\n"
              "true\t/\ttrue\n"
              "false\tcaught\n");
}
