// SPDX-License-Identifier: MIT
// What clang's -fsanitize=undefined calls when a check fails in the kernel (preset sanitize): each handler turns the
// compiler's record into one sentence and panics. Called by instrumented code only, hence no header. Compiled without
// the checks. The layouts are the interface between clang and compiler-rt's UBSan runtime (its "_v1" generation).
#include <lib/panic.h>
#include <stdint.h>

struct location {
    const char *file;
    uint32_t line;
    uint32_t column;
};

enum type_kind : uint16_t {
    TYPE_INTEGER = 0,
    TYPE_FLOAT = 1
};

struct type {
    enum type_kind kind;
    uint16_t info; // of an integer: bit 0 says signed, the rest is the binary logarithm of its bits
    char name[];   // in quotes
};

struct location_record {
    struct location location;
};

struct type_record {
    struct location location;
    const struct type *type;
};

struct two_types_record {
    struct location location;
    const struct type *left, *right;
};

struct type_mismatch_record {
    struct location location;
    const struct type *type;
    uint8_t alignment_log2;
    uint8_t access; // index into ACCESSES
};

struct nonnull_argument_record {
    struct location location;
    struct location attribute;
    int argument;
};

struct alignment_assumption_record {
    struct location location;
    struct location assumption;
    const struct type *type;
};

struct builtin_record {
    struct location location;
    uint8_t builtin;
};

// A value as clang passes it: itself when it fits a register, its address otherwise.
typedef uintptr_t value_handle;

constexpr unsigned REGISTER_BITS_LOG2 = sizeof(value_handle) == 8 ? 6 : 5;

static const char *const ACCESSES[] = {
    "load of",     "store to",    "reference to", "member access within", "member call on",  "constructor call on",
    "downcast of", "downcast of", "upcast of",    "virtual base cast of", "non-null use of", "dynamic operation on"};

static bool is_signed(const struct type *type)
{
    return type->info & 1;
}

// VALUE extended to 64 bits; wider ones are cut, which is enough to recognise them.
static uint64_t value_of(const struct type *type, value_handle value)
{
    unsigned bits_log2 = type->info >> 1;
    if (type->kind != 0)
        return value;
    if (bits_log2 > REGISTER_BITS_LOG2)
        return *(const uint64_t *)value;
    if (bits_log2 >= 6)
        return value;
    unsigned unused_bits = 64 - (1u << bits_log2);
    uint64_t aligned = (uint64_t)value << unused_bits;
    return is_signed(type) ? (uint64_t)((int64_t)aligned >> unused_bits) : aligned >> unused_bits;
}

#define WHERE           "(%s:%u:%u)"
#define PLACE(location) (location).file, (location).line, (location).column

