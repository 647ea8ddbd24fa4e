// SPDX-License-Identifier: MIT
// System calls on what has a path in the tree of files, which nobody can change. Called through call.c.
#include "call.h"
#include "error.h"
#include <lib/string.h>
#include <memory/heap.h>

constexpr size_t PATH_MOST = 1024;
constexpr int32_t AT_DIRECTORY = -100; // in place of a file's number: the program's own directory
constexpr uint32_t AT_NO_FOLLOW = 0x100, AT_EMPTY_PATH = 0x1000;

constexpr uint32_t OPEN_ACCESS = 3, OPEN_CREATE = 0x40, OPEN_TRUNCATE = 0x200, OPEN_DIRECTORY = 0x1'0000,
                   OPEN_NO_FOLLOW = 0x2'0000, OPEN_CLOSED_ON_EXEC = 0x8'0000;

// ---- from a path to a node

static int64_t error_of_find(enum status status)
{
    if (status == STATUS_INVALID)
        return -ENOTDIR;
    if (status == STATUS_RANGE)
        return -ELOOP;
    return status == STATUS_OK ? 0 : -ENOENT;
}

// Where a relative path begins that is given with the number of a file.
static int64_t find_base(const struct program *self, uint64_t number, uint32_t *base)
{
    *base = self->directory;
    if ((int32_t)number == AT_DIRECTORY)
        return 0;
    const struct open_file *file = file_of(self, number);
    if (file == nullptr)
        return -EBADF;
    if (file->kind == OPEN_TERMINAL || process_tree.nodes[file->node].kind != FILE_DIRECTORY)
        return -ENOTDIR;
    *base = file->node;
    return 0;
}

static int64_t read_path(struct program *self, char path[static PATH_MOST], uint64_t from)
{
    enum status status = space_read_string(self, path, from, PATH_MOST);
    if (status == STATUS_RANGE)
        return -ENAMETOOLONG;
    return error_of_copy(status);
}

static int64_t find(struct program *self, uint64_t directory, uint64_t path_address, bool follows, uint32_t *node)
{
    char path[PATH_MOST];
    uint32_t base = self->directory;
    int64_t error = read_path(self, path, path_address);
    if (error == 0 && path[0] != '/')
        error = find_base(self, directory, &base);
    return error == 0 ? error_of_find(file_tree_find(&process_tree, base, path, follows, node)) : error;
}

// ---- open

static int64_t open_node(struct program *self, uint32_t node, uint32_t flags)
{
    struct open_file *file = kernel_heap_allocate(sizeof *file, 0);
    if (file == nullptr)
        return -ENOMEM;
    *file = (struct open_file){.kind = OPEN_NODE, .node = node, .flags = flags & ~OPEN_CLOSED_ON_EXEC};
    int64_t number = file_give_number(self, file, 0);
    if (number < 0)
        kernel_heap_free(file);
    else if (flags & OPEN_CLOSED_ON_EXEC)
        self->closed_on_exec |= 1ull << number;
    return number;
}

static int64_t open_path(struct program *self, uint64_t directory, uint64_t path_address, uint32_t flags)
{
    uint32_t node;
    int64_t error = find(self, directory, path_address, !(flags & OPEN_NO_FOLLOW), &node);
    if (error == -ENOENT && (flags & OPEN_CREATE))
        return -EROFS;
    if (error != 0)
        return error;
    enum file_kind kind = process_tree.nodes[node].kind;
    if (kind == FILE_LINK)
        return -ELOOP;
    if ((flags & OPEN_DIRECTORY) && kind != FILE_DIRECTORY)
        return -ENOTDIR;
    if ((flags & OPEN_ACCESS) != 0 || (flags & OPEN_TRUNCATE))
        return kind == FILE_DIRECTORY ? -EISDIR : -EROFS;
    return open_node(self, node, flags);
}

int64_t call_open(struct program *self, const struct trap_frame *call)
{
    return open_path(self, (uint64_t)AT_DIRECTORY, call->rdi, (uint32_t)call->rsi);
}

int64_t call_openat(struct program *self, const struct trap_frame *call)
{
    return open_path(self, call->rdi, call->rsi, (uint32_t)call->rdx);
}

// ---- stat

// As the ABI for x86-64 has it.
struct stat {
    uint64_t device, node, link_count;
    uint32_t mode, user, group, padding;
    uint64_t device_here, size_bytes, block_bytes, block_count;
    uint64_t accessed[2], modified[2], changed[2]; // seconds and nanoseconds
    uint64_t reserved[3];
};
static_assert(sizeof(struct stat) == 144);

constexpr uint32_t MODE_DIRECTORY = 0040000, MODE_REGULAR = 0100000, MODE_LINK = 0120000, MODE_CHARACTERS = 0020000;

static uint32_t mode_of(const struct file_node *node)
{
    uint32_t kind = node->kind == FILE_DIRECTORY ? MODE_DIRECTORY
                    : node->kind == FILE_REGULAR ? MODE_REGULAR
                                                 : MODE_LINK;
    return kind | node->permissions;
}

static int64_t write_stat_of_node(struct program *self, uint64_t to, uint32_t number)
{
    constexpr uint64_t BLOCK = 512;
    const struct file_node *node = &process_tree.nodes[number];
    struct stat stat = {
        .device = 1,
        .node = number + 1ull,
        .link_count = 1,
        .mode = mode_of(node),
        .user = node->owner,
        .group = node->group,
        .size_bytes = node->size_bytes,
        .block_bytes = PAGE_SIZE,
        .block_count = (node->size_bytes + BLOCK - 1) / BLOCK,
        .accessed = {node->modified_s},
        .modified = {node->modified_s},
        .changed = {node->modified_s},
    };
    enum status status = space_write(self, to, &stat, sizeof stat);
    return error_of_copy(status);
}

