// SPDX-License-Identifier: MIT
// Kernel stacks: each a range of its own in their region, whose lowest page is never mapped. Owns the ranges of that
// region; called by whoever needs a stack, and by the report of a death to name one. Knows nothing of who stands on it.
#include "parts.h"
#include <allocator/range.h>
#include <arch/probe.h>
#include <lib/panic.h>
#include <memory/layout.h>
#include <memory/memory.h>
#include <memory/stack.h>

typedef unsigned long long printable_t;

static struct range_allocator ranges;

static void *allocate_node_page(void *)
{
    phys_addr_t frame = frame_allocate(memory_frames(), FRAME_ORDER_4K, FRAME_ZONE_ANY);
    return frame.value == 0 ? nullptr : phys_to_virt(frame);
}

enum status kernel_stack_init(void)
{
    // Stacks come and go, but the root, of which other address spaces will have copies, stays as it is.
    enum status status =
        page_table_pin(memory_page_tables(), (virt_addr_t){MEMORY_STACKS.start}, MEMORY_STACKS.size_bytes);
    if (status != STATUS_OK)
        return status;
    return range_allocator_init(&ranges, (virt_addr_t){MEMORY_STACKS.start}, MEMORY_STACKS.size_bytes,
                                allocate_node_page, nullptr);
}

enum status kernel_stack_allocate(uint64_t size_bytes, struct kernel_stack *stack)
{
    if (size_bytes == 0 || size_bytes % PAGE_SIZE != 0)
        return STATUS_INVALID;
    if (size_bytes > MEMORY_STACKS.size_bytes - PAGE_SIZE)
        return STATUS_NO_MEMORY;
    virt_addr_t guard;
    if (range_allocate(&ranges, size_bytes + PAGE_SIZE, PAGE_SIZE, &guard) != STATUS_OK)
        return STATUS_NO_MEMORY; // for a node, or of addresses
    virt_addr_t bottom = virt_add(guard, PAGE_SIZE), top = virt_add(bottom, size_bytes);
    enum status status = own_frames_map(bottom, top);
    if (status != STATUS_OK) {
        range_free(&ranges, guard);
        return status;
    }
    *stack = (struct kernel_stack){bottom, top};
    return STATUS_OK;
}

static struct kernel_stack stack_of(const struct range *range)
{
    return (struct kernel_stack){virt_add(range->start, PAGE_SIZE), virt_add(range->start, range->size_bytes)};
}

static bool is_known(const struct kernel_stack *stack)
{
    struct range range;
    if (!range_find(&ranges, stack->bottom, &range) || !range.is_taken)
        return false;
    struct kernel_stack known = stack_of(&range);
    return known.bottom.value == stack->bottom.value && known.top.value == stack->top.value;
}

void kernel_stack_free(const struct kernel_stack *stack)
{
    virt_addr_t here = virt_of(__builtin_frame_address(0));
    if (!is_known(stack))
        panic("the stack from 0x%llx to 0x%llx cannot be freed: there is none", (printable_t)stack->bottom.value,
              (printable_t)stack->top.value);
    if (here.value >= stack->bottom.value && here.value < stack->top.value)
        panic("the stack from 0x%llx to 0x%llx cannot be freed: it is in use", (printable_t)stack->bottom.value,
              (printable_t)stack->top.value);
    own_frames_unmap(stack->bottom, stack->top);
    range_free(&ranges, (virt_addr_t){stack->bottom.value - PAGE_SIZE});
}

bool kernel_stack_find(virt_addr_t address, struct kernel_stack *stack)
{
    struct range range;
    if (!range_find_guarded(&ranges, address, probe_copy, &range) || !range.is_taken)
        return false;
    *stack = stack_of(&range);
    return true;
}
