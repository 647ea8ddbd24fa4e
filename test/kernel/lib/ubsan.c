// SPDX-License-Identifier: MIT
// The reports of the compiler's undefined-behaviour checks (lib/ubsan.c), in a kernel that is built with them.
#include <framework/test.h>
#include <stdint.h>

static volatile int32_t largest = INT32_MAX;

TEST_DIES(ubsan, signed_overflow_ends_the_kernel_with_its_place, "1 has no value in 'int' (test/kernel/lib/ubsan.c:13:")
{
#if !__has_feature(undefined_behavior_sanitizer)
    SKIP("this kernel is built without UBSan");
#endif
    largest = largest + 1;
}
