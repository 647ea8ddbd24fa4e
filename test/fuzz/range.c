// SPDX-License-Identifier: MIT
// kernel/allocator/range.c under any sequence of operations, beside an array of pages: each two bytes allocate or free,
// with or without a page for nodes. Afterwards the ranges that range_find() knows are those of the array.
#include <allocator/range.h>
#include <lib/panic.h>
#include <string.h>

constexpr uint64_t REGION = 0xffff'd000'0000'0000;
constexpr unsigned REGION_PAGES = 256;
constexpr unsigned POOL_PAGES = 8; // of which each holds the nodes of some 40 ranges

// The first byte: two bits of operation over what it needs; the second is a page, or a size.
constexpr unsigned OPERATION_SHIFT = 6;
enum operation : unsigned {
    ALLOCATE,
    ALLOCATE_LARGE,
    ALLOCATE_WITHOUT_PAGE,
    FREE
};

static alignas(PAGE_SIZE) uint8_t pool[POOL_PAGES][PAGE_SIZE];
static unsigned pool_used;
static bool has_pages;
static struct range_allocator allocator;
static unsigned owner[REGION_PAGES]; // 0: free; else 1 + the page that its range begins with

static void *pool_allocate(void *)
{
    if (!has_pages || pool_used == POOL_PAGES)
        return nullptr;
    return memset(pool[pool_used++], 0x5a, PAGE_SIZE);
}

static unsigned run_length(unsigned first)
{
    unsigned end = first;
    while (end < REGION_PAGES && owner[end] == owner[first])
        end++;
    return end - first;
}

static void check(void)
{
    unsigned taken = 0;
    for (unsigned page = 0; page < REGION_PAGES; page += run_length(page)) {
        struct range range;
        unsigned last = page + run_length(page) - 1;
        if (!range_find(&allocator, (virt_addr_t){REGION + last * PAGE_SIZE}, &range))
            panic("nothing is found at page %u", last);
        if (range.start.value != REGION + page * PAGE_SIZE || range.size_bytes != run_length(page) * PAGE_SIZE)
            panic("page %u is in a range of %#llx at %#llx", page, (unsigned long long)range.size_bytes,
                  (unsigned long long)range.start.value);
        if (range.is_taken != (owner[page] != 0))
            panic("page %u is %s", page, range.is_taken ? "taken" : "free");
        taken += range.is_taken ? run_length(page) : 0;
    }
    if (allocator.taken_bytes != taken * PAGE_SIZE || allocator.free_bytes != (REGION_PAGES - taken) * PAGE_SIZE)
        panic("%u pages are taken instead of %u", (unsigned)(allocator.taken_bytes / PAGE_SIZE), taken);
}

// The lowest page for PAGE_COUNT pages; REGION_PAGES when there is none.
static unsigned lowest_place(unsigned page_count, unsigned alignment)
{
    for (unsigned page = 0; page + page_count <= REGION_PAGES; page += alignment) {
        if (owner[page] == 0 && run_length(page) >= page_count)
            return page;
    }
    return REGION_PAGES;
}

static void allocate(unsigned page_count, unsigned alignment)
{
    unsigned place = lowest_place(page_count, alignment);
    virt_addr_t start;
    enum status status = range_allocate(&allocator, page_count * PAGE_SIZE, alignment * PAGE_SIZE, &start);
    if (status == STATUS_NO_MEMORY && place != REGION_PAGES && (!has_pages || pool_used == POOL_PAGES))
        return;
    if (status != (place == REGION_PAGES ? STATUS_RANGE : STATUS_OK))
        panic("status %d for %u pages at a multiple of %u", status, page_count, alignment);
    if (status != STATUS_OK)
        return;
    unsigned page = (unsigned)((start.value - REGION) / PAGE_SIZE);
    if (page % alignment != 0 || owner[page] != 0 || run_length(page) < page_count)
        panic("page %u was handed out for %u at a multiple of %u", page, page_count, alignment);
    if (alignment == 1 && page != place)
        panic("page %u was handed out instead of %u", page, place);
    for (unsigned i = 0; i < page_count; i++)
        owner[page + i] = page + 1;
}

static void release(unsigned page)
{
    if (owner[page] == 0)
        return;
    unsigned first = owner[page] - 1, count = run_length(first);
    range_free(&allocator, (virt_addr_t){REGION + first * PAGE_SIZE});
    memset(&owner[first], 0, count * sizeof *owner);
}

static void operate(unsigned first, unsigned second)
{
    enum operation operation = (enum operation)(first >> OPERATION_SHIFT);
    has_pages = operation != ALLOCATE_WITHOUT_PAGE;
    switch (operation) {
    case ALLOCATE:
    case ALLOCATE_WITHOUT_PAGE:
        allocate(1 + second % 8, 1u << first % 8);
        break;
    case ALLOCATE_LARGE:
        allocate(1 + second, 1);
        break;
    case FREE:
        release(second);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(owner, 0, sizeof owner);
    pool_used = 0;
    has_pages = true;
    if (range_allocator_init(&allocator, (virt_addr_t){REGION}, REGION_PAGES * PAGE_SIZE, pool_allocate, nullptr))
        panic("no region");
    for (size_t i = 0; i + 1 < size; i += 2) {
        operate(data[i], data[i + 1]);
        check();
    }
    for (unsigned page = 0; page < REGION_PAGES; page++)
        release(page);
    check();
    return 0;
}