static int64_t write_stat_of_open(struct program *self, uint64_t to, const struct open_file *file)
{
    constexpr uint32_t READ_AND_WRITE = 0620;
    constexpr uint64_t CONSOLE = 5 << 8 | 1; // major and minor number
    if (file->kind == OPEN_NODE)
        return write_stat_of_node(self, to, file->node);
    struct stat stat = {.device = 2,
                        .node = 1,
                        .link_count = 1,
                        .mode = MODE_CHARACTERS | READ_AND_WRITE,
                        .device_here = CONSOLE,
                        .block_bytes = 1024};
    enum status status = space_write(self, to, &stat, sizeof stat);
    return error_of_copy(status);
}

static int64_t stat_path(struct program *self, uint64_t directory, uint64_t path_address, uint64_t to, bool follows)
{
    uint32_t node;
    int64_t error = find(self, directory, path_address, follows, &node);
    return error == 0 ? write_stat_of_node(self, to, node) : error;
}

int64_t call_stat(struct program *self, const struct trap_frame *call)
{
    return stat_path(self, (uint64_t)AT_DIRECTORY, call->rdi, call->rsi, true);
}

int64_t call_lstat(struct program *self, const struct trap_frame *call)
{
    return stat_path(self, (uint64_t)AT_DIRECTORY, call->rdi, call->rsi, false);
}

int64_t call_fstat(struct program *self, const struct trap_frame *call)
{
    const struct open_file *file = file_of(self, call->rdi);
    return file != nullptr ? write_stat_of_open(self, call->rsi, file) : -EBADF;
}

// An empty path stands for the file itself, if that is asked for.
int64_t call_newfstatat(struct program *self, const struct trap_frame *call)
{
    uint32_t flags = (uint32_t)call->r10;
    char first;
    enum status status = flags & AT_EMPTY_PATH ? space_read(self, &first, call->rsi, 1) : STATUS_RANGE;
    if (status == STATUS_INVALID || status == STATUS_NO_MEMORY)
        return error_of_copy(status);
    if (status != STATUS_OK || first != '\0')
        return stat_path(self, call->rdi, call->rsi, call->rdx, !(flags & AT_NO_FOLLOW));
    if ((int32_t)call->rdi == AT_DIRECTORY)
        return write_stat_of_node(self, call->rdx, self->directory);
    const struct open_file *file = file_of(self, call->rdi);
    return file != nullptr ? write_stat_of_open(self, call->rdx, file) : -EBADF;
}

// ---- the rest

// Programs are user 0, who may read everything and execute what somebody may.
static int64_t access_path(struct program *self, uint64_t directory, uint64_t path_address, uint32_t wanted)
{
    constexpr uint32_t TO_EXECUTE = 1, TO_WRITE = 2, ALL = 7;
    constexpr uint16_t EXECUTABLE = 0111;
    uint32_t node;
    if (wanted & ~ALL)
        return -EINVAL;
    int64_t error = find(self, directory, path_address, true, &node);
    if (error != 0)
        return error;
    if (wanted & TO_WRITE)
        return -EROFS;
    bool is_executable = process_tree.nodes[node].permissions & EXECUTABLE;
    return (wanted & TO_EXECUTE) && !is_executable ? -EACCES : 0;
}

int64_t call_access(struct program *self, const struct trap_frame *call)
{
    return access_path(self, (uint64_t)AT_DIRECTORY, call->rdi, (uint32_t)call->rsi);
}

int64_t call_faccessat(struct program *self, const struct trap_frame *call)
{
    return access_path(self, call->rdi, call->rsi, (uint32_t)call->rdx);
}

static int64_t read_link(struct program *self, uint64_t directory, uint64_t path_address, uint64_t to,
                         uint64_t size_bytes)
{
    uint32_t number;
    if ((int32_t)size_bytes <= 0)
        return -EINVAL;
    int64_t error = find(self, directory, path_address, false, &number);
    if (error != 0)
        return error;
    const struct file_node *node = &process_tree.nodes[number];
    if (node->kind != FILE_LINK)
        return -EINVAL;
    uint64_t count = node->size_bytes < size_bytes ? node->size_bytes : size_bytes;
    enum status status = space_write(self, to, node->bytes, count);
    return status == STATUS_OK ? (int64_t)count : error_of_copy(status);
}

int64_t call_readlink(struct program *self, const struct trap_frame *call)
{
    return read_link(self, (uint64_t)AT_DIRECTORY, call->rdi, call->rsi, call->rdx);
}

int64_t call_readlinkat(struct program *self, const struct trap_frame *call)
{
    return read_link(self, call->rdi, call->rsi, call->rdx, call->r10);
}

int64_t call_getcwd(struct program *self, const struct trap_frame *call)
{
    char path[PATH_MOST];
    if (file_tree_path(&process_tree, self->directory, path, sizeof path) != STATUS_OK)
        return -ENAMETOOLONG;
    size_t count = strlen(path) + 1;
    if (count > call->rsi)
        return -ERANGE;
    enum status status = space_write(self, call->rdi, path, count);
    return status == STATUS_OK ? (int64_t)count : error_of_copy(status);
}
