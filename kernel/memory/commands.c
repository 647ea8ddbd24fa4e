// SPDX-License-Identifier: MIT
// The commands mem, frames and heap: who has which memory, in pictures and numbers. Called by the shell; shows
// addresses and sizes, never what lies there.
#include "parts.h"
#include <arch/kernel_image.h>
#include <arch/stack.h>
#include <describe/bar.h>
#include <describe/size.h>
#include <lib/command.h>
#include <lib/format.h>
#include <lib/panic.h>
#include <lib/string.h>
#include <memory/heap.h>
#include <memory/layout.h>
#include <memory/memory.h>

typedef unsigned long long printable_t;

static void say_line(void *call, const char *line)
{
    command_print(call, "  %s\n", line);
}

// ---- mem: physical memory as a bar

constexpr unsigned CELL_COUNT = 64;

// A letter and a colour (SGR) for each kind of range.
static const struct {
    char letter;
    uint8_t colour;
} looks[MEMORY_RANGE_KIND_COUNT] = {
    [BAR_NOTHING] = {' ', 39},          [BOOT_MEMORY_USABLE] = {'.', 32},
    [BOOT_MEMORY_RESERVED] = {'#', 31}, [BOOT_MEMORY_ACPI_TABLES] = {'A', 33},
    [BOOT_MEMORY_ACPI_NVS] = {'N', 33}, [BOOT_MEMORY_BAD] = {'!', 91},
    [BOOT_MEMORY_LOADER] = {'L', 34},   [BOOT_MEMORY_KERNEL] = {'K', 96},
    [BOOT_MEMORY_MODULE] = {'M', 95},
};
static_assert(MEMORY_RANGE_KIND_COUNT <= BAR_KIND_COUNT);

// The kernel and modules are small, and what one looks for.
static bool range_as_part(void *, unsigned index, struct bar_part *part)
{
    const struct boot_info *boot = memory_boot_info();
    if (index >= boot->memory_count)
        return false;
    const struct boot_memory *range = memory_map_entry(boot, index);
    unsigned kind = memory_range_kind(range);
    *part = (struct bar_part){.start = range->base,
                              .size_bytes = range->length,
                              .kind = kind,
                              .is_shown = kind == BOOT_MEMORY_KERNEL || kind == BOOT_MEMORY_MODULE};
    return true;
}

// Where RAM ends: beyond, firmware reserves a page here and a terabyte there.
static uint64_t ram_end(void)
{
    uint64_t end = 0;
    struct bar_part part;
    for (unsigned i = 0; range_as_part(nullptr, i, &part); i++) {
        if (part.kind != BOOT_MEMORY_RESERVED)
            end = part.start + part.size_bytes;
    }
    return end;
}

static void say_bar(struct command_call *call)
{
    uint64_t end = ram_end();
    char size[DESCRIBE_SIZE_LIMIT];
    unsigned before = BAR_NOTHING;
    command_print(call, "  0 [");
    for (unsigned cell = 0; cell < CELL_COUNT; cell++) {
        unsigned kind = bar_cell(range_as_part, nullptr, end, cell, CELL_COUNT);
        if (kind != before)
            command_print(call, "\033[%um", looks[kind].colour);
        command_print(call, "%c", looks[kind].letter);
        before = kind;
    }
    command_print(call, "\033[m] %s\n", describe_size(size, end));
}

static void say_legend(struct command_call *call)
{
    bool is_there[MEMORY_RANGE_KIND_COUNT] = {};
    struct bar_part part;
    for (unsigned i = 0; range_as_part(nullptr, i, &part); i++)
        is_there[part.kind] = true;
    command_print(call, " ");
    for (unsigned kind = 1; kind < MEMORY_RANGE_KIND_COUNT; kind++) {
        if (is_there[kind])
            command_print(call, "  \033[%um%c\033[m %s", looks[kind].colour, looks[kind].letter,
                          memory_range_kind_name(kind));
    }
    char size[DESCRIBE_SIZE_LIMIT];
    command_print(call, "; a letter is %s\n", describe_size(size, ram_end() / CELL_COUNT));
}

