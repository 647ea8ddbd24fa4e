// SPDX-License-Identifier: MIT
// Address spaces of programs: the lower half of each is its own, the upper half the kernel's, shared by copying the
// root's entries, which never change again (page_table_pin()). Knows which frames are where and no reason for it: what
// a program may have, and when a page gets its frame, is process's business. Exported names start with user_space_.
//
// Pages are of 4 KiB; each frame belongs to one address space. Task context; nothing is locked: one context at a time.
#pragma once
#include <lib/address.h>
#include <lib/status.h>
#include <page_table/page_table.h>

struct user_space {
    struct page_tables tables;
    struct page_window window; // where the last page went: the next one is often its neighbour
};

// Fix the root's entries of the kernel's half. STATUS_NO_MEMORY. Once, after kernel_stack_init().
[[nodiscard]] enum status user_space_init(void);

// Make SPACE, with nothing in its lower half. STATUS_NO_MEMORY.
[[nodiscard]] enum status user_space_create(struct user_space *space);

// Give everything back, the frames of pages included. SPACE is not loaded.
void user_space_destroy(struct user_space *space);

// Let this CPU go through SPACE, or through the kernel's own tables, which have an empty lower half.
void user_space_load(const struct user_space *space);
void user_space_load_kernel(void);

// Map FRAME, which becomes SPACE's, at PAGE of the lower half, with RIGHTS and PAGE_USER. STATUS_NO_MEMORY and
// STATUS_BUSY (there is a page) leave it the caller's.
[[nodiscard]] static inline enum status user_space_add(struct user_space *space, virt_addr_t page, phys_addr_t frame,
                                                       enum page_rights rights)
{
    return page_table_map_near(&space->tables, &space->window, page, frame, rights | PAGE_USER);
}

// Of the pages from START up to END, take away those that are there and give their frames back, returning how many that
// were; or give them RIGHTS, and PAGE_USER unless IS_REACHABLE is false: then ring 3 cannot even read them. O(pages
// that are there).
uint64_t user_space_remove(struct user_space *space, virt_addr_t start, virt_addr_t end);
void user_space_protect(struct user_space *space, virt_addr_t start, virt_addr_t end, enum page_rights rights,
                        bool is_reachable);

// Where the kernel has what lies at ADDRESS, up to the end of its page; nullptr when there is no page.
void *user_space_pointer(const struct user_space *space, virt_addr_t address);
