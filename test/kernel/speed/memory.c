// SPDX-License-Identifier: MIT
// How many instructions memory takes: each block of the machine handed out and given back, twice, and the page tables'
// work on a page. The driver's part is an emulator that counts one tick of the TSC for each instruction.
// test/speed/table.py makes the table of docs/performance.md from the notes.
#include <allocator/frame.h>
#include <arch/cpu.h>
#include <framework/test.h>
#include <memory/layout.h>
#include <memory/memory.h>
#include <memory/stack.h>
#include <speed/cost.h>

typedef unsigned long long printable_t;

// ---- every block that there is

// What COUNT calls have cost: all of them, the first and the last.
struct costs {
    uint64_t count, sum, most;
    uint64_t edge_count, first_sum, last_sum;
};

constexpr uint64_t EDGE_MOST = 1000; // calls that are "the first", and "the last"

static void add_cost(struct costs *costs, uint64_t total_count, uint64_t ticks)
{
    costs->edge_count = total_count / 4 < EDGE_MOST ? total_count / 4 : EDGE_MOST;
    if (costs->count < costs->edge_count)
        costs->first_sum += ticks;
    if (costs->count >= total_count - costs->edge_count)
        costs->last_sum += ticks;
    costs->count++;
    costs->sum += ticks;
    costs->most = ticks > costs->most ? ticks : costs->most;
}

static uint64_t mean(uint64_t sum, uint64_t count)
{
    return (sum + count / 2) / count;
}

struct round {
    struct costs allocate, free;
};

// Where the addresses of the blocks are kept: 2^17 of them are enough for 512 MiB of frames.
constexpr unsigned LIST_ORDER = 8;
constexpr uint64_t LIST_LIMIT = (PAGE_SIZE << LIST_ORDER) / sizeof(phys_addr_t);

static phys_addr_t timed_allocate(unsigned order, uint64_t own_ticks, uint64_t *ticks)
{
    struct frame_allocator *frames = memory_frames();
    uint64_t start = tsc_read();
    phys_addr_t block = frame_allocate(frames, order, FRAME_ZONE_ANY);
    *ticks = tsc_read() - start - own_ticks;
    return block;
}

static uint64_t timed_free(phys_addr_t block, unsigned order, uint64_t own_ticks)
{
    struct frame_allocator *frames = memory_frames();
    uint64_t start = tsc_read();
    frame_free(frames, block, order);
    return tsc_read() - start - own_ticks;
}

// Hand out TOTAL_COUNT blocks, the last that there are, and give all of them back in the same order.
static struct round run_round(phys_addr_t *list, unsigned order, uint64_t total_count)
{
    struct round round = {};
    uint64_t own_ticks = cost_of_tsc(), count = 0, ticks;
    for (phys_addr_t block; (block = timed_allocate(order, own_ticks, &ticks)).value != 0; count++) {
        CHECK(count < total_count);
        list[count] = block;
        add_cost(&round.allocate, total_count, ticks);
    }
    CHECK_EQUAL(count, total_count);
    for (uint64_t i = 0; i < count; i++)
        add_cost(&round.free, total_count, timed_free(list[i], order, own_ticks));
    return round;
}

static void note(const char *what, const char *of, uint64_t ticks)
{
    test_note("measured: %s, %s: %llu", what, of, (printable_t)ticks);
}

static void note_costs(const char *what, const struct costs *costs)
{
    note(what, "mean of all", mean(costs->sum, costs->count));
    note(what, "the first", mean(costs->first_sum, costs->edge_count));
    note(what, "the last", mean(costs->last_sum, costs->edge_count));
    note(what, "most", costs->most);
}

static void check_costs(const struct costs *costs, uint64_t limit)
{
    CHECK(mean(costs->sum, costs->count) >= 10); // fewer than a call and its return: something else was measured
    if (!HAS_LIMITS)
        return;
    CHECK(mean(costs->sum, costs->count) <= limit);
    CHECK(mean(costs->first_sum, costs->edge_count) <= limit);
    CHECK(mean(costs->last_sum, costs->edge_count) <= limit);
}

// As many blocks as can be had: found out by having them.
static uint64_t count_blocks(phys_addr_t *list, unsigned order)
{
    uint64_t count = 0;
    for (phys_addr_t block; (block = frame_allocate(memory_frames(), order, FRAME_ZONE_ANY)).value != 0; count++) {
        CHECK(count < LIST_LIMIT);
        list[count] = block;
    }
    for (uint64_t i = 0; i < count; i++)
        frame_free(memory_frames(), list[i], order);
    return count;
}

