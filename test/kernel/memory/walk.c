// SPDX-License-Identifier: MIT
// Every mapping there is: by the walk of the page-table module, and by one of this test's own over the tables as the
// CPU reads them, which must find the same.
#include "image.h"
#include <arch/cpu.h>
#include <arch/protection.h>
#include <framework/machine.h>
#include <framework/test.h>
#include <lib/string.h>
#include <memory/layout.h>
#include <memory/phys_map.h>

constexpr uint64_t UPPER_HALF = 1ull << 63;
constexpr uint64_t ENTRY_GLOBAL = 1u << 8;

// One page; rights as all levels together grant them (Intel SDM vol. 3, 4.6).
struct leaf {
    uint64_t virt, phys, size_bytes;
    bool is_writable, is_executable, is_user, is_global;
};

typedef void leaf_visitor(void *context, const struct leaf *leaf);

struct raw_walk {
    leaf_visitor *visit;
    void *context;
    bool has_no_execute;
};

static void visit_table(const struct raw_walk *walk, phys_addr_t table, unsigned level, struct leaf above)
{
    const volatile uint64_t *entries = phys_to_virt(table);
    uint64_t size_bytes = 1ull << (3 + 9 * level);
    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry = entries[i];
        if (!(entry & MACHINE_PAGE_PRESENT))
            continue;
        uint64_t virt = above.virt + i * size_bytes;
        if (level == 4 && i >= 256)
            virt |= 0xffff'0000'0000'0000;
        struct leaf here = {
            .virt = virt,
            .size_bytes = size_bytes,
            .is_writable = above.is_writable && (entry & MACHINE_PAGE_WRITE),
            .is_executable = above.is_executable && !(walk->has_no_execute && (entry & MACHINE_PAGE_NO_EXECUTE)),
            .is_user = above.is_user && (entry & MACHINE_PAGE_USER),
            .is_global = entry & ENTRY_GLOBAL,
        };
        if (level == 1 || (level < 4 && (entry & MACHINE_PAGE_LARGE))) {
            here.phys = entry & MACHINE_PAGE_ADDRESS & -size_bytes;
            walk->visit(walk->context, &here);
        } else {
            visit_table(walk, (phys_addr_t){entry & MACHINE_PAGE_ADDRESS}, level - 1, here);
        }
    }
}

static void visit_all(leaf_visitor *visit, void *context)
{
    struct raw_walk walk = {visit, context, cpu_identify_protections().has_no_execute};
    struct leaf top = {.is_writable = true, .is_executable = true, .is_user = true};
    visit_table(&walk, (phys_addr_t){cpu_read_cr3() & MACHINE_PAGE_ADDRESS}, 4, top);
}

// ---- both find the same

struct totals {
    uint64_t bytes[16]; // by rights
    uint64_t sum;       // of virtual and physical page numbers
};

static void add(struct totals *totals, unsigned rights, uint64_t virt, uint64_t phys, uint64_t size_bytes)
{
    totals->bytes[rights] += size_bytes;
    uint64_t pages = size_bytes / PAGE_SIZE;
    totals->sum += (virt / PAGE_SIZE * 3 + phys / PAGE_SIZE * 5) * pages + 8 * (pages * (pages - 1) / 2);
}

static void add_leaf(void *context, const struct leaf *leaf)
{
    unsigned rights = (leaf->is_writable ? PAGE_WRITE : 0) | (leaf->is_executable ? PAGE_EXECUTE : 0) |
                      (leaf->is_user ? PAGE_USER : 0) | (leaf->is_global ? PAGE_GLOBAL : 0);
    add(context, rights, leaf->virt, leaf->phys, leaf->size_bytes);
}

static bool add_run(void *context, const struct page_mapping *run)
{
    add(context, run->attributes.rights, run->virt.value, run->phys.value, run->size_bytes);
    return true;
}

TEST(mappings, walk_finds_what_the_cpu_finds)
{
    struct totals by_hand = {}, by_module = {};
    visit_all(add_leaf, &by_hand);
    page_table_walk(memory_page_tables(), (virt_addr_t){0}, (virt_addr_t){UINT64_MAX}, add_run, &by_module);
    CHECK_EQUAL(by_module.sum, by_hand.sum);
    for (unsigned rights = 0; rights < 16; rights++) {
        if (by_hand.bytes[rights] != 0)
            test_note("rights %u: %llu KiB", rights, (unsigned long long)by_hand.bytes[rights] / 1024);
        CHECK_EQUAL(by_module.bytes[rights], by_hand.bytes[rights]);
    }
    CHECK(by_hand.sum != 0);
}

// ---- what no mapping may be

struct finding {
    unsigned count; // of pages that are as they must not be
    struct leaf first;
};

