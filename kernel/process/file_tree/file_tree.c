// SPDX-License-Identifier: MIT
// Nodes, names and paths. Called by process; must not know what an archive looks like.
#include "tree.h"
#include <lib/string.h>

constexpr size_t NAME_MOST = 255;
constexpr uint16_t READ_AND_EXECUTE_FOR_ALL = 0555;

// ---- names

struct span span_next_component(struct span *path)
{
    while (path->length > 0 && *path->text == '/') {
        path->text++;
        path->length--;
    }
    struct span component = {path->text, 0};
    while (path->length > 0 && *path->text != '/') {
        path->text++;
        path->length--;
        component.length++;
    }
    return component;
}

bool span_equals(struct span span, const char *text)
{
    return strlen(text) == span.length && memcmp(span.text, text, span.length) == 0;
}

static bool has_name(const struct file_node *node, struct span name)
{
    return node->name_length == name.length && memcmp(node->name, name.text, name.length) == 0;
}

// ---- nodes

void file_tree_init(struct file_tree *tree, struct file_node *nodes, uint32_t capacity)
{
    *tree = (struct file_tree){.nodes = nodes, .count = 1, .capacity = capacity};
    nodes[FILE_ROOT] = (struct file_node){.parent = FILE_ROOT,
                                          .first_child = FILE_NONE,
                                          .next_sibling = FILE_NONE,
                                          .permissions = READ_AND_EXECUTE_FOR_ALL,
                                          .kind = FILE_DIRECTORY};
}

uint32_t tree_find_child(const struct file_tree *tree, uint32_t parent, struct span name)
{
    uint32_t child = tree->nodes[parent].first_child;
    while (child != FILE_NONE && !has_name(&tree->nodes[child], name))
        child = tree->nodes[child].next_sibling;
    return child;
}

static void append(struct file_tree *tree, uint32_t parent, uint32_t child)
{
    uint32_t *place = &tree->nodes[parent].first_child;
    while (*place != FILE_NONE)
        place = &tree->nodes[*place].next_sibling;
    *place = child;
}

uint32_t tree_child(struct file_tree *tree, uint32_t parent, struct span name)
{
    if (name.length == 0 || name.length > NAME_MOST || span_equals(name, ".") || span_equals(name, ".."))
        return FILE_NONE;
    uint32_t child = tree_find_child(tree, parent, name);
    if (child != FILE_NONE)
        return child;
    if (tree->count == tree->capacity)
        return FILE_NONE;
    child = tree->count++;
    tree->nodes[child] = (struct file_node){.name = name.text,
                                            .name_length = (uint8_t)name.length,
                                            .parent = parent,
                                            .first_child = FILE_NONE,
                                            .next_sibling = FILE_NONE,
                                            .permissions = READ_AND_EXECUTE_FOR_ALL,
                                            .kind = FILE_DIRECTORY};
    append(tree, parent, child);
    return child;
}

enum status file_tree_add_file(struct file_tree *tree, const char *path, const uint8_t *bytes, size_t size_bytes)
{
    struct span rest = {path, strlen(path)}, name;
    uint32_t node = FILE_ROOT;
    while ((name = span_next_component(&rest)).length > 0) {
        if (tree->nodes[node].kind != FILE_DIRECTORY)
            return STATUS_INVALID;
        node = tree_child(tree, node, name);
        if (node == FILE_NONE)
            return tree->count == tree->capacity ? STATUS_NO_MEMORY : STATUS_INVALID;
    }
    if (node == FILE_ROOT || tree->nodes[node].first_child != FILE_NONE)
        return STATUS_INVALID;
    tree->nodes[node].kind = FILE_REGULAR;
    tree->nodes[node].bytes = bytes;
    tree->nodes[node].size_bytes = size_bytes;
    return STATUS_OK;
}

// ---- paths

struct walk {
    const struct file_tree *tree;
    unsigned links_left;
    bool follows_last;
};

static enum status go(struct walk *walk, uint32_t from, struct span path, bool is_last, uint32_t *node);

// Links lead on from the directory that they lie in.
static enum status follow(struct walk *walk, uint32_t link, bool is_last, uint32_t *node)
{
    const struct file_node *from = &walk->tree->nodes[link];
    if (walk->links_left-- == 0) {
        walk->links_left = 0;
        return STATUS_RANGE;
    }
    return go(walk, from->parent, (struct span){(const char *)from->bytes, from->size_bytes}, is_last, node);
}

static enum status step(const struct walk *walk, uint32_t from, struct span name, uint32_t *node)
{
    const struct file_node *here = &walk->tree->nodes[from];
    if (here->kind != FILE_DIRECTORY)
        return STATUS_INVALID;
    if (span_equals(name, "."))
        *node = from;
    else if (span_equals(name, ".."))
        *node = here->parent;
    else
        *node = tree_find_child(walk->tree, from, name);
    return *node != FILE_NONE ? STATUS_OK : STATUS_NOT_FOUND;
}

// Recurses once for each link that it goes through. IS_LAST: nothing comes behind PATH.
static enum status go(struct walk *walk, uint32_t from, struct span path, bool is_last, uint32_t *node)
{
    if (path.length == 0)
        return STATUS_NOT_FOUND;
    *node = *path.text == '/' ? FILE_ROOT : from;
    struct span name;
    while ((name = span_next_component(&path)).length > 0) {
        enum status status = step(walk, *node, name, node);
        if (status != STATUS_OK)
            return status;
        bool is_end = is_last && path.length == 0;
        if (walk->tree->nodes[*node].kind == FILE_LINK && (!is_end || walk->follows_last)) {
            status = follow(walk, *node, is_end, node);
            if (status != STATUS_OK)
                return status;
        }
        if (path.length > 0 && walk->tree->nodes[*node].kind != FILE_DIRECTORY)
            return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status file_tree_find(const struct file_tree *tree, uint32_t from, const char *path, bool follows_last,
                           uint32_t *node)
{
    struct walk walk = {.tree = tree, .links_left = FILE_LINKS_MOST, .follows_last = follows_last};
    return go(&walk, from, (struct span){path, strlen(path)}, true, node);
}

enum status file_tree_path(const struct file_tree *tree, uint32_t node, char *text, size_t size_bytes)
{
    size_t length = node == FILE_ROOT ? 1 : 0;
    for (uint32_t each = node; each != FILE_ROOT; each = tree->nodes[each].parent)
        length += 1u + tree->nodes[each].name_length;
    if (length >= size_bytes)
        return STATUS_RANGE;
    text[0] = '/';
    text[length] = '\0';
    for (uint32_t each = node; each != FILE_ROOT; each = tree->nodes[each].parent) {
        length -= tree->nodes[each].name_length;
        memcpy(text + length, tree->nodes[each].name, tree->nodes[each].name_length);
        text[--length] = '/';
    }
    return STATUS_OK;
}