// ---- mem: what lies where

static void say_modules(struct command_call *call)
{
    const struct boot_info *boot = memory_boot_info();
    for (uint32_t i = 0; i < boot->module_count; i++) {
        const struct boot_module *module = boot_module_at(boot, i);
        char size[DESCRIBE_SIZE_LIMIT];
        command_print(call, "  0x%012llx                %10s  module %.30s\n", (printable_t)module->base,
                      describe_size(size, module->size), (const char *)phys_to_virt((phys_addr_t){module->name}));
    }
}

// What is mapped at START, by its first page: all of a part has the same rights.
static void say_part(struct command_call *call, const char *name, uint64_t start, uint64_t end)
{
    struct page_mapping page;
    char size[DESCRIBE_SIZE_LIMIT], rights[MEMORY_RIGHTS_LIMIT];
    if (!page_table_find(memory_page_tables(), (virt_addr_t){start}, &page))
        return;
    uint64_t physical = page.phys.value + (start - page.virt.value);
    command_print(call, "  0x%016llx %10s  %s  0x%012llx  %s\n", (printable_t)start, describe_size(size, end - start),
                  memory_describe_rights(rights, page.attributes.rights), (printable_t)physical, name);
}

static void say_image(struct command_call *call)
{
    say_part(call, "text", (uint64_t)text_start, (uint64_t)text_end);
    say_part(call, "constants", (uint64_t)constants_start, (uint64_t)constants_end);
    say_part(call, "sealed data", (uint64_t)sealed_start, (uint64_t)sealed_end);
    say_part(call, "data", (uint64_t)data_start, (uint64_t)data_end);
    const struct stack *stack;
    for (unsigned i = 0; (stack = stack_at(i)) != nullptr; i++) {
        char name[32];
        format_string(name, sizeof name, "%s stack", stack->name);
        say_part(call, name, stack->bottom, stack->top);
    }
    say_part(call, "symbols", (uint64_t)symbol_table_start, (uint64_t)symbol_table_end);
}

static bool add_run(void *sum, const struct page_mapping *run)
{
    *(uint64_t *)sum += run->size_bytes;
    return true;
}

static void say_region(struct command_call *call, const char *name, uint64_t start, uint64_t size_bytes)
{
    uint64_t mapped = 0;
    char size[DESCRIBE_SIZE_LIMIT], mapped_size[DESCRIBE_SIZE_LIMIT];
    page_table_walk(memory_page_tables(), (virt_addr_t){start}, (virt_addr_t){start + size_bytes - 1}, add_run,
                    &mapped);
    command_print(call, "  0x%016llx %10s %10s mapped  %s\n", (printable_t)start, describe_size(size, size_bytes),
                  describe_size(mapped_size, mapped), name);
}

static void say_layout(struct command_call *call)
{
    say_region(call, "lower half", 0, ADDRESS_HALF_SIZE);
    for (unsigned i = 0; i < MEMORY_REGION_COUNT; i++)
        say_region(call, memory_regions[i].name, memory_regions[i].region.start, memory_regions[i].region.size_bytes);
    say_region(call, "kernel image", MEMORY_KERNEL_IMAGE, -MEMORY_KERNEL_IMAGE);
}

static enum status run_mem(struct command_call *call)
{
    command_print(call, "Physical memory\n");
    say_bar(call);
    say_legend(call);
    memory_describe_ranges(say_line, call);
    say_modules(call);
    command_print(call, "Virtual addresses\n  %-18s %10s %10s         region\n", "from", "size", "");
    say_layout(call);
    command_print(call, "Kernel image\n  %-18s %10s  %s  %-14s  part\n", "from", "size", "may ", "physical");
    say_image(call);
    return STATUS_OK;
}

