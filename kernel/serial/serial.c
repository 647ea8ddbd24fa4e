// SPDX-License-Identifier: MIT
// The 16550 driver. Called by main and, through the sink that it registers, by log; must not know what text means
// beyond the line feed, nor how its interrupt comes to it.
//
// Everything that arrives goes through one ring, whoever takes it out of the UART: the interrupt, a polled read, or a
// write that finds it while it waits. The latter two close interrupts, so that the ring has one producer at a time.
// Nothing is taken out for which the ring has no room: the sender is asked to stop before, and what it has sent by then
// waits in the UART. The reader lets it go on.
#include <arch/cpu.h>
#include <arch/port.h>
#include <lib/byte_ring.h>
#include <lib/section.h>
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
constexpr uint16_t LINE_STATUS = 5; // reading it clears its error bits
constexpr uint16_t MODEM_STATUS = 6;
constexpr uint16_t SCRATCH = 7;

constexpr uint8_t LINE_CONTROL_8N1 = 0x03;
constexpr uint8_t LINE_CONTROL_DIVISOR = 0x80;
constexpr uint16_t DIVISOR_115200 = 1;        // 1.8432 MHz / 16 / 115200
constexpr uint8_t FIFO_CONTROL_ENABLE = 0x81; // receive trigger at 8 bytes, so 0.7 ms to come; the clear bits stay 0
constexpr uint8_t FIFO_IDENTIFIED = 0xc0;     // both bits set: a FIFO that works; the plain 16550's did not
constexpr uint8_t MODEM_CONTROL_READY = 0x0b; // DTR, RTS, and OUT2, which lets the interrupt line out on a PC
constexpr uint8_t MODEM_CONTROL_LOOP = 0x10;  // receives nothing but what it sends
constexpr uint8_t MODEM_CONTROL_STOP = 0x09;  // without RTS: the sender is to pause
constexpr uint8_t LINE_STATUS_RECEIVED = 1 << 0;
constexpr uint8_t LINE_STATUS_OVERRUN = 1 << 1;
constexpr uint8_t LINE_STATUS_HOLDING_EMPTY = 1 << 5;
constexpr uint8_t LINE_STATUS_SHIFT_EMPTY = 1 << 6;

constexpr uint8_t LINE_STATUS_ABSENT = 0xff; // nobody drives the bus: a UART that was pulled out
constexpr uint8_t INTERRUPT_ENABLE_RECEIVED = 1 << 0;

// What the interrupt identification register says of the cause, the most urgent one.
constexpr uint8_t IDENTIFICATION_NONE = 1 << 0;
constexpr uint8_t IDENTIFICATION_CAUSE = 0x0e;
constexpr uint8_t CAUSE_MODEM_STATUS = 0x00;
constexpr uint8_t CAUSE_TRANSMITTER_EMPTY = 0x02; // over when the register is read
constexpr uint8_t CAUSE_RECEIVED = 0x04;
constexpr uint8_t CAUSE_LINE_STATUS = 0x06;
constexpr uint8_t CAUSE_TIMEOUT = 0x0c; // fewer bytes than the trigger, and no more to come

constexpr unsigned FIFO_DEPTH = 16;
constexpr unsigned RECEIVE_LIMIT = FIFO_DEPTH + 1; // a full FIFO, and one byte more in the shift register
constexpr unsigned CAUSE_LIMIT = 4;                // a call of the interrupt handler; 68 bytes at most
constexpr unsigned INPUT_SIZE = 4096;              // 0.36 s at full speed
constexpr unsigned PAUSE_ROOM = 1024;              // what a sender may still have on its way when RTS falls
constexpr unsigned RESUME_ROOM = 2048;             // some way off, so that RTS does not flutter
// A read takes about 1 us on an ISA-timed bus, so this is about a second; 16 bytes take 1.4 ms.
constexpr unsigned WAIT_LIMIT = 1'000'000;

static uint8_t input_storage[INPUT_SIZE];

READ_ONLY_AFTER_INIT static struct {
    uint16_t port; // 0: no UART
    uint8_t fifo_depth;
} uart;

enum flow : uint8_t {
    FLOW_RUNS,
    FLOW_PAUSED,  // RTS is low; what comes all the same is taken
    FLOW_STOPPED, // the ring is full: the UART keeps the rest, and does not interrupt
};

static struct {
    bool is_stuck;
    bool is_interrupt_driven;
    bool is_mid_line; // of what was sent
    bool has_reported;
    _Atomic enum flow flow;         // written with interrupts closed
    _Atomic uint32_t overrun_count; // written by the interrupt and by what it interrupts
    _Atomic uint32_t pause_count;
    struct byte_ring input;
    serial_listener_fn *listener;
    void *listener_context;
} serial = {.input = BYTE_RING_INIT(input_storage)};

