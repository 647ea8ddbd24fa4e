// SPDX-License-Identifier: MIT
// The kernel's heap on the machine's own frames, whatever its design: test/kernel/run.py boots each. What the designs
// do with memory that they are handed is tested on the host.
#include <arch/cpu.h>
#include <framework/test.h>
#include <interrupt/exception.h>
#include <lib/string.h>
#include <memory/heap.h>
#include <memory/layout.h>
#include <memory/memory.h>
#include <time/time.h>
#include <time/timer.h>

typedef unsigned long long printable_t;

constexpr size_t KIB = 1024, MIB = 1024 * KIB;

static uint64_t free_frames(void)
{
    struct frame_statistics now;
    frame_statistics_read(memory_frames(), &now);
    return now.free;
}

static void check_books(void)
{
    const char *problem = kernel_heap_validate();
    if (problem != nullptr)
        FAIL("the heap's books: %s", problem);
}

// What the heap's region takes of memory: pages, and tables below the one that is there for ever.
struct footprint {
    uint64_t pages, tables;
    uint64_t last_spans[2]; // of 2 MiB and of 1 GiB, that a table has been counted for
};

static bool count_run(void *context, const struct page_mapping *run)
{
    struct footprint *footprint = context;
    CHECK_EQUAL(run->page_size_bytes, PAGE_SIZE);
    CHECK_EQUAL(run->attributes.cache, PAGE_WRITE_BACK);
    CHECK_EQUAL(run->attributes.rights & (PAGE_WRITE | PAGE_GLOBAL | PAGE_USER), PAGE_WRITE | PAGE_GLOBAL);
    footprint->pages += run->size_bytes / PAGE_SIZE;
    for (unsigned level = 0; level < 2; level++) {
        unsigned shift = level == 0 ? 21 : 30;
        uint64_t first = run->virt.value >> shift, last = (run->virt.value + run->size_bytes - 1) >> shift;
        footprint->tables += last - first + (first != footprint->last_spans[level]);
        footprint->last_spans[level] = last;
    }
    return true;
}

static struct footprint read_footprint(void)
{
    struct footprint footprint = {};
    page_table_walk(memory_page_tables(), (virt_addr_t){MEMORY_HEAP.start},
                    (virt_addr_t){MEMORY_HEAP.start + HEAP_REGION_MOST - 1}, count_run, &footprint);
    return footprint;
}

static uint64_t frames_of(const struct footprint *footprint)
{
    return footprint->pages + footprint->tables;
}

// ---- blocks

// Bytes that only the block at this place has.
static void mark(void *block, size_t size_bytes)
{
    memset(block, (int)((uintptr_t)block >> 3 & 0xff), size_bytes);
}

static void check_mark(const void *block, size_t size_bytes)
{
    const uint8_t *bytes = block, expected = (uint8_t)((uintptr_t)block >> 3);
    for (size_t i = 0; i < size_bytes; i++) {
        if (bytes[i] != expected)
            FAIL("byte %zu of the block at %p has changed", i, block);
    }
}

