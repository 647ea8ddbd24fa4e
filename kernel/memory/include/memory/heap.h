// SPDX-License-Identifier: MIT
// The kernel's heap: blocks of any size, out of frames that it maps as it grows and gives back as it shrinks. Exported
// names begin with kernel_heap_. What blocks are, what alignment and size may be, and how mistakes end: heap/heap.h.
//
// From kernel_heap_init() on, one context at a time, never in a handler of an interrupt or an exception: there, and
// before there is a heap, each of these functions panics. That costs nothing: a CPU finds its heap by one load from
// struct cpu_local, and a handler finds another heap there, which only knows how to panic.
#pragma once
#include <arch/cpu_local.h>
#include <heap/heap.h>

struct kernel_heap_options {
    const struct heap_design *design;
    bool is_guarded;  // heap/guarded.h
    uint64_t secret;  // as heap_options
    uint64_t fail_at; // 0: never. Else the allocation of this number, the first being 1, finds no memory
};

// Have a heap. STATUS_NO_MEMORY. Once, after memory_init().
[[nodiscard]] enum status kernel_heap_init(const struct kernel_heap_options *options);

[[nodiscard]] static inline void *kernel_heap_allocate(size_t size_bytes, size_t alignment)
{
    return heap_allocate(cpu_local_heap(), size_bytes, alignment);
}

[[nodiscard]] static inline void *kernel_heap_allocate_zeroed(size_t size_bytes, size_t alignment)
{
    return heap_allocate_zeroed(cpu_local_heap(), size_bytes, alignment);
}

static inline void kernel_heap_free(void *block)
{
    heap_free(cpu_local_heap(), block);
}

[[nodiscard]] static inline void *kernel_heap_reallocate(void *block, size_t size_bytes, size_t alignment)
{
    return heap_reallocate(cpu_local_heap(), block, size_bytes, alignment);
}

static inline size_t kernel_heap_usable_size(const void *block)
{
    return heap_usable_size(cpu_local_heap(), block);
}

static inline void kernel_heap_trim(void)
{
    heap_trim(cpu_local_heap());
}

static inline void kernel_heap_statistics(struct heap_statistics *statistics)
{
    heap_statistics_read(cpu_local_heap(), statistics);
}

// nullptr, or what is wrong with the heap's books as a sentence without full stop.
static inline const char *kernel_heap_validate(void)
{
    return heap_validate(cpu_local_heap());
}

const char *kernel_heap_design_name(void);
bool kernel_heap_is_guarded(void);

// Let the allocation of number NUMBER, counted from now on, the first being 1, fail once; 0: none. A block that has to
// move for its new size is allocated, too.
void kernel_heap_fail_at(uint64_t number);

// ---- for the interrupt module: nobody allocates between kernel_heap_close() and kernel_heap_open(). They do not nest:
// no interrupt arrives in a handler of one. Exceptions may, and put back what they found.

extern struct heap kernel_heap_before_init, kernel_heap_of_handlers; // know only how to panic
extern struct heap *kernel_heap;

static inline void kernel_heap_close(void)
{
    cpu_local_set_static_heap(&kernel_heap_of_handlers);
}

static inline void kernel_heap_open(void)
{
    cpu_local_set_heap(kernel_heap);
}
