// SPDX-License-Identifier: MIT
// The invariants of a tree of files. Used by test/unit and test/fuzz.
#include <lib/panic.h>
#include <stdlib.h>
#include <support/file_tree_check.h>

static bool lies_in(const void *start, size_t size, const uint8_t *bytes, size_t size_bytes)
{
    uintptr_t first = (uintptr_t)start, base = (uintptr_t)bytes;
    return size == 0 || (first >= base && first - base <= size_bytes && size <= size_bytes - (first - base));
}

static void check_path(const struct file_tree *tree, uint32_t node)
{
    static char path[1 << 16];
    uint32_t found;
    if (file_tree_path(tree, node, path, sizeof path) != STATUS_OK)
        return; // longer than anybody asks for
    ASSERT(path[0] == '/');
    ASSERT(file_tree_find(tree, FILE_ROOT, path, false, &found) == STATUS_OK && found == node);
}

void file_tree_check(const struct file_tree *tree, const uint8_t *bytes, size_t size_bytes)
{
    uint32_t seen = 1;
    ASSERT(tree->count >= 1 && tree->count <= tree->capacity && tree->nodes[FILE_ROOT].kind == FILE_DIRECTORY);
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct file_node *node = &tree->nodes[i];
        ASSERT(node->parent < tree->count && tree->nodes[node->parent].kind == FILE_DIRECTORY);
        ASSERT((node->name_length == 0) == (i == FILE_ROOT));
        ASSERT(lies_in(node->name, node->name_length, bytes, size_bytes));
        ASSERT(lies_in(node->bytes, node->size_bytes, bytes, size_bytes));
        ASSERT(node->kind == FILE_DIRECTORY || node->first_child == FILE_NONE);
        for (uint32_t child = node->first_child; child != FILE_NONE; child = tree->nodes[child].next_sibling) {
            ASSERT(child < tree->count && tree->nodes[child].parent == i);
            ASSERT(++seen <= tree->count);
        }
        check_path(tree, i);
    }
    ASSERT(seen == tree->count);
}