COMMAND(mem, .summary = "show what memory there is, and what lies where", .run = run_mem,
        .details = "Physical memory as the loader found it; what it calls \"loader\" is free by now. A\n"
                   "letter of the bar stands for what most of its part is; kernel and modules show\n"
                   "wherever they have a byte. Then the regions of the address space, how much of\n"
                   "each is mapped, and the parts of the kernel with their rights: r read, w write,\n"
                   "x execute, u ring 3.\n");

// ---- frames

static enum status run_frames(struct command_call *call)
{
    memory_describe_frames(say_line, call);
    return STATUS_OK;
}

COMMAND(frames, .summary = "show how much physical memory is free", .run = run_frames,
        .details = "Frames of 4 KiB by zone, each without the lower ones. Fragmentation is the share\n"
                   "of free memory that lies in no free block of 2 MiB.\n");

// ---- heap

constexpr size_t FOLDED_LEAST = 2;      // blocks alike and in a row that take one line
constexpr size_t ROOM_FOR_ITSELF = 256; // blocks and free pieces that the list of all makes when it is allocated

struct block_list {
    struct heap_block *blocks;
    size_t count, room;
};

static void add_block(void *context, const struct heap_block *block)
{
    struct block_list *list = context;
    if (list->count < list->room)
        list->blocks[list->count] = *block;
    list->count++;
}

static void say_share(struct command_call *call, const char *name, size_t size_bytes, size_t whole_bytes)
{
    char size[DESCRIBE_SIZE_LIMIT];
    unsigned permille = describe_permille(size_bytes, whole_bytes);
    command_print(call, "%-10s %10s %3u.%u %%", name, describe_size(size, size_bytes), permille / 10, permille % 10);
}

static enum status show_statistics(struct command_call *call)
{
    struct heap_statistics now;
    char size[DESCRIBE_SIZE_LIMIT];
    kernel_heap_statistics(&now);
    command_print(call, "design     %s%s\n", kernel_heap_design_name(),
                  kernel_heap_is_guarded() ? ", with redzones and a quarantine around it" : ", not guarded");
    command_print(call, "memory     %10s\n", describe_size(size, now.region_bytes));
    say_share(call, "taken", now.taken_bytes, now.region_bytes);
    command_print(call, "  %zu blocks\n", now.taken_blocks);
    say_share(call, "free", now.free_bytes, now.region_bytes);
    command_print(call, "  %zu pieces, the largest %s\n", now.free_blocks, describe_size(size, now.largest_free_bytes));
    say_share(call, "books", now.book_bytes, now.region_bytes);
    command_print(call, "  headers, tables, what rounding lost\n");
    return STATUS_OK;
}

// The number of the class of blocks of SIZE_BYTES: 2^n bytes at most.
static unsigned class_of(size_t size_bytes)
{
    return size_bytes <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(size_bytes - 1);
}

static void summarise(struct command_call *call, const struct block_list *list)
{
    constexpr unsigned CLASS_COUNT = 65;
    struct {
        size_t blocks[2], bytes[2]; // free, taken
    } classes[CLASS_COUNT] = {};
    for (size_t i = 0; i < list->count; i++) {
        const struct heap_block *block = &list->blocks[i];
        unsigned class = class_of(block->size_bytes);
        classes[class].blocks[block->is_taken]++;
        classes[class].bytes[block->is_taken] += block->size_bytes;
    }
    command_print(call, "%10s %8s %10s %8s %10s\n", "up to", "taken", "", "free", "");
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        char limit[DESCRIBE_SIZE_LIMIT], taken[DESCRIBE_SIZE_LIMIT], free[DESCRIBE_SIZE_LIMIT];
        if (classes[class].blocks[0] + classes[class].blocks[1] != 0)
            command_print(call, "%10s %8zu %10s %8zu %10s\n", describe_size(limit, 1ull << class),
                          classes[class].blocks[1], describe_size(taken, classes[class].bytes[1]),
                          classes[class].blocks[0], describe_size(free, classes[class].bytes[0]));
    }
}