static void measure_blocks(unsigned order, const char *allocate, const char *free, uint64_t limit)
{
    struct frame_statistics before, after;
    frame_statistics_read(memory_frames(), &before);
    phys_addr_t list_block = frame_allocate(memory_frames(), LIST_ORDER, FRAME_ZONE_ANY);
    CHECK(list_block.value != 0);
    phys_addr_t *list = phys_to_virt(list_block);
    uint64_t flags = cpu_interrupts_disable();
    uint64_t count = count_blocks(list, order);
    struct round first = run_round(list, order, count), second = run_round(list, order, count);
    cpu_interrupts_restore(flags);
    frame_free(memory_frames(), list_block, LIST_ORDER);
    frame_statistics_read(memory_frames(), &after);
    CHECK_EQUAL(after.free, before.free);
    CHECK(order != FRAME_ORDER_4K || count == before.free - (1u << LIST_ORDER));
    note_costs(allocate, &first.allocate);
    note_costs(free, &first.free);
    check_costs(&first.allocate, limit);
    check_costs(&first.free, limit);
    CHECK(second.allocate.sum <= first.allocate.sum + count / 100);
    CHECK(second.free.sum <= first.free.sum + count / 100);
}

TEST(speed, frame)
{
    NEEDS_DRIVER();
    measure_blocks(FRAME_ORDER_4K, "allocate 4 KiB", "free 4 KiB", 60);
}

static bool has_memory_above_4g(void)
{
    struct frame_statistics now;
    frame_statistics_read(memory_frames(), &now);
    return now.zones[FRAME_ZONE_ANY].total != 0;
}

// Once the highest zone has no such block any more, it takes a look at each zone on the way down.
TEST(speed, block_of_2_mib)
{
    NEEDS_DRIVER();
    measure_blocks(FRAME_ORDER_2M, "allocate 2 MiB", "free 2 MiB", has_memory_above_4g() ? 80 : 60);
}

// ---- a page

#define TICKS_OF(call)                                                                                                 \
    ({                                                                                                                 \
        uint64_t own_ticks = cost_of_tsc(), start = tsc_read();                                                        \
        enum status status = (call);                                                                                   \
        uint64_t ticks = tsc_read() - start - own_ticks;                                                               \
        CHECK_EQUAL(status, STATUS_OK);                                                                                \
        ticks;                                                                                                         \
    })

TEST(speed, page)
{
    NEEDS_DRIVER();
    constexpr uint64_t MAP_LIMIT = 120, OTHER_LIMIT = 150;
    constexpr struct page_attributes DATA = {PAGE_WRITE | PAGE_GLOBAL, PAGE_WRITE_BACK};
    struct page_tables *tables = memory_page_tables();
    virt_addr_t neighbour = {MEMORY_HEAP.start + MEMORY_HEAP.size_bytes / 2}, page = virt_add(neighbour, PAGE_SIZE);
    phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
    CHECK(frame.value != 0);
    uint64_t flags = cpu_interrupts_disable();
    uint64_t first = TICKS_OF(page_table_map(tables, neighbour, frame, PAGE_SIZE, DATA));
    uint64_t map = TICKS_OF(page_table_map(tables, page, frame, PAGE_SIZE, DATA));
    uint64_t protect = TICKS_OF(page_table_protect(tables, page, PAGE_SIZE, PAGE_READ | PAGE_GLOBAL));
    uint64_t unmap = TICKS_OF(page_table_unmap(tables, page, PAGE_SIZE));
    uint64_t last = TICKS_OF(page_table_unmap(tables, neighbour, PAGE_SIZE));
    cpu_interrupts_restore(flags);
    frame_free(memory_frames(), frame, FRAME_ORDER_4K);
    test_note("measured: map, three new tables: %llu", (printable_t)first);
    test_note("measured: map: %llu", (printable_t)map);
    test_note("measured: protect: %llu", (printable_t)protect);
    test_note("measured: unmap: %llu", (printable_t)unmap);
    test_note("measured: unmap, three tables released: %llu", (printable_t)last);
    CHECK(map >= 20 && protect >= 20 && unmap >= 20);
    CHECK(!HAS_LIMITS || map <= MAP_LIMIT);
    CHECK(!HAS_LIMITS || (protect <= OTHER_LIMIT && unmap <= OTHER_LIMIT));
}

TEST(speed, kernel_stack)
{
    NEEDS_DRIVER();
    constexpr uint64_t SIZE_BYTES = 4 * PAGE_SIZE;
    struct kernel_stack neighbour, stack;
    CHECK_EQUAL(kernel_stack_allocate(SIZE_BYTES, &neighbour), STATUS_OK);
    uint64_t flags = cpu_interrupts_disable();
    uint64_t allocate = TICKS_OF(kernel_stack_allocate(SIZE_BYTES, &stack));
    uint64_t own_ticks = cost_of_tsc(), start = tsc_read();
    kernel_stack_free(&stack);
    uint64_t free = tsc_read() - start - own_ticks;
    cpu_interrupts_restore(flags);
    kernel_stack_free(&neighbour);
    test_note("measured: stack allocate: %llu", (printable_t)allocate);
    test_note("measured: stack free: %llu", (printable_t)free);
    CHECK(allocate >= 100 && free >= 100);
}
