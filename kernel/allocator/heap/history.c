// SPDX-License-Identifier: MIT
// The last frees, in a ring. Called by heap_free() and by the panic over a block that is freed twice.
#include <heap/history.h>
#include <lib/format.h>

constexpr unsigned ENTRY_COUNT = HEAP_HAS_HISTORY ? 1024 : 1;

static struct {
    const void *block, *place;
} entries[ENTRY_COUNT];
static unsigned next; // entry to be overwritten

static heap_name_place_fn *names;

void heap_history_add(const void *block)
{
    entries[next].block = block;
    entries[next].place = __builtin_return_address(0);
    next = (next + 1) % ENTRY_COUNT;
}

const void *heap_history_find(const void *block)
{
    for (unsigned age = 1; age <= ENTRY_COUNT; age++) {
        unsigned i = (next - age) % ENTRY_COUNT;
        if (entries[i].block == block)
            return entries[i].place;
    }
    return nullptr;
}

void heap_history_set_names(heap_name_place_fn *name_place)
{
    names = name_place;
}

const char *heap_history_name(char *text, size_t size_bytes, const void *place)
{
    if (names != nullptr)
        return names(text, size_bytes, place);
    format_string(text, size_bytes, "%p", place);
    return text;
}
