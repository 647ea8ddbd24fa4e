// SPDX-License-Identifier: MIT
// A read-only tree of files, directories and symbolic links, whose contents lie in memory: that of an archive in ustar
// format (POSIX.1-2017, pax, "ustar Interchange Format"), and single files. Exported names start with file_tree_.
// Copies nothing: archive and names stay the caller's and must not change. Believes nothing that an archive says. Pure;
// any context.
//
// The nodes are the caller's array, and nodes are named by their numbers in it; number 0 is the root. Finding a name in
// a directory is linear in the number of names there.
#pragma once
#include <lib/status.h>
#include <stddef.h>
#include <stdint.h>

enum file_kind : uint8_t {
    FILE_DIRECTORY,
    FILE_REGULAR,
    FILE_LINK, // symbolic; its target is its contents
};

constexpr uint32_t FILE_ROOT = 0;
constexpr uint32_t FILE_NONE = UINT32_MAX;
constexpr unsigned FILE_LINKS_MOST = 8; // that one path may go through

struct file_node {
    const char *name; // not terminated
    const uint8_t *bytes;
    uint64_t size_bytes;
    uint64_t modified_s;                // since 1970
    uint32_t parent;                    // the root's is the root
    uint32_t first_child, next_sibling; // FILE_NONE: none; in the order in which they came
    uint32_t owner, group;
    uint16_t permissions; // the lower 12 bits of a mode
    uint8_t name_length;  // bytes, 1 to 255; 0: the root
    enum file_kind kind;
};

struct file_tree {
    struct file_node *nodes;
    uint32_t count, capacity;
    uint32_t skipped_count; // members of archives that are of a kind, or have a name, that is not understood
};

// The most nodes that the archive of SIZE_BYTES at BYTES can make.
uint32_t file_tree_nodes_of_archive(const uint8_t *bytes, size_t size_bytes);

// Make TREE of the array NODES: a root without children. CAPACITY is at least 1.
void file_tree_init(struct file_tree *tree, struct file_node *nodes, uint32_t capacity);

// Add what the archive holds; a later member takes the place of an earlier one of the same name. STATUS_CORRUPT: a
// header is damaged or the archive is cut off; what lies before is there. STATUS_NO_MEMORY: there are too few nodes.
[[nodiscard]] enum status file_tree_add_archive(struct file_tree *tree, const uint8_t *bytes, size_t size_bytes);

// Add a regular file that everybody may read and execute, at PATH. STATUS_NO_MEMORY as above; STATUS_INVALID: no such
// path can be.
[[nodiscard]] enum status file_tree_add_file(struct file_tree *tree, const char *path, const uint8_t *bytes,
                                             size_t size_bytes);

// Find what PATH names, from the directory FROM on unless it begins with a slash. A symbolic link that the path ends in
// is followed unless FOLLOWS_LAST is false and there is no slash behind it. STATUS_NOT_FOUND; STATUS_INVALID: a part of
// the path that has more behind it is no directory; STATUS_RANGE: it goes through more than FILE_LINKS_MOST links.
[[nodiscard]] enum status file_tree_find(const struct file_tree *tree, uint32_t from, const char *path,
                                         bool follows_last, uint32_t *node);

// Write the path of NODE from the root into TEXT of SIZE_BYTES, terminated. STATUS_RANGE: there is too little room.
[[nodiscard]] enum status file_tree_path(const struct file_tree *tree, uint32_t node, char *text, size_t size_bytes);
