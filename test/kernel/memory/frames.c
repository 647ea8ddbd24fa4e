// SPDX-License-Identifier: MIT
// The machine's own memory, handed out to the last frame and given back.
#include "image.h"
#include <allocator/frame.h>
#include <arch/cpu.h>
#include <framework/test.h>
#include <memory/layout.h>
#include <memory/phys_map.h>

// What a frame that is taken holds: the way to the one that was taken before.
struct link {
    phys_addr_t next;
    uint64_t number;
};

static struct frame_statistics read_statistics(void)
{
    struct frame_statistics statistics;
    frame_statistics_read(memory_frames(), &statistics);
    return statistics;
}

static bool is_kernels(phys_addr_t frame)
{
    uint64_t start = image_phys(virt_of(text_start)).value;
    uint64_t end = image_phys(virt_of(symbol_table_end - 1)).value;
    return frame.value + PAGE_SIZE > start && frame.value <= end;
}

// A frame that is handed out twice is a link of the chain twice, and the first one's number is gone.
static uint64_t take_all(phys_addr_t *chain)
{
    uint64_t count = 0;
    *chain = (phys_addr_t){0};
    phys_addr_t frame;
    while ((frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY)).value != 0) {
        if (frame.value % PAGE_SIZE != 0 || is_kernels(frame))
            FAIL("frame 0x%llx was handed out", (unsigned long long)frame.value);
        struct link *link = phys_to_virt(frame);
        *link = (struct link){*chain, count};
        *chain = frame;
        count++;
    }
    return count;
}

static uint64_t give_all_back(phys_addr_t chain)
{
    uint64_t count = 0, expected = UINT64_MAX;
    while (chain.value != 0) {
        struct link link = *(struct link *)phys_to_virt(chain);
        if (count != 0 && link.number != expected)
            FAIL("frame 0x%llx was taken as number %llu and is number %llu", (unsigned long long)chain.value,
                 (unsigned long long)link.number, (unsigned long long)expected);
        frame_free(memory_frames(), chain, FRAME_ORDER_4K);
        expected = link.number - 1;
        chain = link.next;
        count++;
    }
    return count;
}

static void check_same(const struct frame_statistics *now, const struct frame_statistics *before)
{
    CHECK_EQUAL(now->free, before->free);
    CHECK_EQUAL(now->total, before->total);
    CHECK_EQUAL(now->free_blocks_2m, before->free_blocks_2m);
    CHECK_EQUAL(now->largest_order, before->largest_order);
    CHECK_EQUAL(now->fragmentation_permille, before->fragmentation_permille);
    for (unsigned zone = 0; zone < FRAME_ZONE_COUNT; zone++)
        CHECK_EQUAL(now->zones[zone].free, before->zones[zone].free);
}

TEST(frames, all_are_handed_out_and_given_back_twice)
{
    struct frame_statistics before = read_statistics();
    for (unsigned round = 0; round < 2; round++) {
        phys_addr_t chain;
        uint64_t taken = take_all(&chain);
        struct frame_statistics empty = read_statistics();
        uint64_t given = give_all_back(chain);
        struct frame_statistics after = read_statistics();
        CHECK_EQUAL(taken, before.free);
        CHECK_EQUAL(given, taken);
        CHECK_EQUAL(empty.free, 0);
        CHECK_EQUAL(empty.free_blocks_2m, 0);
        CHECK_EQUAL(empty.largest_order, FRAME_ORDER_COUNT);
        check_same(&after, &before);
    }
    test_note("%llu frames of %llu", (unsigned long long)before.free, (unsigned long long)before.total);
}

// With nothing left, a mapping that needs a table fails and leaves nothing.
TEST(frames, mapping_without_memory_changes_nothing)
{
    constexpr virt_addr_t PLACE = {MEMORY_HEAP.start + (2ull << 40)};
    constexpr struct page_attributes DATA = {PAGE_WRITE | PAGE_GLOBAL, PAGE_WRITE_BACK};
    struct frame_statistics before = read_statistics();
    phys_addr_t chain, own = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
    CHECK(own.value != 0);
    take_all(&chain);
    enum status without = page_table_map(memory_page_tables(), PLACE, own, PAGE_SIZE, DATA);
    // With one of the tables that it takes.
    phys_addr_t spare = chain;
    chain = ((struct link *)phys_to_virt(chain))->next;
    frame_free(memory_frames(), spare, FRAME_ORDER_4K);
    enum status with_one = page_table_map(memory_page_tables(), PLACE, own, PAGE_SIZE, DATA);
    struct frame_statistics empty = read_statistics();
    phys_addr_t phys;
    bool is_mapped = page_table_translate(memory_page_tables(), PLACE, &phys);
    give_all_back(chain);
    frame_free(memory_frames(), own, FRAME_ORDER_4K);
    struct frame_statistics after = read_statistics();
    CHECK_EQUAL(without, STATUS_NO_MEMORY);
    CHECK_EQUAL(with_one, STATUS_NO_MEMORY);
    CHECK(!is_mapped);
    CHECK_EQUAL(empty.free, 1);
    check_same(&after, &before);
}

TEST(frames, no_frame_lies_beyond_its_zone)
{
    static const uint64_t ends[] = {[FRAME_ZONE_1M] = 1ull << 20, [FRAME_ZONE_4G] = 1ull << 32};
    for (unsigned zone = 0; zone < sizeof ends / sizeof *ends; zone++) {
        phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, (enum frame_zone)zone);
        if (frame.value == 0)
            continue; // this machine has no memory there
        frame_free(memory_frames(), frame, FRAME_ORDER_4K);
        CHECK(frame.value < ends[zone]);
    }
}