TEST(heap, blocks_of_any_size_keep_their_bytes)
{
    static const size_t sizes[] = {0, 1, 8, 24, 64, 100, 512, 1000, 4096, 10'000, 33'000, 100'000, 2 * MIB};
    constexpr unsigned COUNT = sizeof sizes / sizeof *sizes;
    void *blocks[2 * COUNT];
    for (unsigned i = 0; i < 2 * COUNT; i++) {
        size_t size_bytes = sizes[i % COUNT];
        blocks[i] = kernel_heap_allocate(size_bytes, 0);
        CHECK(blocks[i] != nullptr);
        CHECK_EQUAL((uintptr_t)blocks[i] % HEAP_ALIGNMENT, 0);
        CHECK((uintptr_t)blocks[i] - MEMORY_HEAP.start < HEAP_REGION_MOST);
        CHECK(kernel_heap_usable_size(blocks[i]) >= size_bytes);
        mark(blocks[i], size_bytes);
    }
    check_books();
    for (unsigned i = 0; i < 2 * COUNT; i++)
        check_mark(blocks[i], sizes[i % COUNT]);
    for (unsigned i = 0; i < 2 * COUNT; i++)
        kernel_heap_free(blocks[i]);
    check_books();
}

TEST(heap, alignment_is_kept_up_to_its_limit)
{
    for (size_t alignment = 1; alignment <= 4 * MIB; alignment *= 2) {
        void *block = kernel_heap_allocate(100, alignment);
        CHECK(block != nullptr);
        CHECK_EQUAL((uintptr_t)block % alignment, 0);
        mark(block, 100);
        check_mark(block, 100);
        kernel_heap_free(block);
    }
    CHECK(kernel_heap_allocate(100, 3) == nullptr);
    CHECK(kernel_heap_allocate(100, 48) == nullptr);
    CHECK(kernel_heap_allocate(100, 2 * HEAP_ALIGNMENT_LIMIT) == nullptr);
    CHECK(kernel_heap_allocate(100, (size_t)1 << 63) == nullptr);
    CHECK(kernel_heap_allocate(100, SIZE_MAX) == nullptr);
    check_books();
}

// None of them lets the heap grow, or wraps.
TEST(heap, sizes_beyond_memory_are_refused_and_change_nothing)
{
    static const size_t sizes[] = {SIZE_MAX,         SIZE_MAX - 7, SIZE_MAX - 8,         SIZE_MAX - 4095,
                                   SIZE_MAX / 2 + 1, SIZE_MAX / 2, HEAP_REGION_MOST + 1, HEAP_REGION_MOST,
                                   1ull << 47,       1ull << 40};
    static const size_t alignments[] = {0, 16, 4096, HEAP_ALIGNMENT_LIMIT};
    struct footprint before = read_footprint();
    void *block = kernel_heap_allocate(100, 0);
    CHECK(block != nullptr);
    mark(block, 100);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned k = 0; k < sizeof alignments / sizeof *alignments; k++) {
            CHECK(kernel_heap_allocate(sizes[i], alignments[k]) == nullptr);
            CHECK(kernel_heap_allocate_zeroed(sizes[i], alignments[k]) == nullptr);
            CHECK(kernel_heap_reallocate(block, sizes[i], alignments[k]) == nullptr);
        }
    }
    check_mark(block, 100);
    kernel_heap_free(block);
    check_books();
    struct footprint after = read_footprint();
    CHECK(after.pages <= before.pages + 16); // for the one block, if it was the first
}

TEST(heap, zeroed_block_is_zero_where_another_was)
{
    for (unsigned round = 0; round < 2; round++) {
        for (size_t size_bytes = 1; size_bytes < 100'000; size_bytes = size_bytes * 3 + 1) {
            uint8_t *block = kernel_heap_allocate_zeroed(size_bytes, 0);
            CHECK(block != nullptr);
            for (size_t i = 0; i < size_bytes; i++)
                CHECK_EQUAL(block[i], 0);
            memset(block, 0xff, size_bytes);
            kernel_heap_free(block);
        }
    }
}

TEST(heap, reallocated_block_keeps_what_fits)
{
    static const size_t sizes[] = {10, 64, 63, 1000, 5000, 100'000, MIB, 3000, 8, 0};
    uint8_t *block = kernel_heap_reallocate(nullptr, 1, 0);
    CHECK(block != nullptr);
    block[0] = 7;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = kernel_heap_reallocate(block, sizes[i], 0);
        CHECK(block != nullptr);
        CHECK(sizes[i] == 0 || block[0] == 7);
        memset(block, 7, sizes[i]);
    }
    kernel_heap_free(block);
    kernel_heap_free(nullptr);
    check_books();
}

// ---- growth

static bool gives_back(void)
{
    return strcmp(kernel_heap_design_name(), heap_bump.name) != 0;
}

struct link {
    struct link *next;
    size_t size_bytes;
};

// Take all there is in blocks of SIZE_BYTES; the chain begins with the last.
static struct link *take_all(struct link *chain, size_t size_bytes, uint64_t *count)
{
    struct link *block;
    while ((block = kernel_heap_allocate(size_bytes, 0)) != nullptr) {
        *block = (struct link){chain, size_bytes};
        mark(block + 1, 64);
        chain = block;
        ++*count;
    }
    return chain;
}

static void give_all_back(struct link *chain)
{
    while (chain != nullptr) {
        struct link *next = chain->next;
        check_mark(chain + 1, 64);
        kernel_heap_free(chain);
        chain = next;
    }
}

