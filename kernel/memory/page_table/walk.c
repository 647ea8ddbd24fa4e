// SPDX-License-Identifier: MIT
// Reads page tables: what maps an address, and all that is mapped in a range. Called by the memory module, for its map
// and for whoever asks what the CPU would do; changes nothing.
#include "path.h"

static struct page_attributes attributes_of(uint64_t entry, unsigned level)
{
    unsigned rights = PAGE_READ, cache = 0;
    if (entry & PAGE_ENTRY_WRITABLE)
        rights |= PAGE_WRITE;
    if (!(entry & PAGE_ENTRY_NO_EXECUTE))
        rights |= PAGE_EXECUTE;
    if (entry & PAGE_ENTRY_USER)
        rights |= PAGE_USER;
    if (entry & PAGE_ENTRY_GLOBAL)
        rights |= PAGE_GLOBAL;
    if (entry & PAGE_ENTRY_WRITE_THROUGH)
        cache |= CACHE_WRITE_THROUGH;
    if (entry & PAGE_ENTRY_CACHE_DISABLE)
        cache |= CACHE_DISABLE;
    if (entry & (level > 1 ? PAGE_ENTRY_PAT_LARGE : PAGE_ENTRY_PAT_4K))
        cache |= CACHE_PAT;
    return (struct page_attributes){.rights = (enum page_rights)rights, .cache = (enum page_cache)cache};
}

static struct page_mapping page_of(uint64_t entry, unsigned level, uint64_t address)
{
    uint64_t mask = slot_mask(level);
    return (struct page_mapping){.virt = {address & ~mask},
                                 .phys = {entry & PAGE_ENTRY_ADDRESS & ~mask},
                                 .size_bytes = mask + 1,
                                 .page_size_bytes = mask + 1,
                                 .attributes = attributes_of(entry, level)};
}

bool page_table_find(const struct page_tables *tables, virt_addr_t address, struct page_mapping *page)
{
    struct path path;
    if (!address_is_canonical(address.value))
        return false;
    unsigned level = descend(tables, address.value, &path);
    uint64_t entry = *path.entries[level];
    if (!is_present(entry))
        return false;
    *page = page_of(entry, level, address.value);
    return true;
}

bool page_table_translate(const struct page_tables *tables, virt_addr_t address, phys_addr_t *phys)
{
    struct page_mapping page;
    if (!page_table_find(tables, address, &page))
        return false;
    *phys = phys_add(page.phys, address.value - page.virt.value);
    return true;
}

// Whether PAGE goes on where RUN ends, in the same way.
static bool continues(const struct page_mapping *run, const struct page_mapping *page)
{
    return run->virt.value + run->size_bytes == page->virt.value &&
           run->phys.value + run->size_bytes == page->phys.value && run->page_size_bytes == page->page_size_bytes &&
           run->attributes.rights == page->attributes.rights && run->attributes.cache == page->attributes.cache;
}

// Leave of PAGE what lies from START to LAST, a part of it.
static void clip(struct page_mapping *page, uint64_t start, uint64_t last)
{
    uint64_t page_last = page->virt.value + page->size_bytes - 1;
    if (page_last > last)
        page->size_bytes -= page_last - last;
    if (page->virt.value < start) {
        uint64_t before = start - page->virt.value;
        page->virt.value = start;
        page->phys.value += before;
        page->size_bytes -= before;
    }
}

struct visit {
    page_table_visit_fn *call;
    void *context;
    struct page_mapping run; // not visited yet, unless its size is 0
};

// Take in PAGE. Returns whether the walk goes on.
static bool add_page(struct visit *visit, const struct page_mapping *page)
{
    if (visit->run.size_bytes > 0) {
        if (continues(&visit->run, page)) {
            visit->run.size_bytes += page->size_bytes;
            return true;
        }
        if (!visit->call(visit->context, &visit->run)) {
            visit->run.size_bytes = 0;
            return false;
        }
    }
    visit->run = *page;
    return true;
}

void page_table_walk(const struct page_tables *tables, virt_addr_t start, virt_addr_t last, page_table_visit_fn *visit,
                     void *context)
{
    struct visit state = {.call = visit, .context = context};
    uint64_t address = start.value;
    bool goes_on = true;
    while (goes_on && address <= last.value) {
        if (!address_is_canonical(address)) {
            address = HIGH_HALF;
            continue;
        }
        struct path path;
        unsigned level = descend(tables, address, &path);
        const uint64_t *entries = path.entries[level];
        uint64_t count = entries_in_table(address, last.value, level), i = 0;
        address &= ~slot_mask(level);
        do {
            if (is_present(entries[i])) {
                struct page_mapping page = page_of(entries[i], level, address + (i << slot_shift(level)));
                clip(&page, start.value, last.value);
                goes_on = add_page(&state, &page);
            }
            i++;
        } while (goes_on && i < count && !names_table(entries[i], level));
        address += i << slot_shift(level);
        if (address == 0)
            break;
    }
    if (state.run.size_bytes > 0)
        visit(context, &state.run);
}
