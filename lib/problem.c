// SPDX-License-Identifier: MIT
// What a parser of lib or stage 2 says is wrong, put together. Called by those parsers.
#include <lib/problem.h>

enum status problem_report(struct problem *problem, enum status status, const char *format, uint64_t first,
                           uint64_t second)
{
    *problem = (struct problem){format, {first, second}};
    return status;
}