static uint8_t register_read(uint16_t offset)
{
    return port_read8((uint16_t)(uart.port + offset));
}

static void register_write(uint16_t offset, uint8_t value)
{
    port_write8((uint16_t)(uart.port + offset), value);
}

static uint8_t read_line_status(void)
{
    uint8_t status = register_read(LINE_STATUS);
    if (status != LINE_STATUS_ABSENT && (status & LINE_STATUS_OVERRUN))
        atomic_fetch_add_explicit(&serial.overrun_count, 1, memory_order_relaxed);
    return status;
}

static bool has_received(uint8_t line_status)
{
    return line_status != LINE_STATUS_ABSENT && (line_status & LINE_STATUS_RECEIVED);
}

static enum flow flow(void)
{
    return atomic_load_explicit(&serial.flow, memory_order_relaxed);
}

static void set_flow(enum flow flow)
{
    atomic_store_explicit(&serial.flow, flow, memory_order_relaxed);
}

static void open_interrupt(void)
{
    bool is_open = serial.is_interrupt_driven && flow() != FLOW_STOPPED;
    register_write(INTERRUPT_ENABLE, is_open ? INTERRUPT_ENABLE_RECEIVED : 0);
}

// Interrupts are closed; ROOM is what the ring has at least.
static void hold_back(uint32_t room)
{
    if (room < PAUSE_ROOM && flow() == FLOW_RUNS) {
        set_flow(FLOW_PAUSED);
        register_write(MODEM_CONTROL, MODEM_CONTROL_STOP);
        atomic_fetch_add_explicit(&serial.pause_count, 1, memory_order_relaxed);
    }
    if (room == 0 && flow() == FLOW_PAUSED) {
        set_flow(FLOW_STOPPED);
        open_interrupt();
    }
}

// Move what has arrived into the ring, as far as it has room. Returns the number of bytes.
static unsigned receive(void)
{
    uint64_t flags = cpu_interrupts_disable();
    uint32_t room = byte_ring_room(&serial.input); // a reader may make more meanwhile
    unsigned limit = room < RECEIVE_LIMIT && !HEWN_BREAK_SERIAL_FULL_RING ? room : RECEIVE_LIMIT;
    unsigned count = 0;
    while (count < limit && has_received(read_line_status())) {
        (void)byte_ring_push(&serial.input, register_read(DATA));
        count++;
    }
    hold_back(room - count);
    if (count != 0 && serial.listener != nullptr)
        serial.listener(serial.listener_context);
    cpu_interrupts_restore(flags);
    return count;
}

// What the UART has kept is taken first: a line that rises with it and falls when it is taken, before anybody has
// answered, would be a spurious interrupt.
static void let_in(void)
{
    uint64_t flags = cpu_interrupts_disable();
    set_flow(FLOW_RUNS);
    register_write(MODEM_CONTROL, MODEM_CONTROL_READY);
    (void)receive();
    open_interrupt();
    cpu_interrupts_restore(flags);
}

