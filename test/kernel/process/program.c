// SPDX-License-Identifier: MIT
// What programs do that behave, and that they can.
#include "run_program.h"

TEST(program, hello_is_written)
{
    run_check(run_program("/bin/hello", nullptr, "one", "two words", nullptr), 7,
              "hello from ring 3\n1: one\n2: two words\n");
}
