// SPDX-License-Identifier: MIT
// What all programs share: the files, the random bytes, and the ways from ring 3 into this module. Called by main,
// once.
#include "parts.h"
#include <arch/fpu.h>
#include <arch/tsc.h>
#include <interrupt/exception.h>
#include <lib/string.h>
#include <log/log.h>
#include <memory/heap.h>
#include <memory/phys_map.h>

static const char ARCHIVE_NAME[] = "INITRD.TAR";

struct file_tree process_tree;
struct random process_random;

// ---- modules

struct module {
    const char *name;
    const uint8_t *bytes;
    size_t size_bytes;
};

static struct module module_at(const struct boot_info *boot, uint32_t index)
{
    const struct boot_module *module =
        phys_to_virt((phys_addr_t){boot->modules + (uint64_t)index * boot->module_entry_size});
    return (struct module){phys_to_virt((phys_addr_t){module->name}), phys_to_virt((phys_addr_t){module->base}),
                           module->size};
}

static uint32_t nodes_of(const struct module *module)
{
    if (strcmp(module->name, ARCHIVE_NAME) == 0)
        return file_tree_nodes_of_archive(module->bytes, module->size_bytes);
    uint32_t count = 1;
    for (const char *letter = module->name; *letter != '\0'; letter++)
        count += *letter == '/';
    return count;
}

static void add_module(const struct module *module)
{
    enum status status = strcmp(module->name, ARCHIVE_NAME) == 0
                             ? file_tree_add_archive(&process_tree, module->bytes, module->size_bytes)
                             : file_tree_add_file(&process_tree, module->name, module->bytes, module->size_bytes);
    if (status == STATUS_CORRUPT)
        log_error("process", "%s is damaged, or no archive in ustar format; what lies behind the damage is missing",
                  module->name);
    else if (status != STATUS_OK)
        log_error("process", "the module %s cannot be a file for programs: its name is taken, or none", module->name);
}

static enum status read_modules(const struct boot_info *boot)
{
    uint32_t capacity = 1;
    for (uint32_t i = 0; i < boot->module_count; i++) {
        struct module module = module_at(boot, i);
        capacity += nodes_of(&module);
    }
    struct file_node *nodes = kernel_heap_allocate(capacity * sizeof *nodes, 0);
    if (nodes == nullptr)
        return STATUS_NO_MEMORY;
    file_tree_init(&process_tree, nodes, capacity);
    for (uint32_t i = 0; i < boot->module_count; i++) {
        struct module module = module_at(boot, i);
        add_module(&module);
    }
    if (process_tree.skipped_count != 0)
        log_warning("process", "%u members of %s are of a kind that is not understood", process_tree.skipped_count,
                    ARCHIVE_NAME);
    if (process_tree.count > 1)
        log_info("process", "%u files and directories for programs", process_tree.count - 1);
    return STATUS_OK;
}

// ---- the rest

enum status process_init(const struct boot_info *boot)
{
    enum status status = user_space_init();
    if (status == STATUS_OK)
        status = read_modules(boot);
    if (status != STATUS_OK)
        return status;
    random_seed(&process_random, boot->entropy);
    random_seed(&process_random, (const uint64_t[RANDOM_SEED_WORDS]){tsc_read()});
    fpu_init();
    user_init(call_enter, current_before_return);
    exception_set_program_handler(death_by_exception);
    return STATUS_OK;
}

const struct file_tree *process_files(void)
{
    return &process_tree;
}
