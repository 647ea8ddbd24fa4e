// SPDX-License-Identifier: MIT
// One serial port with a 16550 or a relative of it, 115200 baud 8N1. Sends by polling; receives by polling and, once
// serial_input_enable() was called, by interrupt, into a ring of 4 KiB. Where a reader is slower than the sender, RTS
// asks it to pause when three quarters of the ring are full, and a full ring takes nothing more out of the UART:
// whoever sends with flow control, or through an emulator, loses nothing. When half the ring is free, it goes on. Owns
// the UART's registers; knows nothing of who talks at the other end. Exported names start with serial_. Before
// serial_init() succeeds, and without a UART, writes are dropped and reads find nothing. No function waits without a
// bound: a UART that stops sending is marked stuck after about a second, from then on text is dropped until it sends
// again.
//
// One writer and one reader, which may be different ones. serial_write() may be interrupted by another serial_write()
// that never returns to it (the emergency path): texts mix, nothing breaks. Source of the register facts: PC16550D data
// sheet, section 8.
#pragma once
#include <lib/status.h>
#include <log/log.h>
#include <stddef.h>
#include <stdint.h>

// Probe the UART at I/O port PORT (0: none) and set it up. Bytes that it has already received are kept for
// serial_read(). STATUS_NOT_FOUND when its scratch register does not hold what is written.
[[nodiscard]] enum status serial_init(uint16_t port);

// Send TEXT; each line feed goes out as CR LF. O(length), waiting for the line when the transmit FIFO is full.
void serial_write(const char *text, size_t length);

// Take one received byte, if there is one, and let a paused sender go on when that makes enough room. Does not wait.
[[nodiscard]] bool serial_read(uint8_t *byte);

// To be run at each interrupt of the UART, with interrupts closed: an irq_handler_fn. Takes at most 68 bytes; if there
// are more, it makes the line rise again. CONTEXT is not used.
void serial_interrupt(void *context);

// The ISA line on which the UART interrupts; SERIAL_IRQ_NONE, a line that no controller has, when there is no UART or
// its port is none of a PC's four. Known from serial_init() on.
constexpr uint32_t SERIAL_IRQ_NONE = UINT32_MAX;
[[nodiscard]] uint32_t serial_irq_line(void);

// Receive by interrupt from here on. After serial_interrupt() was registered; bytes that came before keep their place.
void serial_input_enable(void);

// Call LISTENER(CONTEXT) whenever bytes have arrived: with interrupts closed, from any context that serial_interrupt(),
// serial_read() or serial_write() runs in. It must not call this module. nullptr: nobody.
typedef void serial_listener_fn(void *context);
void serial_set_listener(serial_listener_fn *listener, void *context);

struct serial_input_counters {
    uint32_t pause_count;   // how often the sender was asked to pause
    uint32_t overrun_count; // bytes came while the UART's FIFO was full; at least one was lost each time
};
[[nodiscard]] struct serial_input_counters serial_read_input_counters(void);

// Wait until the last bit has left the UART: before anything that ends the machine.
void serial_drain(void);

// Send the log from LEVEL upwards here, beginning with what the log still holds. Once, after serial_init().
void serial_attach_log(enum log_level level);
