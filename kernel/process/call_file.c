// SPDX-License-Identifier: MIT
// System calls on what is open. Called through call.c; a terminal's bytes are call_terminal.c's.
#include "call.h"
#include "error.h"
#include <lib/string.h>
#include <stdckdint.h>

constexpr uint64_t COPY_MOST = 0x7fff'f000; // that one call copies

static const struct file_node *node_of(const struct open_file *file)
{
    return &process_tree.nodes[file->node];
}

// ---- reading and writing

// Copy what the regular file has from POSITION on.
static int64_t read_node(struct program *self, const struct open_file *file, uint64_t position, uint64_t to,
                         uint64_t size_bytes)
{
    const struct file_node *node = node_of(file);
    if (node->kind == FILE_DIRECTORY)
        return -EISDIR;
    if (position >= node->size_bytes)
        return 0;
    uint64_t left = node->size_bytes - position, count = size_bytes < left ? size_bytes : left;
    enum status status = space_write(self, to, node->bytes + position, count);
    return status == STATUS_OK ? (int64_t)count : error_of_copy(status);
}

static int64_t read_some(struct program *self, struct open_file *file, uint64_t to, uint64_t size_bytes)
{
    size_bytes = size_bytes < COPY_MOST ? size_bytes : COPY_MOST;
    if (file->kind == OPEN_TERMINAL)
        return call_read_terminal(self, to, size_bytes);
    int64_t count = read_node(self, file, file->position, to, size_bytes);
    if (count > 0)
        file->position += (uint64_t)count;
    return count;
}

// Nothing but a terminal is open for writing.
static int64_t write_some(struct program *self, const struct open_file *file, uint64_t from, uint64_t size_bytes)
{
    if (file->kind != OPEN_TERMINAL)
        return -EBADF;
    return call_write_terminal(self, from, size_bytes < COPY_MOST ? size_bytes : COPY_MOST);
}

int64_t call_read(struct program *self, const struct trap_frame *call)
{
    struct open_file *file = file_of(self, call->rdi);
    return file != nullptr ? read_some(self, file, call->rsi, call->rdx) : -EBADF;
}

int64_t call_write(struct program *self, const struct trap_frame *call)
{
    const struct open_file *file = file_of(self, call->rdi);
    return file != nullptr ? write_some(self, file, call->rsi, call->rdx) : -EBADF;
}

int64_t call_pread64(struct program *self, const struct trap_frame *call)
{
    const struct open_file *file = file_of(self, call->rdi);
    if (file == nullptr)
        return -EBADF;
    if (file->kind == OPEN_TERMINAL)
        return -ESPIPE;
    if (call->r10 > INT64_MAX)
        return -EINVAL;
    return read_node(self, file, call->r10, call->rsi, call->rdx < COPY_MOST ? call->rdx : COPY_MOST);
}

// One piece after the other, up to the first that is not done whole. What has been done counts.
static int64_t do_pieces(struct program *self, const struct trap_frame *call, bool writes)
{
    constexpr uint64_t PIECES_MOST = 1024;
    struct {
        uint64_t address, size_bytes;
    } piece;
    struct open_file *file = file_of(self, call->rdi);
    int64_t total = 0;
    if (file == nullptr)
        return -EBADF;
    if (call->rdx > PIECES_MOST)
        return -EINVAL;
    for (uint64_t i = 0; i < call->rdx; i++) {
        enum status status = space_read(self, &piece, call->rsi + i * sizeof piece, sizeof piece);
        if (status == STATUS_OK && piece.size_bytes == 0)
            continue;
        int64_t count = status != STATUS_OK ? error_of_copy(status)
                        : writes            ? write_some(self, file, piece.address, piece.size_bytes)
                                            : read_some(self, file, piece.address, piece.size_bytes);
        if (count < 0)
            return total > 0 ? total : count;
        if (ckd_add(&total, total, count))
            return -EINVAL;
        if ((uint64_t)count < piece.size_bytes)
            break;
    }
    return total;
}

int64_t call_readv(struct program *self, const struct trap_frame *call)
{
    return do_pieces(self, call, false);
}

int64_t call_writev(struct program *self, const struct trap_frame *call)
{
    return do_pieces(self, call, true);
}

// ---- position

int64_t call_lseek(struct program *self, const struct trap_frame *call)
{
    enum : uint32_t {
        FROM_START,
        FROM_HERE,
        FROM_END
    };
    struct open_file *file = file_of(self, call->rdi);
    if (file == nullptr)
        return -EBADF;
    if (file->kind == OPEN_TERMINAL)
        return -ESPIPE;
    int64_t base = 0, position;
    switch ((uint32_t)call->rdx) {
    case FROM_START:
        break;
    case FROM_HERE:
        base = (int64_t)file->position;
        break;
    case FROM_END:
        base = (int64_t)node_of(file)->size_bytes;
        break;
    default:
        return -EINVAL;
    }
    if (ckd_add(&position, base, (int64_t)call->rsi) || position < 0)
        return -EINVAL;
    file->position = (uint64_t)position;
    return position;
}