static void check_none(struct test_place place, const char *what, const struct finding *finding)
{
    const struct leaf *leaf = &finding->first;
    if (finding->count != 0)
        test_fail(place, "%u pages %s, for example %llu KiB at 0x%llx, physical 0x%llx", finding->count, what,
                  (unsigned long long)leaf->size_bytes / 1024, (unsigned long long)leaf->virt,
                  (unsigned long long)leaf->phys);
}
#define CHECK_NONE(what, finding) check_none(TEST_HERE, what, finding)

static void note(struct finding *finding, const struct leaf *leaf, bool is_wrong)
{
    if (!is_wrong)
        return;
    if (finding->count == 0)
        finding->first = *leaf;
    finding->count++;
}

static void find_writable_and_executable(void *context, const struct leaf *leaf)
{
    note(context, leaf, leaf->is_writable && leaf->is_executable);
}

static void find_users(void *context, const struct leaf *leaf)
{
    note(context, leaf, leaf->is_user);
}

static void find_low(void *context, const struct leaf *leaf)
{
    note(context, leaf, leaf->virt < UPPER_HALF);
}

static void find_local(void *context, const struct leaf *leaf)
{
    note(context, leaf, leaf->virt >= UPPER_HALF && !leaf->is_global);
}

TEST(mappings, none_is_writable_and_executable)
{
    struct finding finding = {};
    if (!cpu_identify_protections().has_no_execute)
        return; // all is executable
    visit_all(find_writable_and_executable, &finding);
    CHECK_NONE("are writable and executable", &finding);
}

TEST(mappings, none_is_ring_3s)
{
    struct finding finding = {};
    visit_all(find_users, &finding);
    CHECK_NONE("are ring 3's", &finding);
}

TEST(mappings, none_is_in_the_lower_half)
{
    struct finding finding = {};
    visit_all(find_low, &finding);
    CHECK_NONE("are in the lower half", &finding);
}

TEST(mappings, kernels_are_global)
{
    struct finding finding = {};
    visit_all(find_local, &finding);
    CHECK_NONE("are forgotten when CR3 is written", &finding);
}

static bool overlaps(const struct leaf *leaf, const uint8_t *start, const uint8_t *end)
{
    uint64_t first = image_phys(virt_of(start)).value;
    uint64_t last = image_phys(virt_of(end - 1)).value;
    return leaf->phys <= last && first < leaf->phys + leaf->size_bytes;
}

static bool is_in_text(const struct leaf *leaf)
{
    return leaf->virt >= (uintptr_t)text_start && leaf->virt < (uintptr_t)text_end;
}

static void find_executable_elsewhere(void *context, const struct leaf *leaf)
{
    note(context, leaf, leaf->is_executable && !is_in_text(leaf));
}

TEST(mappings, nothing_but_the_text_is_executable)
{
    struct finding finding = {};
    if (!cpu_identify_protections().has_no_execute)
        return;
    visit_all(find_executable_elsewhere, &finding);
    CHECK_NONE("are executable and not of the text", &finding);
}

static void find_writable_constants(void *context, const struct leaf *leaf)
{
    bool is_constant = overlaps(leaf, text_start, text_end) || overlaps(leaf, constants_start, constants_end) ||
                       overlaps(leaf, sealed_start, sealed_end) || overlaps(leaf, symbol_table_start, symbol_table_end);
    note(context, leaf, leaf->is_writable && is_constant);
}

struct count {
    unsigned text;
};

static void count_text(void *context, const struct leaf *leaf)
{
    struct count *count = context;
    count->text += overlaps(leaf, text_start, text_end);
}

// The frames of text, constants and sealed data are in the direct map, too; wherever they are, they are read-only.
TEST(mappings, no_alias_of_what_is_constant_is_writable)
{
    struct finding finding = {};
    struct count count = {};
    visit_all(find_writable_constants, &finding);
    visit_all(count_text, &count);
    CHECK_NONE("are writable and hold text, constants or sealed data", &finding);
    CHECK(count.text >= 2); // the image and the direct map
}

// The upper levels of the kernel's half grant ring 3 nothing, so that no slip further down can.
TEST(mappings, tables_of_the_kernels_half_are_not_ring_3s)
{
    const volatile uint64_t *root = phys_to_virt((phys_addr_t){cpu_read_cr3() & MACHINE_PAGE_ADDRESS});
    for (unsigned i = 256; i < 512; i++)
        CHECK(!(root[i] & MACHINE_PAGE_PRESENT) || !(root[i] & MACHINE_PAGE_USER));
    for (unsigned i = 0; i < 256; i++)
        CHECK_EQUAL(root[i] & MACHINE_PAGE_PRESENT, 0);
}
