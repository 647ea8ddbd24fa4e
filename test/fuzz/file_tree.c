// SPDX-License-Identifier: MIT
// Any archive through kernel/process/file_tree, and any path through what becomes of it. Magic and checksums of headers
// are put right first if the first byte is odd, or next to nothing would get past them.
#include <file_tree/file_tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/file_tree_check.h>

constexpr size_t BLOCK_BYTES = 512, SIZE_AT = 124, SUM_AT = 148, MAGIC_AT = 257, TYPE_AT = 156;

static void put_right(uint8_t *header)
{
    unsigned sum = 0;
    char text[9];
    memcpy(header + MAGIC_AT,
           "ustar\0"
           "00",
           8);
    memset(header + SUM_AT, ' ', 8);
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        sum += header[i];
    snprintf(text, sizeof text, "%06o", sum);
    memcpy(header + SUM_AT, text, 7);
}

// At most 7 blocks, so that there are several members.
static size_t make_size(uint8_t *header)
{
    unsigned size = header[SIZE_AT] * 14u;
    char text[13];
    snprintf(text, sizeof text, "%011o", size);
    memcpy(header + SIZE_AT, text, 12);
    bool has_contents = header[TYPE_AT] == '0' || header[TYPE_AT] == '\0' || header[TYPE_AT] > '5';
    return has_contents ? (size + BLOCK_BYTES - 1) / BLOCK_BYTES : 0;
}

static void put_all_right(uint8_t *bytes, size_t size)
{
    for (size_t position = 0; position + BLOCK_BYTES <= size;) {
        size_t blocks = make_size(bytes + position);
        put_right(bytes + position);
        position += (1 + blocks) * BLOCK_BYTES;
    }
}

static void try_paths(const struct file_tree *tree, const uint8_t *bytes, size_t size)
{
    char path[65] = "";
    uint32_t node;
    memcpy(path, bytes, size < sizeof path - 1 ? size : sizeof path - 1);
    for (int follows = 0; follows < 2; follows++) {
        if (file_tree_find(tree, size % tree->count, path, follows != 0, &node) == STATUS_OK && node >= tree->count)
            abort();
    }
    for (uint32_t i = 0; i < tree->count; i++)
        (void)file_tree_find(tree, tree->nodes[i].parent, "a/../b/./c", true, &node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bool is_put_right = *data++ & 1;
    uint8_t *bytes = malloc(--size); // a block of its own, so that ASan sees its ends
    if (bytes == nullptr)
        return 0;
    memcpy(bytes, data, size);
    if (is_put_right)
        put_all_right(bytes, size);
    uint32_t capacity = 1 + file_tree_nodes_of_archive(bytes, size);
    struct file_node *nodes = calloc(capacity, sizeof *nodes);
    struct file_tree tree;
    if (nodes != nullptr) {
        file_tree_init(&tree, nodes, capacity);
        enum status status = file_tree_add_archive(&tree, bytes, size);
        if (status == STATUS_NO_MEMORY)
            abort();
        file_tree_check(&tree, bytes, size);
        try_paths(&tree, bytes, size);
    }
    free(nodes);
    free(bytes);
    return 0;
}
