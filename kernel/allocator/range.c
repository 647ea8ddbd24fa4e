// SPDX-License-Identifier: MIT
// An AVL tree of the ranges that tile a region, taken and free, by address; each node also knows the largest free range
// at and below it, which leads the search for room. Chosen over trees balanced by chance because its depth has a bound,
// so that the way from the root fits an array and nothing recurses. Called by the owners of regions of the address
// space; must not know what lies at an address.
#include <allocator/range.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <stdatomic.h>
#include <stdckdint.h>

typedef unsigned long long printable_t;

// A test counts the steps: each node that is looked at on a way down, each that is mended on a way up.
#ifndef RANGE_STEP
#define RANGE_STEP() ((void)0)
#endif

enum side : unsigned {
    LOWER,
    HIGHER,
    SIDE_COUNT
};

struct range_node {
    uint64_t start, size_bytes;
    uint64_t largest_free;                // bytes, of this range and of all below
    struct range_node *child[SIDE_COUNT]; // of an unused node, LOWER is the next one
    uint8_t height;                       // nodes on the longest way down
    uint8_t is_taken;                     // no bool, because range_find_guarded() has to live with any byte
};

constexpr unsigned NODES_PER_PAGE = PAGE_SIZE / sizeof(struct range_node);

// 64 bits of address have 2^52 pages, and an AVL tree of height h has at least fib(h + 2) - 1 nodes: the height is at
// most 74. A way also has the empty place below the last node.
constexpr unsigned PATH_LIMIT = 75;

struct path {
    struct range_node **links[PATH_LIMIT]; // what points to the nodes, from the root down
    unsigned length;
};

static_assert(NODES_PER_PAGE >= 2); // what an allocation needs at most

// ---- the tree

static unsigned height_of(const struct range_node *node)
{
    return node ? node->height : 0;
}

static uint64_t largest_free_of(const struct range_node *node)
{
    return node ? node->largest_free : 0;
}

static uint64_t own_free_bytes(const struct range_node *node)
{
    return node->is_taken ? 0 : node->size_bytes;
}

static void refresh(struct range_node *node)
{
    RANGE_STEP();
    const struct range_node *lower = node->child[LOWER], *higher = node->child[HIGHER];
    unsigned below = height_of(lower) > height_of(higher) ? height_of(lower) : height_of(higher);
    node->height = (uint8_t)(below + 1);
    uint64_t largest = own_free_bytes(node);
    if (largest < largest_free_of(lower))
        largest = largest_free_of(lower);
    if (largest < largest_free_of(higher))
        largest = largest_free_of(higher);
    node->largest_free = largest;
}

// Let the child at SIDE of the node at LINK take its place.
static void rotate(struct range_node **link, enum side side)
{
    struct range_node *node = *link, *child = node->child[side];
    node->child[side] = child->child[!side];
    child->child[!side] = node;
    *link = child;
    refresh(node);
    refresh(child);
}

// Mend the node at LINK, below which all is well and no side is more than two higher than the other.
static void balance(struct range_node **link)
{
    struct range_node *node = *link;
    enum side high = height_of(node->child[HIGHER]) > height_of(node->child[LOWER]) ? HIGHER : LOWER;
    struct range_node *child = node->child[high];
    if (!child || height_of(child) <= height_of(node->child[!high]) + 1) {
        refresh(node);
        return;
    }
    if (height_of(child->child[!high]) > height_of(child->child[high]))
        rotate(&node->child[high], !high);
    rotate(link, high);
}

static void mend(const struct path *path)
{
    for (unsigned i = path->length; i-- > 0;) {
        if (*path->links[i])
            balance(path->links[i]);
    }
}

static void path_add(struct path *path, struct range_node **link)
{
    RANGE_STEP();
    ASSERT(path->length < PATH_LIMIT);
    path->links[path->length++] = link;
}

// Find the way to the node that begins at START, or to the empty place where it would be. Return what is there.
static struct range_node *descend(struct range_allocator *allocator, uint64_t start, struct path *path)
{
    struct range_node **link = &allocator->root;
    path->length = 0;
    for (;;) {
        path_add(path, link);
        struct range_node *node = *link;
        if (!node || node->start == start)
            return node;
        link = &node->child[start > node->start ? HIGHER : LOWER];
    }
}

static struct range_node *node_at(const struct range_allocator *allocator, uint64_t address)
{
    struct range_node *node = allocator->root;
    while (node && address - node->start >= node->size_bytes) {
        RANGE_STEP();
        node = node->child[address > node->start ? HIGHER : LOWER];
    }
    return node;
}

