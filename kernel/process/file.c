// SPDX-License-Identifier: MIT
// What is open: numbers of a program, and the open files that they mean, which several numbers may share. Called by
// system calls; must not know what is read from where.
#include "error.h"
#include "parts.h"
#include <memory/heap.h>

constexpr uint32_t OPEN_READ_WRITE = 2;

enum status file_open_terminal(struct program *self)
{
    struct open_file *file = kernel_heap_allocate(sizeof *file, 0);
    if (file == nullptr)
        return STATUS_NO_MEMORY;
    *file = (struct open_file){.kind = OPEN_TERMINAL, .references = 3, .flags = OPEN_READ_WRITE};
    for (unsigned i = 0; i < file->references; i++)
        self->files[i] = file;
    return STATUS_OK;
}

// A number is 32 bits wide, and programs pass -1.
struct open_file *file_of(const struct program *self, uint64_t number)
{
    uint32_t index = (uint32_t)number;
    if (HEWN_BREAK_SIGNED_INDEX ? (int32_t)index >= (int32_t)FILES_MOST : index >= FILES_MOST)
        return nullptr;
    return self->files[HEWN_BREAK_SIGNED_INDEX ? (int64_t)(int32_t)index : (int64_t)index];
}

int64_t file_give_number(struct program *self, struct open_file *file, uint64_t least)
{
    for (uint64_t i = least; i < FILES_MOST; i++) {
        if (self->files[i] == nullptr) {
            self->files[i] = file;
            self->closed_on_exec &= ~(1ull << i);
            file->references++;
            return (int64_t)i;
        }
    }
    return least < FILES_MOST ? -EMFILE : -EINVAL;
}

int64_t file_close(struct program *self, uint64_t number)
{
    struct open_file *file = file_of(self, number);
    if (file == nullptr)
        return -EBADF;
    self->files[(uint32_t)number] = nullptr;
    if (--file->references == 0)
        kernel_heap_free(file);
    return 0;
}

void file_close_all(struct program *self)
{
    for (uint64_t i = 0; i < FILES_MOST; i++)
        (void)file_close(self, i);
}
