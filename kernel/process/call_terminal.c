// SPDX-License-Identifier: MIT
// What is peculiar to a terminal, which whoever started the program has given it. Called through call.c and by
// call_file.c.
#include "call.h"
#include "error.h"
#include <lib/string.h>

constexpr size_t PIECE_BYTES = 512; // on the stack

int64_t call_read_terminal(struct program *self, uint64_t to, uint64_t size_bytes)
{
    uint8_t piece[PIECE_BYTES];
    size_t count = 0;
    if (size_bytes == 0)
        return 0;
    enum status status = self->terminal->read(self->terminal->context, piece,
                                              size_bytes < sizeof piece ? size_bytes : sizeof piece, &count);
    if (status != STATUS_OK)
        return error_of_wait(status);
    status = space_write(self, to, piece, count);
    return status == STATUS_OK ? (int64_t)count : error_of_copy(status);
}

int64_t call_write_terminal(struct program *self, uint64_t from, uint64_t size_bytes)
{
    uint64_t done = 0;
    while (done < size_bytes) {
        uint8_t piece[PIECE_BYTES];
        size_t count = size_bytes - done < sizeof piece ? size_bytes - done : sizeof piece;
        enum status status = space_read(self, piece, from + done, count);
        if (status != STATUS_OK)
            return done > 0 ? (int64_t)done : error_of_copy(status);
        status = self->terminal->write(self->terminal->context, piece, count);
        if (status != STATUS_OK)
            return done > 0 ? (int64_t)done : error_of_wait(status);
        done += count;
        if (signals_due(&self->signals) != 0) // who is to end must not go on for megabytes
            return (int64_t)done;
    }
    return (int64_t)done;
}

// ---- ioctl

// The kernel's struct termios: four words of flags, and 20 bytes of which the first is the line discipline.
struct termios {
    uint32_t input, output, control, local;
    uint8_t discipline, characters[19];
};
static_assert(sizeof(struct termios) == TERMIOS_BYTES);

constexpr uint32_t LOCAL_SIGNALS = 1, LOCAL_CANONICAL = 2, LOCAL_ECHO = 8;

// What a terminal is before anybody has changed it: ICRNL; OPOST and ONLCR; 38400 baud, CS8 and CREAD; and the keys for
// interrupt, quit, erase, kill, end of file.
static const struct termios usual = {
    .input = 0x100,
    .output = 0x5,
    .control = 0xbf,
    .local = LOCAL_SIGNALS | LOCAL_CANONICAL | LOCAL_ECHO,
    .characters = {3, 0x1c, 0x7f, 0x15, 4, 0, 1},
};

static int64_t write_termios(struct program *self, uint64_t to)
{
    static const uint8_t untouched[TERMIOS_BYTES];
    const void *termios = memcmp(self->termios, untouched, TERMIOS_BYTES) != 0 ? (const void *)self->termios : &usual;
    enum status status = space_write(self, to, termios, TERMIOS_BYTES);
    return error_of_copy(status);
}

static int64_t read_termios(struct program *self, uint64_t from)
{
    struct termios termios;
    enum status status = space_read(self, &termios, from, sizeof termios);
    if (status != STATUS_OK)
        return error_of_copy(status);
    memcpy(self->termios, &termios, sizeof termios);
    struct program_terminal_mode mode = {
        .is_canonical = (termios.local & LOCAL_CANONICAL) != 0,
        .echoes = (termios.local & LOCAL_ECHO) != 0,
        .has_signals = (termios.local & LOCAL_SIGNALS) != 0,
    };
    if (self->terminal->set_mode != nullptr)
        self->terminal->set_mode(self->terminal->context, &mode);
    return 0;
}

static int64_t write_window(struct program *self, uint64_t to)
{
    uint16_t columns = 0, rows = 0;
    self->terminal->read_window(self->terminal->context, &columns, &rows);
    const uint16_t window[4] = {rows, columns};
    enum status status = space_write(self, to, window, sizeof window);
    return error_of_copy(status);
}

int64_t call_ioctl(struct program *self, const struct trap_frame *call)
{
    enum : uint32_t {
        GET_TERMIOS = 0x5401,
        SET_TERMIOS,
        SET_TERMIOS_DRAINED,
        SET_TERMIOS_FLUSHED,
        GET_WINDOW = 0x5413
    };
    const struct open_file *file = file_of(self, call->rdi);
    if (file == nullptr)
        return -EBADF;
    if (file->kind != OPEN_TERMINAL)
        return -ENOTTY;
    switch ((uint32_t)call->rsi) {
    case GET_TERMIOS:
        return write_termios(self, call->rdx);
    case SET_TERMIOS:
    case SET_TERMIOS_DRAINED:
    case SET_TERMIOS_FLUSHED:
        return read_termios(self, call->rdx);
    case GET_WINDOW:
        return write_window(self, call->rdx);
    default:
        return -ENOTTY;
    }
}