// The lowest free range of at least SIZE_BYTES that does not begin before FROM.
static struct range_node *lowest_free(const struct range_allocator *allocator, uint64_t from, uint64_t size_bytes)
{
    // The last node on the way to FROM that is one, or that has one on its higher side: all others lie behind it.
    struct range_node *best = nullptr;
    for (struct range_node *node = allocator->root; largest_free_of(node) >= size_bytes;) {
        RANGE_STEP();
        if (node->start < from) {
            node = node->child[HIGHER];
            continue;
        }
        if (own_free_bytes(node) >= size_bytes || largest_free_of(node->child[HIGHER]) >= size_bytes)
            best = node;
        node = node->child[LOWER];
    }
    if (!best || own_free_bytes(best) >= size_bytes)
        return best;
    struct range_node *node = best->child[HIGHER];
    for (;;) {
        RANGE_STEP();
        if (largest_free_of(node->child[LOWER]) >= size_bytes)
            node = node->child[LOWER];
        else if (own_free_bytes(node) >= size_bytes)
            return node;
        else
            node = node->child[HIGHER];
    }
}

// ---- nodes

// See to it that COUNT nodes, at most 2, are unused.
static bool reserve_nodes(struct range_allocator *allocator, unsigned count)
{
    const struct range_node *unused = allocator->unused;
    for (; unused && count > 0; unused = unused->child[LOWER])
        count--;
    if (count == 0)
        return true;
    struct range_node *nodes = allocator->allocate_page(allocator->context);
    if (!nodes)
        return false;
    for (unsigned i = 0; i < NODES_PER_PAGE; i++)
        nodes[i].child[LOWER] = &nodes[i + 1];
    nodes[NODES_PER_PAGE - 1].child[LOWER] = allocator->unused;
    allocator->unused = nodes;
    return true;
}

static struct range_node *make_node(struct range_allocator *allocator, uint64_t start, uint64_t size_bytes)
{
    struct range_node *node = allocator->unused;
    allocator->unused = node->child[LOWER];
    *node = (struct range_node){.start = start, .size_bytes = size_bytes, .largest_free = size_bytes, .height = 1};
    atomic_signal_fence(memory_order_seq_cst); // whoever interrupts this finds no node before it is whole
    return node;
}

static void insert_free(struct range_allocator *allocator, uint64_t start, uint64_t size_bytes)
{
    struct path path;
    descend(allocator, start, &path);
    *path.links[path.length - 1] = make_node(allocator, start, size_bytes);
    mend(&path);
}

static void remove_node(struct range_allocator *allocator, uint64_t start)
{
    struct path path;
    struct range_node *node = descend(allocator, start, &path);
    struct range_node *victim = node;
    if (node->child[LOWER] && node->child[HIGHER]) {
        // The next node, which has nothing on its lower side, goes instead, and this one speaks of its range.
        path_add(&path, &node->child[HIGHER]);
        for (victim = node->child[HIGHER]; victim->child[LOWER]; victim = victim->child[LOWER])
            path_add(&path, &victim->child[LOWER]);
        node->start = victim->start;
        node->size_bytes = victim->size_bytes;
        node->is_taken = victim->is_taken;
    }
    *path.links[path.length - 1] = victim->child[victim->child[LOWER] ? LOWER : HIGHER];
    victim->child[LOWER] = allocator->unused;
    victim->child[HIGHER] = nullptr;
    allocator->unused = victim;
    mend(&path);
}

// Carry a change of the range at START up to the root.
static void update(struct range_allocator *allocator, uint64_t start)
{
    struct path path;
    descend(allocator, start, &path);
    mend(&path);
}

// ---- contract

enum status range_allocator_init(struct range_allocator *allocator, virt_addr_t start, uint64_t size_bytes,
                                 range_page_fn *allocate_page, void *context)
{
    uint64_t last;
    if (size_bytes == 0 || (start.value | size_bytes) % PAGE_SIZE != 0 || ckd_add(&last, start.value, size_bytes - 1))
        return STATUS_INVALID;
    *allocator = (struct range_allocator){.allocate_page = allocate_page, .context = context};
    if (!reserve_nodes(allocator, 1))
        return STATUS_NO_MEMORY;
    allocator->root = make_node(allocator, start.value, size_bytes);
    allocator->free_bytes = size_bytes;
    return STATUS_OK;
}

static uint64_t bytes_to_alignment(uint64_t address, uint64_t alignment)
{
    return -address & (alignment - 1);
}

