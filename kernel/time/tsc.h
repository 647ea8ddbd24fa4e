// SPDX-License-Identifier: MIT
// What this CPU's CPUID says of its TSC. Private to time.
#pragma once
#include <clock_math/tsc_rate.h>

struct tsc_rate_facts tsc_facts(void);
