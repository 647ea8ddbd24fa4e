// SPDX-License-Identifier: MIT
// The 16550 driver. Called by main and, through the sink that it registers, by log; must not know what text means
// beyond the line feed.
#include <arch/port.h>
#include <serial/serial.h>

// Registers by offset from the base port (PC16550D, table II).
constexpr uint16_t DATA = 0;
constexpr uint16_t DIVISOR_LOW = 0; // while LINE_CONTROL_DIVISOR is set
constexpr uint16_t DIVISOR_HIGH = 1;
constexpr uint16_t INTERRUPT_ENABLE = 1;
constexpr uint16_t INTERRUPT_IDENTIFICATION = 2; // read
constexpr uint16_t FIFO_CONTROL = 2;             // write
constexpr uint16_t LINE_CONTROL = 3;
constexpr uint16_t MODEM_CONTROL = 4;
constexpr uint16_t LINE_STATUS = 5;
constexpr uint16_t SCRATCH = 7;

constexpr uint8_t LINE_CONTROL_8N1 = 0x03;
constexpr uint8_t LINE_CONTROL_DIVISOR = 0x80;
constexpr uint16_t DIVISOR_115200 = 1;        // 1.8432 MHz / 16 / 115200
constexpr uint8_t FIFO_CONTROL_ENABLE = 0xc1; // receive trigger at 14 bytes; the clear bits stay 0
constexpr uint8_t FIFO_IDENTIFIED = 0xc0;     // both bits set: a FIFO that works; the plain 16550's did not
constexpr uint8_t MODEM_CONTROL_READY = 0x0b; // DTR, RTS, and OUT2, which lets the interrupt line out on a PC
constexpr uint8_t LINE_STATUS_RECEIVED = 1 << 0;
constexpr uint8_t LINE_STATUS_HOLDING_EMPTY = 1 << 5;
constexpr uint8_t LINE_STATUS_SHIFT_EMPTY = 1 << 6;

constexpr unsigned FIFO_DEPTH = 16;
// A read takes about 1 us on an ISA-timed bus, so this is about a second; 16 bytes take 1.4 ms.
constexpr unsigned WAIT_LIMIT = 1'000'000;

static struct {
    uint16_t port; // 0: no UART
    bool is_stuck;
    uint8_t fifo_depth;
    uint8_t early_count, early_next;
    uint8_t early[FIFO_DEPTH + 1]; // a full FIFO, and one byte more in the shift register
} serial;

static uint8_t register_read(uint16_t offset)
{
    return port_read8((uint16_t)(serial.port + offset));
}

static void register_write(uint16_t offset, uint8_t value)
{
    port_write8((uint16_t)(serial.port + offset), value);
}

// A stuck UART gets one look instead of a wait, so that it costs next to nothing and is noticed when it recovers (a
// terminal that was paused, a cable that was plugged in again).
static bool wait_for(uint8_t status_bit)
{
    unsigned limit = serial.is_stuck ? 1 : WAIT_LIMIT;
    for (unsigned i = 0; i < limit; i++) {
        if (register_read(LINE_STATUS) & status_bit) {
            serial.is_stuck = false;
            return true;
        }
    }
    serial.is_stuck = true;
    return false;
}

static bool scratch_holds(uint8_t value)
{
    register_write(SCRATCH, value);
    return register_read(SCRATCH) == value;
}

// Turning the FIFO on or off empties it, on real parts and in QEMU alike; so what has arrived is taken out first.
static void keep_early_bytes(void)
{
    while (serial.early_count < sizeof serial.early && (register_read(LINE_STATUS) & LINE_STATUS_RECEIVED))
        serial.early[serial.early_count++] = register_read(DATA);
}

enum status serial_init(uint16_t port)
{
    serial.port = port;
    if (port == 0 || !scratch_holds(0x55) || !scratch_holds(0xaa)) {
        serial.port = 0;
        return STATUS_NOT_FOUND;
    }
    register_write(INTERRUPT_ENABLE, 0);
    serial_drain(); // the divisor must not change under a byte that is on its way out
    register_write(LINE_CONTROL, LINE_CONTROL_DIVISOR | LINE_CONTROL_8N1);
    register_write(DIVISOR_LOW, (uint8_t)DIVISOR_115200);
    register_write(DIVISOR_HIGH, (uint8_t)(DIVISOR_115200 >> 8));
    register_write(LINE_CONTROL, LINE_CONTROL_8N1);
    register_write(MODEM_CONTROL, MODEM_CONTROL_READY);
    keep_early_bytes();
    register_write(FIFO_CONTROL, FIFO_CONTROL_ENABLE);
    bool has_fifo = (register_read(INTERRUPT_IDENTIFICATION) & FIFO_IDENTIFIED) == FIFO_IDENTIFIED;
    serial.fifo_depth = has_fifo ? FIFO_DEPTH : 1;
    return STATUS_OK;
}

void serial_write(const char *text, size_t length)
{
    if (serial.port == 0)
        return;
    unsigned room = 0; // bytes that fit without another look at the line status
    bool has_sent_return = false;
    for (size_t i = 0; i < length;) {
        if (room == 0) {
            if (!wait_for(LINE_STATUS_HOLDING_EMPTY))
                return;
            room = serial.fifo_depth;
        }
        room--;
        if (text[i] == '\n' && !has_sent_return) {
            register_write(DATA, '\r');
            has_sent_return = true;
            continue;
        }
        register_write(DATA, (uint8_t)text[i]);
        has_sent_return = false;
        i++;
    }
}

bool serial_read(uint8_t *byte)
{
    if (serial.early_next < serial.early_count) {
        *byte = serial.early[serial.early_next++];
        return true;
    }
    if (serial.port == 0 || !(register_read(LINE_STATUS) & LINE_STATUS_RECEIVED))
        return false;
    *byte = register_read(DATA);
    return true;
}

void serial_drain(void)
{
    if (serial.port != 0)
        (void)wait_for(LINE_STATUS_SHIFT_EMPTY);
}

static void sink_write(enum log_level, const char *text, size_t length)
{
    serial_write(text, length);
}

static void sink_write_emergency(enum log_level, const char *text, size_t length)
{
    serial_write(text, length);
    serial_drain();
}

void serial_attach_log(enum log_level level)
{
    static struct log_sink sink = {.write = sink_write, .write_emergency = sink_write_emergency};
    sink.level = level;
    log_sink_register(&sink);
}