// A stuck UART gets one look instead of a wait, so that it costs next to nothing and is noticed when it recovers (a
// terminal that was paused, a cable that was plugged in again). Text goes out with interrupts closed, so what comes in
// meanwhile is taken here; each byte counts as a look, so that a flood of them does not make the wait longer.
static bool wait_for(uint8_t status_bit)
{
    unsigned limit = serial.is_stuck ? 1 : WAIT_LIMIT;
    for (unsigned i = 0; i < limit; i++) {
        uint8_t status = read_line_status();
        if (has_received(status))
            i += receive();
        if (status & status_bit) {
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

// That empties it, on real parts and in QEMU alike. So what has come is taken first, with the line disconnected: QEMU
// would fill the place of each byte at once with the next of those that wait behind it.
static void turn_fifo_on(void)
{
    constexpr unsigned TRIES = 4; // of a full FIFO each
    register_write(MODEM_CONTROL, MODEM_CONTROL_LOOP);
    for (unsigned i = 0; i < TRIES && receive() != 0; i++)
        ;
    register_write(FIFO_CONTROL, FIFO_CONTROL_ENABLE);
}

enum status serial_init(uint16_t port)
{
    uart.port = port;
    if (port == 0 || !scratch_holds(0x55) || !scratch_holds(0xaa)) {
        uart.port = 0;
        return STATUS_NOT_FOUND;
    }
    serial.is_interrupt_driven = false;
    set_flow(FLOW_RUNS);
    register_write(INTERRUPT_ENABLE, 0);
    serial_drain(); // the divisor must not change under a byte that is on its way out
    register_write(LINE_CONTROL, LINE_CONTROL_DIVISOR | LINE_CONTROL_8N1);
    register_write(DIVISOR_LOW, (uint8_t)DIVISOR_115200);
    register_write(DIVISOR_HIGH, (uint8_t)(DIVISOR_115200 >> 8));
    register_write(LINE_CONTROL, LINE_CONTROL_8N1);
    turn_fifo_on();
    register_write(MODEM_CONTROL, MODEM_CONTROL_READY);
    bool has_fifo = (register_read(INTERRUPT_IDENTIFICATION) & FIFO_IDENTIFIED) == FIFO_IDENTIFIED;
    uart.fifo_depth = has_fifo ? FIFO_DEPTH : 1;
    return STATUS_OK;
}

void serial_write(const char *text, size_t length)
{
    if (uart.port == 0 || length == 0)
        return;
    serial.is_mid_line = text[length - 1] != '\n';
    unsigned room = 0; // bytes that fit without another look at the line status
    bool has_sent_return = false;
    for (size_t i = 0; i < length;) {
        if (room == 0) {
            if (!wait_for(LINE_STATUS_HOLDING_EMPTY))
                return;
            room = uart.fifo_depth;
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
    if (uart.port != 0 && !serial.is_interrupt_driven)
        (void)receive();
    if (!byte_ring_pop(&serial.input, byte))
        return false;
    if (flow() != FLOW_RUNS && byte_ring_room(&serial.input) >= RESUME_ROOM)
        let_in();
    return true;
}

// ---- the interrupt

uint32_t serial_irq_line(void)
{
    switch (uart.port) {
    case 0x3f8: // COM1
    case 0x3e8: // COM3
        return 4;
    case 0x2f8: // COM2
    case 0x2e8: // COM4
        return 3;
    default:
        return SERIAL_IRQ_NONE;
    }
}

void serial_input_enable(void)
{
    if (uart.port == 0)
        return;
    uint64_t flags = cpu_interrupts_disable();
    serial.is_interrupt_driven = true;
    open_interrupt();
    cpu_interrupts_restore(flags);
}

void serial_set_listener(serial_listener_fn *listener, void *context)
{
    uint64_t flags = cpu_interrupts_disable();
    serial.listener = listener;
    serial.listener_context = context;
    cpu_interrupts_restore(flags);
}

static void deal_with(uint8_t cause)
{
    switch (cause) {
    case CAUSE_RECEIVED:
    case CAUSE_TIMEOUT:
        if (receive() == 0 && flow() != FLOW_STOPPED)
            (void)register_read(DATA); // a timeout without a byte, as DesignWare's UART raises it; only this ends it
        break;
    case CAUSE_LINE_STATUS: // this and the others are not enabled; should one be raised, it is ended
        (void)read_line_status();
        break;
    case CAUSE_MODEM_STATUS:
        (void)register_read(MODEM_STATUS);
        break;
    case CAUSE_TRANSMITTER_EMPTY:
    default:
        break;
    }
}

void serial_interrupt(void *)
{
    for (unsigned i = 0; i < CAUSE_LIMIT; i++) {
        uint8_t identification = register_read(INTERRUPT_IDENTIFICATION);
        if (identification & IDENTIFICATION_NONE) // so says a UART that is not there any more, too
            return;
        deal_with(identification & IDENTIFICATION_CAUSE);
    }
    // There is more, and the line has not been low since; but only its next rise is an interrupt.
    register_write(INTERRUPT_ENABLE, 0);
    open_interrupt();
}

struct serial_input_counters serial_read_input_counters(void)
{
    return (struct serial_input_counters){
        .pause_count = atomic_load_explicit(&serial.pause_count, memory_order_relaxed),
        .overrun_count = atomic_load_explicit(&serial.overrun_count, memory_order_relaxed),
    };
}

void serial_drain(void)
{
    if (uart.port != 0)
        (void)wait_for(LINE_STATUS_SHIFT_EMPTY);
}

static void sink_write(enum log_level, const char *text, size_t length)
{
    serial_write(text, length);
}

// A report begins in a row of its own: somebody may have been typing.
static void sink_write_emergency(enum log_level, const char *text, size_t length)
{
    if (serial.is_mid_line && !serial.has_reported)
        serial_write("\n", 1);
    serial.has_reported = true;
    serial_write(text, length);
    serial_drain();
}

void serial_attach_log(enum log_level level)
{
    static struct log_sink sink = {.write = sink_write, .write_emergency = sink_write_emergency};
    sink.level = level;
    log_sink_register(&sink);
}
