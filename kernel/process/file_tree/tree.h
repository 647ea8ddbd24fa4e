// SPDX-License-Identifier: MIT
// What the tree's own sources are to each other.
#pragma once
#include <file_tree/file_tree.h>

// A piece of text that need not be terminated.
struct span {
    const char *text;
    size_t length;
};

// Take the first component of *PATH, without slashes, out of it. Empty: there is none.
struct span span_next_component(struct span *path);

bool span_equals(struct span span, const char *text);

// Go from PARENT to the child called NAME, or make it: a directory without contents. FILE_NONE: there are too few
// nodes, or the name is none (".", "..", too long).
uint32_t tree_child(struct file_tree *tree, uint32_t parent, struct span name);

// The child called NAME; FILE_NONE when there is none.
uint32_t tree_find_child(const struct file_tree *tree, uint32_t parent, struct span name);
