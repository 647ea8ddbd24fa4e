// SPDX-License-Identifier: MIT
// The reports of the compiler's undefined-behaviour checks (lib/ubsan.c), in a kernel that is built with them.
#include <framework/test.h>
#include <stdint.h>

TEST_DIES(ubsan, signed_overflow_ends_the_kernel_with_its_place, "1 has no value in 'int' (test/kernel/lib/ubsan.c:10:")
{
#if __has_feature(undefined_behavior_sanitizer)
    static volatile int32_t largest = INT32_MAX;
    largest = largest + 1;
#else
    SKIP("this kernel is built without UBSan");
#endif
}
