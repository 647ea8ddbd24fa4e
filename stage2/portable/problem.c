// SPDX-License-Identifier: MIT
#include <portable/problem.h>

enum status problem_report(struct problem *problem, enum status status, const char *format, uint64_t first,
                           uint64_t second)
{
    *problem = (struct problem){format, {first, second}};
    return status;
}
