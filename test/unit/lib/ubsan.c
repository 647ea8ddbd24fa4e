// SPDX-License-Identifier: MIT
// lib/ubsan.c: this file is compiled with clang's checks and linked with Hewn's handlers instead of compiler-rt's, does
// what C leaves undefined, and reads the panic.
#include <limits.h>
#include <support/unit.h>

#pragma clang diagnostic ignored "-Wvla"
#pragma clang diagnostic ignored "-Wcast-function-type"

// Volatile, so that the compiler cannot see it coming.
static volatile int int_max = INT_MAX, int_min = INT_MIN, zero = 0, minus_one = -1, forty = 40, sink;
static volatile unsigned char two = 2;
static volatile long long long_min = LLONG_MIN, long_sink;
static int *volatile null_pointer;
static char *volatile last_bytes = (char *)-8;

static void arithmetic_without_a_value_is_shown(void **)
{
    ASSERT_PANICS(sink = int_max + 1, "undefined behaviour: 2147483647 + 1 has no value in 'int' (");
    ASSERT_PANICS(sink = int_min - 1, "-2147483648 - 1 has no value in 'int' (");
    ASSERT_PANICS(sink = int_max * forty, "2147483647 * 40 has no value in 'int' (");
    ASSERT_PANICS(sink = -int_min, "-(-2147483648) has no value in 'int' (");
    ASSERT_PANICS(sink = forty / zero, "40 / 0 has no value in 'int' (");
    ASSERT_PANICS(sink = int_min % minus_one, "-2147483648 / -1 has no value in 'int' (");
    ASSERT_PANICS(long_sink = long_min - 1, "-9223372036854775808 - 1 has no value in 'long long' (");
}

static void bad_shifts_are_shown(void **)
{
    ASSERT_PANICS(sink = 1 << forty, "shift of 0x1 ('int') by 40 (");
    ASSERT_PANICS(sink = 1 >> minus_one, "shift of 0x1 ('int') by -1 (");
    ASSERT_PANICS(sink = int_max << 1, "shift of 0x7fffffff ('int') by 1 (");
}

static void bad_memory_accesses_are_shown(void **)
{
    static int array[4];
    ASSERT_PANICS(sink = *null_pointer, "load of null pointer 0 of type 'int' (");
    ASSERT_PANICS(*null_pointer = 1, "store to null pointer 0 of type 'int' (");
    ASSERT_PANICS(sink = array[forty], "index 40 outside 'int[4]' (");
    ASSERT_PANICS(sink = array[minus_one], "index -1 outside 'int[4]' (");
    ASSERT_PANICS(sink = *(int *)(void *)((char *)array + zero + 1), "load of misaligned address 0x");
    ASSERT_PANICS(last_bytes = last_bytes + 16,
                  "pointer arithmetic from 0xfffffffffffffff8 to 0x8 leaves its object (");
}

static void values_outside_their_type_are_shown(void **)
{
    ASSERT_PANICS(sink = *(volatile bool *)&two, "2 is no value of type 'volatile bool' (");
    ASSERT_PANICS(sink = __builtin_ctz((unsigned)zero), "zero given to count of trailing zeros (");
    ASSERT_PANICS(
        {
            int array[minus_one];
            sink = (int)sizeof(array);
        },
        "array of -1 elements (");
}

[[gnu::noinline, gnu::nonnull]] static int takes_nonnull(const int *pointer)
{
    return *(const volatile int *)pointer;
}

[[gnu::noinline, gnu::returns_nonnull]] static int *returns_nonnull(void)
{
    return null_pointer;
}

[[gnu::noinline]] static int unreachable_when(int condition)
{
    if (condition)
        __builtin_unreachable();
    return 0;
}

static void broken_promises_of_functions_are_shown(void **)
{
    ASSERT_PANICS(sink = takes_nonnull(null_pointer), "null pointer as argument 1, which must not be null (");
    ASSERT_PANICS(null_pointer = returns_nonnull(), "null pointer returned where it must not be null (");
    ASSERT_PANICS(sink = unreachable_when(forty), "unreachable code was reached (");
    ASSERT_PANICS(sink = ((int (*)(long))takes_nonnull)(0), "called through a pointer of type 'int (*)(long)' (");
}

static void the_place_is_named(void **)
{
    ASSERT_PANICS(sink = int_max + 1, "unit/lib/ubsan.c:");
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(arithmetic_without_a_value_is_shown),    cmocka_unit_test(bad_shifts_are_shown),
        cmocka_unit_test(bad_memory_accesses_are_shown),          cmocka_unit_test(values_outside_their_type_are_shown),
        cmocka_unit_test(broken_promises_of_functions_are_shown), cmocka_unit_test(the_place_is_named),
    };
    return cmocka_run_group_tests_name("lib/ubsan", TESTS, nullptr, nullptr);
}