static void fill_and_empty(void)
{
    uint64_t count = 0;
    struct link *chain = nullptr;
    for (size_t size_bytes = 300'000; size_bytes >= 300; size_bytes /= 10)
        chain = take_all(chain, size_bytes, &count);
    uint64_t left = free_frames();
    check_books();
    give_all_back(chain);
    kernel_heap_trim();
    check_books();
    CHECK(left < 64); // a heap grows in steps
    test_note("%llu blocks, %llu frames left", (printable_t)count, (printable_t)left);
}

// Each frame is the heap's, one of its tables', or free.
TEST(heap, grows_until_memory_ends_and_gives_all_frames_back)
{
    if (!gives_back())
        SKIP("this design gives nothing back");
    constexpr uint64_t KEPT_PAGES = 200;                  // what a heap keeps for the next time, and a little
    kernel_heap_free(kernel_heap_allocate(KIB * 300, 0)); // whose growth uses what the kernel took for the first one
    uint64_t free_at_first = free_frames();
    struct footprint at_first = read_footprint();
    for (unsigned round = 0; round < 2; round++) {
        fill_and_empty();
        struct footprint now = read_footprint();
        CHECK_EQUAL(free_frames() + frames_of(&now), free_at_first + frames_of(&at_first));
        CHECK(now.pages <= at_first.pages + KEPT_PAGES);
    }
}

TEST(heap, failure_at_any_frame_of_a_growth_leaves_nothing_behind)
{
    constexpr size_t SIZE_BYTES = 3 * MIB;
    unsigned failures = 0;
    kernel_heap_free(kernel_heap_allocate(KIB * 300, 0)); // as above
    kernel_heap_trim();
    void *block = nullptr;
    for (uint64_t number = 1; block == nullptr; number++) {
        struct footprint before = read_footprint();
        uint64_t free_before = free_frames();
        frame_fail_at(memory_frames(), number);
        block = kernel_heap_allocate(SIZE_BYTES, 0);
        frame_fail_at(memory_frames(), 0);
        if (block != nullptr)
            break;
        failures++;
        struct footprint after = read_footprint();
        CHECK_EQUAL(frames_of(&after), frames_of(&before));
        CHECK_EQUAL(free_frames(), free_before);
        CHECK(number < 8 * SIZE_BYTES / PAGE_SIZE); // a buddy grows by more than is wanted
    }
    mark(block, SIZE_BYTES);
    check_mark(block, SIZE_BYTES);
    kernel_heap_free(block);
    CHECK(failures > SIZE_BYTES / PAGE_SIZE / 2); // some of it may have been there
    check_books();
}

// ---- a failure on request

TEST(heap, failure_on_request_comes_once)
{
    for (uint64_t number = 1; number < 4; number++) {
        kernel_heap_fail_at(number);
        for (uint64_t i = 1; i < 6; i++) {
            void *block = i % 2 == 0 ? kernel_heap_allocate(100, 0) : kernel_heap_allocate(100, 64);
            CHECK((block == nullptr) == (i == number));
            kernel_heap_free(block);
        }
    }
    kernel_heap_fail_at(1);
    kernel_heap_fail_at(0);
    void *block = kernel_heap_allocate(100, 0);
    CHECK(block != nullptr);
    mark(block, 100);
    kernel_heap_fail_at(1);
    CHECK(kernel_heap_reallocate(block, 500'000, 0) == nullptr || kernel_heap_usable_size(block) >= 100);
    kernel_heap_fail_at(0);
    check_mark(block, 100);
    kernel_heap_free(block);
}

// ---- mistakes end the kernel

static void *volatile block_of_64; // what the compiler knows nothing of

TEST_DIES(heap, block_freed_twice_ends_the_kernel, "is freed, but it is free already")
{
    block_of_64 = kernel_heap_allocate(64, 0);
    void *other = kernel_heap_allocate(64, 0);
    kernel_heap_free(block_of_64);
    kernel_heap_free(block_of_64);
    kernel_heap_free(other);
}

TEST_DIES(heap, double_free_says_who_was_the_first, "it was freed by test_heap_double_free_says_who_was_the_first+0x")
{
    if (!HEAP_HAS_HISTORY)
        SKIP("this kernel is built without UBSan");
    block_of_64 = kernel_heap_allocate(64, 0);
    kernel_heap_free(block_of_64);
    kernel_heap_free(block_of_64);
}

TEST_DIES(heap, free_of_what_no_heap_has_ends_the_kernel, "is freed, but no block begins there")
{
    uint64_t local;
    block_of_64 = &local;
    kernel_heap_free(block_of_64);
}

TEST_DIES(heap, size_of_what_no_heap_has_ends_the_kernel, "but no block begins there")
{
    uint64_t local;
    block_of_64 = &local;
    (void)kernel_heap_usable_size(block_of_64);
}

TEST_DIES(heap, allocation_before_there_is_a_heap_ends_the_kernel, "allocates memory before there is a heap")
{
    cpu_local_set_heap(&kernel_heap_before_init);
    block_of_64 = kernel_heap_allocate(64, 0);
}

// ---- a guarded heap (heap_guard=on)

static uint8_t *make_guarded(size_t size_bytes)
{
    if (!kernel_heap_is_guarded())
        SKIP("needs a guarded heap");
    uint8_t *block = kernel_heap_allocate(size_bytes, 0);
    CHECK(block != nullptr);
    memset(block, 1, size_bytes);
    return block;
}

TEST_DIES(heap_guard, write_behind_a_block_is_noticed, "(61 bytes), beyond its end, has been written to")
{
    uint8_t *block = make_guarded(61);
    block_of_64 = block;
    block[61] = 1;
    kernel_heap_free(block_of_64);
}

TEST_DIES(heap_guard, write_before_a_block_is_noticed, "what lies before the block at")
{
    uint8_t *block = make_guarded(61);
    block_of_64 = block;
    block[-1] ^= 1;
    kernel_heap_free(block_of_64);
}

TEST_DIES(heap_guard, write_to_a_freed_block_is_noticed, "(61 bytes) has been written to after it was")
{
    uint8_t *volatile block = make_guarded(61);
    kernel_heap_free(block);
    block[17] = 1;
    for (unsigned i = 0; i < 1000; i++)
        kernel_heap_free(kernel_heap_allocate(61, 0));
}

TEST(heap_guard, block_with_a_write_behind_it_is_not_valid)
{
    uint8_t *volatile block = make_guarded(61);
    uint8_t before = block[61];
    block[61] = 1;
    const char *problem = kernel_heap_validate();
    block[61] = before;
    const char *none = kernel_heap_validate();
    kernel_heap_free(block);
    CHECK(problem != nullptr);
    CHECK_STRING(problem, "what lies behind a block has been written to");
    CHECK(none == nullptr);
}

// ---- handlers

static volatile bool has_run;
static struct heap *volatile heap_of_handler;

static void look_at_heap(void *)
{
    heap_of_handler = cpu_local_heap();
    has_run = true;
}

static void run_in_the_tick(timer_fn *function)
{
    static struct timer timer;
    if (time_source() == TIME_SOURCE_NONE)
        SKIP("nothing ticks here");
    has_run = false;
    timer_start(&timer, 0, 0, function, nullptr);
    while (!has_run)
        cpu_wait_for_interrupt();
}

TEST(heap, handler_of_an_interrupt_finds_another_heap)
{
    run_in_the_tick(look_at_heap);
    CHECK(heap_of_handler == &kernel_heap_of_handlers);
    CHECK(cpu_local_heap() == kernel_heap);
}

static void allocate(void *)
{
    has_run = true;
    block_of_64 = kernel_heap_allocate(64, 0);
}

TEST_DIES(heap, allocation_in_a_handler_ends_the_kernel, "a handler of an interrupt or an exception allocates memory")
{
    run_in_the_tick(allocate);
}

static void allocate_aligned(void *)
{
    has_run = true;
    block_of_64 = kernel_heap_allocate_zeroed(64, 4096);
}

TEST_DIES(heap, aligned_allocation_in_a_handler_ends_the_kernel, "of an interrupt or an exception allocates memory")
{
    run_in_the_tick(allocate_aligned);
}

static void free_block(void *)
{
    has_run = true;
    kernel_heap_free(block_of_64);
}

TEST_DIES(heap, free_in_a_handler_ends_the_kernel, "a handler of an interrupt or an exception frees memory")
{
    block_of_64 = kernel_heap_allocate(64, 0);
    run_in_the_tick(free_block);
}

static void reallocate_block(void *)
{
    has_run = true;
    block_of_64 = kernel_heap_reallocate(block_of_64, 65, 0);
}

TEST_DIES(heap, reallocation_in_a_handler_ends_the_kernel, "a handler of an interrupt or an exception resizes memory")
{
    block_of_64 = kernel_heap_allocate(64, 0);
    run_in_the_tick(reallocate_block);
}

constexpr uint8_t BREAKPOINT = 3, NMI = 2;

static bool look_at_heap_in_exception(struct trap_frame *)
{
    heap_of_handler = cpu_local_heap();
    return true;
}

static struct heap *volatile heap_afterwards;

static void raise_breakpoint(void *)
{
    __asm__ volatile("int3");
    heap_afterwards = cpu_local_heap();
    has_run = true;
}

// That of an interrupt, too, gets back what it had.
TEST(heap, handler_of_an_exception_finds_another_heap)
{
    exception_set_handler(BREAKPOINT, look_at_heap_in_exception);
    raise_breakpoint(nullptr);
    struct heap *in_handler = heap_of_handler, *after_handler = heap_afterwards;
    run_in_the_tick(raise_breakpoint);
    exception_set_handler(BREAKPOINT, nullptr);
    CHECK(in_handler == &kernel_heap_of_handlers);
    CHECK(after_handler == kernel_heap);
    CHECK(heap_of_handler == &kernel_heap_of_handlers);
    CHECK(heap_afterwards == &kernel_heap_of_handlers);
}

static bool allocate_in_exception(struct trap_frame *)
{
    allocate(nullptr);
    return true;
}

TEST_DIES(heap, allocation_in_a_handler_of_an_nmi_ends_the_kernel, "of an interrupt or an exception allocates memory")
{
    exception_set_handler(NMI, allocate_in_exception);
    __asm__ volatile("int $2");
}
