// SPDX-License-Identifier: MIT
// What must hold of any tree of files, whatever it was made of. For the unit test and the fuzzer.
#pragma once
#include <file_tree/file_tree.h>

// Every node is where its parent says, once, with a name and contents that lie in the SIZE_BYTES at BYTES; and its path
// leads back to it. A difference panics.
void file_tree_check(const struct file_tree *tree, const uint8_t *bytes, size_t size_bytes);