// Every handler is declared where it is defined, as nothing but clang's output refers to it, and has a second name that
// clang uses with -fno-sanitize-recover. None comes back.
#define HANDLER(name, ...)                                                                                             \
    [[noreturn]] void __ubsan_handle_##name(__VA_ARGS__);                                                              \
    [[noreturn, gnu::alias("__ubsan_handle_" #name)]] void __ubsan_handle_##name##_abort(__VA_ARGS__);                 \
    void __ubsan_handle_##name(__VA_ARGS__)

[[noreturn]] static void panic_overflow(const struct type_record *record, const char *operator, value_handle left,
                                        value_handle right)
{
    uint64_t one = value_of(record->type, left), other = value_of(record->type, right);
    if (is_signed(record->type))
        panic("undefined behaviour: %jd %s %jd has no value in %s " WHERE, (intmax_t)one, operator,(intmax_t) other,
              record->type->name, PLACE(record->location));
    panic("undefined behaviour: %ju %s %ju has no value in %s " WHERE, (uintmax_t)one, operator,(uintmax_t) other,
          record->type->name, PLACE(record->location));
}

HANDLER(add_overflow, const struct type_record *record, value_handle left, value_handle right)
{
    panic_overflow(record, "+", left, right);
}

HANDLER(sub_overflow, const struct type_record *record, value_handle left, value_handle right)
{
    panic_overflow(record, "-", left, right);
}

HANDLER(mul_overflow, const struct type_record *record, value_handle left, value_handle right)
{
    panic_overflow(record, "*", left, right);
}

HANDLER(divrem_overflow, const struct type_record *record, value_handle left, value_handle right)
{
    panic_overflow(record, "/", left, right);
}

HANDLER(negate_overflow, const struct type_record *record, value_handle value)
{
    panic("undefined behaviour: -(%jd) has no value in %s " WHERE, (intmax_t)value_of(record->type, value),
          record->type->name, PLACE(record->location));
}

HANDLER(shift_out_of_bounds, const struct two_types_record *record, value_handle value, value_handle count)
{
    panic("undefined behaviour: shift of %#jx (%s) by %jd " WHERE, (uintmax_t)value_of(record->left, value),
          record->left->name, (intmax_t)value_of(record->right, count), PLACE(record->location));
}

HANDLER(out_of_bounds, const struct two_types_record *record, value_handle index)
{
    panic("undefined behaviour: index %jd outside %s " WHERE, (intmax_t)value_of(record->right, index),
          record->left->name, PLACE(record->location));
}

HANDLER(local_out_of_bounds, const struct location_record *record)
{
    panic("undefined behaviour: access outside a local array " WHERE, PLACE(record->location));
}

HANDLER(type_mismatch_v1, const struct type_mismatch_record *record, value_handle address)
{
    const char *access = "use of";
    if (record->access < sizeof(ACCESSES) / sizeof(ACCESSES[0]))
        access = ACCESSES[record->access];
    uintptr_t alignment = (uintptr_t)1 << record->alignment_log2;
    const char *trouble = "too small an object at";
    if (address == 0)
        trouble = "null pointer";
    else if (address & (alignment - 1))
        trouble = "misaligned address";
    panic("undefined behaviour: %s %s %#jx of type %s " WHERE, access, trouble, (uintmax_t)address, record->type->name,
          PLACE(record->location));
}

HANDLER(alignment_assumption, const struct alignment_assumption_record *record, value_handle address,
        value_handle alignment, value_handle offset)
{
    panic("undefined behaviour: address %#jx (offset %#jx) of type %s was assumed to be aligned to %ju " WHERE,
          (uintmax_t)address, (uintmax_t)offset, record->type->name, (uintmax_t)alignment, PLACE(record->location));
}

HANDLER(pointer_overflow, const struct location_record *record, value_handle base, value_handle result)
{
    panic("undefined behaviour: pointer arithmetic from %#jx to %#jx leaves its object " WHERE, (uintmax_t)base,
          (uintmax_t)result, PLACE(record->location));
}

HANDLER(load_invalid_value, const struct type_record *record, value_handle value)
{
    panic("undefined behaviour: %ju is no value of type %s " WHERE, (uintmax_t)value_of(record->type, value),
          record->type->name, PLACE(record->location));
}

HANDLER(vla_bound_not_positive, const struct type_record *record, value_handle bound)
{
    panic("undefined behaviour: array of %jd elements " WHERE, (intmax_t)value_of(record->type, bound),
          PLACE(record->location));
}

HANDLER(function_type_mismatch, const struct type_record *record, value_handle function)
{
    panic("undefined behaviour: function at %#jx called through a pointer of type %s " WHERE, (uintmax_t)function,
          record->type->name, PLACE(record->location));
}

HANDLER(invalid_builtin, const struct builtin_record *record)
{
    panic("undefined behaviour: zero given to %s " WHERE,
          record->builtin == 0 ? "count of trailing zeros" : "count of leading zeros", PLACE(record->location));
}

HANDLER(nonnull_arg, const struct nonnull_argument_record *record)
{
    panic("undefined behaviour: null pointer as argument %d, which must not be null " WHERE, record->argument,
          PLACE(record->location));
}

HANDLER(nonnull_return_v1, const void *attribute, const struct location *location)
{
    (void)attribute;
    panic("undefined behaviour: null pointer returned where it must not be null " WHERE, PLACE(*location));
}

// Control flow that cannot go on: clang has no recoverable version of these, so that they have one name each.
[[noreturn]] void __ubsan_handle_builtin_unreachable(const struct location_record *record);
void __ubsan_handle_builtin_unreachable(const struct location_record *record)
{
    panic("undefined behaviour: unreachable code was reached " WHERE, PLACE(record->location));
}

[[noreturn]] void __ubsan_handle_missing_return(const struct location_record *record);
void __ubsan_handle_missing_return(const struct location_record *record)
{
    panic("undefined behaviour: a function ended without its value " WHERE, PLACE(record->location));
}