// ---- directories

struct [[gnu::packed]] directory_entry {
    uint64_t number;
    int64_t next_position;
    uint16_t size_bytes; // with the name, a multiple of 8
    uint8_t kind;
};
constexpr size_t ENTRY_MOST = 280; // with a name of 255 bytes and its end

static uint8_t entry_kind_of(enum file_kind kind)
{
    constexpr uint8_t DIRECTORY = 4, REGULAR = 8, LINK = 10;
    return kind == FILE_DIRECTORY ? DIRECTORY : kind == FILE_REGULAR ? REGULAR : LINK;
}

// The entry at POSITION: the directory itself, the one above, and then what is in it. FILE_NONE: there is none.
static uint32_t entry_at(uint32_t directory, uint64_t position)
{
    if (position == 0)
        return directory;
    if (position == 1)
        return process_tree.nodes[directory].parent;
    uint32_t child = process_tree.nodes[directory].first_child;
    for (uint64_t i = 2; i < position && child != FILE_NONE; i++)
        child = process_tree.nodes[child].next_sibling;
    return child;
}

// Returns how many bytes of BUFFER it takes.
static size_t write_entry(uint8_t buffer[static ENTRY_MOST], uint32_t number, uint64_t position)
{
    const struct file_node *node = &process_tree.nodes[number];
    const char *name = position < 2 ? &".."[1 - position] : node->name;
    size_t length = position < 2 ? 1 + position : node->name_length;
    size_t size_bytes = (sizeof(struct directory_entry) + length + 1 + 7) & -8ull;
    struct directory_entry entry = {number + 1ull, (int64_t)position + 1, (uint16_t)size_bytes,
                                    entry_kind_of(node->kind)};
    memset(buffer, 0, size_bytes);
    memcpy(buffer, &entry, sizeof entry);
    memcpy(buffer + sizeof entry, name, length);
    return size_bytes;
}

int64_t call_getdents64(struct program *self, const struct trap_frame *call)
{
    struct open_file *file = file_of(self, call->rdi);
    if (file == nullptr)
        return -EBADF;
    if (file->kind == OPEN_TERMINAL || node_of(file)->kind != FILE_DIRECTORY)
        return -ENOTDIR;
    uint32_t room = (uint32_t)call->rdx, done = 0, number;
    while ((number = entry_at(file->node, file->position)) != FILE_NONE) {
        uint8_t buffer[ENTRY_MOST];
        size_t size_bytes = write_entry(buffer, number, file->position);
        if (size_bytes > room - done)
            return done > 0 ? (int64_t)done : -EINVAL;
        enum status status = space_write(self, call->rsi + done, buffer, size_bytes);
        if (status != STATUS_OK)
            return done > 0 ? (int64_t)done : error_of_copy(status);
        done += (uint32_t)size_bytes;
        file->position++;
    }
    return done;
}

// ---- numbers

int64_t call_close(struct program *self, const struct trap_frame *call)
{
    return file_close(self, call->rdi);
}

int64_t call_dup(struct program *self, const struct trap_frame *call)
{
    struct open_file *file = file_of(self, call->rdi);
    return file != nullptr ? file_give_number(self, file, 0) : -EBADF;
}

int64_t call_dup2(struct program *self, const struct trap_frame *call)
{
    struct open_file *file = file_of(self, call->rdi);
    uint32_t wanted = (uint32_t)call->rsi;
    if (file == nullptr || wanted >= FILES_MOST)
        return -EBADF;
    if (wanted == (uint32_t)call->rdi)
        return wanted;
    (void)file_close(self, wanted);
    return file_give_number(self, file, wanted);
}

int64_t call_fcntl(struct program *self, const struct trap_frame *call)
{
    enum : uint32_t {
        DUPLICATE = 0,
        GET_OWN_FLAGS = 1,
        SET_OWN_FLAGS = 2,
        GET_FLAGS = 3,
        SET_FLAGS = 4,
        DUPLICATE_CLOSED_ON_EXEC = 1030
    };
    struct open_file *file = file_of(self, call->rdi);
    if (file == nullptr)
        return -EBADF;
    uint64_t bit = 1ull << (uint32_t)call->rdi;
    switch ((uint32_t)call->rsi) {
    case DUPLICATE:
    case DUPLICATE_CLOSED_ON_EXEC: {
        int64_t number = file_give_number(self, file, (uint32_t)call->rdx);
        if (number >= 0 && (uint32_t)call->rsi == DUPLICATE_CLOSED_ON_EXEC)
            self->closed_on_exec |= 1ull << number;
        return number;
    }
    case GET_OWN_FLAGS:
        return (self->closed_on_exec & bit) != 0;
    case SET_OWN_FLAGS:
        self->closed_on_exec = (self->closed_on_exec & ~bit) | (call->rdx & 1 ? bit : 0);
        return 0;
    case GET_FLAGS:
        return file->flags;
    case SET_FLAGS: // of those that could be set, none means anything here
        return 0;
    default:
        return -EINVAL;
    }
}