// How many blocks from FIRST on are alike and lie at equal distances.
static size_t run_length(const struct block_list *list, size_t first)
{
    const struct heap_block *blocks = list->blocks;
    size_t next = first + 1;
    if (next == list->count)
        return 1;
    ptrdiff_t distance = (uint8_t *)blocks[next].address - (uint8_t *)blocks[first].address;
    while (next < list->count && blocks[next].size_bytes == blocks[first].size_bytes &&
           blocks[next].is_taken == blocks[first].is_taken &&
           (uint8_t *)blocks[next].address - (uint8_t *)blocks[next - 1].address == distance)
        next++;
    return next - first;
}

static enum status say_blocks(struct command_call *call, const struct block_list *list)
{
    command_print(call, "%-18s %10s  %s\n", "address", "bytes", "state");
    size_t length;
    for (size_t first = 0; first < list->count; first += length) {
        const struct heap_block *block = &list->blocks[first];
        length = run_length(list, first);
        command_print(call, "0x%016llx %10zu  %s", (printable_t)(uintptr_t)block->address, block->size_bytes,
                      block->is_taken ? "taken" : "free");
        if (length >= FOLDED_LEAST)
            command_print(call, ", %zu alike up to 0x%016llx", length,
                          (printable_t)(uintptr_t)block[length - 1].address);
        command_print(call, "\n");
        if (!command_goes_on(call))
            return STATUS_CANCELLED;
    }
    return STATUS_OK;
}

// A copy is spoken of: others use the heap while this one speaks.
static enum status walk(struct command_call *call)
{
    struct heap_statistics now;
    kernel_heap_statistics(&now);
    struct block_list list = {.room = now.taken_blocks + now.free_blocks + ROOM_FOR_ITSELF};
    list.blocks = kernel_heap_allocate(list.room * sizeof *list.blocks, 0);
    if (list.blocks == nullptr)
        return command_fail(call, STATUS_NO_MEMORY, "there is no memory for a list of %zu blocks", list.room);
    heap_walk(cpu_local_heap(), add_block, &list);
    ASSERT(list.count <= list.room);
    enum status status = say_blocks(call, &list);
    if (status == STATUS_OK)
        summarise(call, &list);
    kernel_heap_free(list.blocks);
    return status;
}

static enum status check(struct command_call *call)
{
    const char *problem = kernel_heap_validate();
    if (problem != nullptr)
        return command_fail(call, STATUS_CORRUPT, "%s", problem);
    struct heap_statistics now;
    kernel_heap_statistics(&now);
    command_print(call, "sound: the books of %zu blocks and %zu free pieces agree%s\n", now.taken_blocks,
                  now.free_blocks, kernel_heap_is_guarded() ? ", and no redzone has been written to" : "");
    return STATUS_OK;
}

static const struct {
    const char *name;
    command_fn *run;
} views[] = {{"statistics", show_statistics}, {"walk", walk}, {"check", check}};

static const char *view_name(size_t index)
{
    return index < sizeof views / sizeof *views ? views[index].name : nullptr;
}

static enum status run_heap(struct command_call *call)
{
    size_t view = 0;
    while (call->argument_count > 0 && strcmp(views[view].name, call->arguments[0].text) != 0)
        view++;
    return views[view].run(call);
}

COMMAND(heap, .summary = "show the kernel's heap, or look through its books", .run = run_heap,
        .details = "statistics: how much is taken, free, and used for books; what one gets without a\n"
                   "word. walk: every block and every free piece, and their sums by size; the list\n"
                   "itself is one of the blocks. check: whether the books agree.\n",
        .parameters = {{"view", view_name, COMMAND_WORD, .is_optional = true}});