// The largest free size below a node does not tell whether an aligned start fits, so the ranges that are large enough
// are tried in turn. After a few the search jumps to one so large that it fits wherever it begins.
static struct range_node *find_room(const struct range_allocator *allocator, uint64_t size_bytes, uint64_t alignment)
{
    uint64_t certain_bytes;
    bool can_be_certain = !ckd_add(&certain_bytes, size_bytes, alignment - PAGE_SIZE);
    struct range_node *node = lowest_free(allocator, 0, size_bytes);
    for (unsigned tried = 1; node; tried++) {
        if (bytes_to_alignment(node->start, alignment) <= node->size_bytes - size_bytes)
            return node;
        if (tried == RANGE_EXACT_TRIES && can_be_certain) {
            struct range_node *certain = lowest_free(allocator, node->start, certain_bytes);
            if (certain)
                return certain;
        }
        node = lowest_free(allocator, node->start + 1, size_bytes);
    }
    return nullptr;
}

enum status range_allocate(struct range_allocator *allocator, uint64_t size_bytes, uint64_t alignment,
                           virt_addr_t *start)
{
    if (size_bytes == 0 || alignment < PAGE_SIZE || (alignment & (alignment - 1)) != 0)
        return STATUS_INVALID;
    if (ckd_add(&size_bytes, size_bytes, PAGE_SIZE - 1))
        return STATUS_RANGE;
    size_bytes &= -PAGE_SIZE;
    struct range_node *node = find_room(allocator, size_bytes, alignment);
    if (!node)
        return STATUS_RANGE;
    uint64_t before = bytes_to_alignment(node->start, alignment);
    uint64_t after = node->size_bytes - before - size_bytes;
    if (!reserve_nodes(allocator, (before > 0) + (after > 0)))
        return STATUS_NO_MEMORY;
    uint64_t first = node->start;
    node->start = first + before;
    node->size_bytes = size_bytes;
    node->is_taken = true;
    *start = (virt_addr_t){node->start};
    // What is cut off becomes a child of the node or of one below it, so its way leads through the node.
    if (before > 0)
        insert_free(allocator, first, before);
    if (after > 0)
        insert_free(allocator, start->value + size_bytes, after);
    if (before == 0 && after == 0)
        update(allocator, start->value);
    allocator->taken_bytes += size_bytes;
    allocator->free_bytes -= size_bytes;
    return STATUS_OK;
}

[[noreturn]] static void refuse(const struct range_node *node, uint64_t start)
{
    if (!node)
        panic("the range at 0x%llx cannot be freed: it lies outside the region", (printable_t)start);
    if (!node->is_taken)
        panic("the range at 0x%llx cannot be freed: it is free already", (printable_t)start);
    panic("the range at 0x%llx cannot be freed: the one that holds this address begins at 0x%llx", (printable_t)start,
          (printable_t)node->start);
}

// Let NODE have the range behind it if that is free. Its way has to be updated afterwards.
static void join_next(struct range_allocator *allocator, struct range_node *node)
{
    const struct range_node *next = node_at(allocator, node->start + node->size_bytes);
    if (!next || next->is_taken)
        return;
    uint64_t next_bytes = next->size_bytes;
    remove_node(allocator, next->start);
    node->size_bytes += next_bytes;
}

void range_free(struct range_allocator *allocator, virt_addr_t start)
{
    struct range_node *node = node_at(allocator, start.value);
    if (!node || !node->is_taken || node->start != start.value)
        refuse(node, start.value);
    allocator->taken_bytes -= node->size_bytes;
    allocator->free_bytes += node->size_bytes;
    node->is_taken = false;
    join_next(allocator, node);
    struct range_node *previous = node_at(allocator, start.value - 1);
    if (previous && !previous->is_taken) {
        join_next(allocator, previous);
        node = previous;
    }
    update(allocator, node->start);
}

// Nodes are never given back and their links only ever name nodes, so links that are followed while an operation is
// under way lead nowhere else; they may lead in a circle, which the number of steps ends.
bool range_find_guarded(const struct range_allocator *allocator, virt_addr_t address, range_read_fn *read,
                        struct range *range)
{
    const struct range_node *next = allocator->root;
    for (unsigned steps = 0; next && steps < PATH_LIMIT; steps++) {
        struct range_node node;
        if (read(&node, next, sizeof node) != 0)
            return false;
        if (address.value - node.start < node.size_bytes) {
            *range = (struct range){{node.start}, node.size_bytes, node.is_taken != 0};
            return true;
        }
        next = node.child[address.value > node.start ? HIGHER : LOWER];
    }
    return false;
}

static size_t read_plainly(void *destination, const void *source, size_t size_bytes)
{
    memcpy(destination, source, size_bytes);
    return 0;
}

bool range_find(const struct range_allocator *allocator, virt_addr_t address, struct range *range)
{
    return range_find_guarded(allocator, address, read_plainly, range);
}
