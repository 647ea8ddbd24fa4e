// SPDX-License-Identifier: MIT
// The keyboard itself: its reset and its settings, the way of its bytes from the interrupt to the decoder, its lights.
// Called by main; must not know who reads the events.
//
// The interrupt handler is the ring's producer. A reader that finds nothing takes its part with interrupts closed, in
// case an edge got lost: then a byte waits in the controller, and no other edge comes before it is taken.
//
// Where bytes found no room in the ring, the byte by which a keyboard says the same of its own buffer takes their
// place, so that the decoder releases all keys there: before it reads what came later, and not earlier.
#include "i8042.h"
#include <arch/cpu.h>
#include <interrupt/irq.h>
#include <keyboard/keyboard.h>
#include <lib/byte_ring.h>
#include <lib/format.h>
#include <lib/string.h>
#include <lights/lights.h>
#include <log/log.h>

constexpr uint32_t KEYBOARD_LINE = 1;
constexpr unsigned HANDLER_LIMIT = 16; // bytes a call; each one that follows raises the line again
constexpr unsigned RING_SIZE = 512;    // 8 s of an arrow key that is held

// Commands of the keyboard and its answers (IBM PS/2 Hardware Interface Technical Reference, "Keyboards").
constexpr uint8_t COMMAND_RESET = 0xff;
constexpr uint8_t COMMAND_ENABLE = 0xf4;
constexpr uint8_t COMMAND_SET_TYPEMATIC = 0xf3;
constexpr uint8_t COMMAND_SET_CODES = 0xf0;
constexpr uint8_t TYPEMATIC_500_MS_30_HZ = 0x20;
constexpr uint8_t ANSWER_ACKNOWLEDGE = 0xfa;
constexpr uint8_t ANSWER_RESEND = 0xfe;
constexpr uint8_t ANSWER_TEST_PASSED = 0xaa;
constexpr uint8_t ANSWER_TEST_FAILED = 0xfc;
constexpr uint8_t BYTE_OVERRUN = 0xff;

constexpr unsigned ACKNOWLEDGE_LIMIT_MS = 200;
constexpr unsigned RESET_LIMIT_MS = 1000; // a keyboard's own test takes 0.3 to 0.9 s
constexpr unsigned COMMAND_TRIES = 3;
constexpr unsigned OTHER_BYTE_LIMIT = 32; // keys that were on their way when it was asked

static uint8_t ring_storage[RING_SIZE];
static struct byte_ring ring = BYTE_RING_INIT(ring_storage);
static bool has_gap; // at the ring's end; the producer's

static struct {
    keyboard_listener_fn *function;
    void *context;
} listener;

static struct {
    bool is_present;
    struct scancode_decoder decoder;
    struct lights lights;
} keyboard;

// ---- bytes

// Each byte that is not kept is counted once: as itself, or by the mark that finds no room before it.
static void keep(uint8_t byte)
{
    if (has_gap && !byte_ring_push(&ring, BYTE_OVERRUN))
        return;
    has_gap = !byte_ring_push(&ring, byte);
}

static unsigned take_bytes(void)
{
    unsigned count = 0;
    uint8_t byte;
    bool is_key;
    while (count < HANDLER_LIMIT && i8042_take(&byte, &is_key)) {
        if (is_key)
            keep(byte);
        count++;
    }
    return count;
}

static void keyboard_irq(void *)
{
    (void)take_bytes();
    if (listener.function != nullptr)
        listener.function(listener.context);
}

// With interrupts closed. After a loss nothing may follow; then the gap is all there is.
static bool take_stranded_byte(uint8_t *byte)
{
    (void)take_bytes();
    if (byte_ring_pop(&ring, byte))
        return true;
    *byte = BYTE_OVERRUN;
    bool is_gap = has_gap;
    has_gap = false;
    return is_gap;
}

static bool next_byte(uint8_t *byte)
{
    if (byte_ring_pop(&ring, byte))
        return true;
    uint64_t flags = cpu_interrupts_disable();
    bool has_byte = take_stranded_byte(byte);
    cpu_interrupts_restore(flags);
    return has_byte;
}

// ---- setting up

// Wait for an answer; keys that come before it are dropped, because nobody has asked for them yet.
static enum status wait_for_answer(uint8_t *answer)
{
    for (unsigned i = 0; i < OTHER_BYTE_LIMIT; i++) {
        enum status status = i8042_receive(ACKNOWLEDGE_LIMIT_MS, answer);
        if (status != STATUS_OK || *answer == ANSWER_ACKNOWLEDGE || *answer == ANSWER_RESEND)
            return status;
    }
    return STATUS_TIMEOUT;
}

// STATUS_IO: the keyboard refuses. STATUS_TIMEOUT: nobody answers.
static enum status command(uint8_t byte)
{
    for (unsigned i = 0; i < COMMAND_TRIES; i++) {
        uint8_t answer;
        enum status status = i8042_send(byte);
        if (status == STATUS_OK)
            status = wait_for_answer(&answer);
        if (status != STATUS_OK)
            return status;
        if (answer == ANSWER_ACKNOWLEDGE)
            return STATUS_OK;
    }
    return STATUS_IO;
}

static enum status command_with_value(uint8_t byte, uint8_t value)
{
    enum status status = command(byte);
    return status == STATUS_OK ? command(value) : status;
}

static enum status reset(void)
{
    enum status status = command(COMMAND_RESET);
    for (unsigned i = 0; i < OTHER_BYTE_LIMIT && status == STATUS_OK; i++) {
        uint8_t answer;
        status = i8042_receive(RESET_LIMIT_MS, &answer);
        if (status == STATUS_OK && answer == ANSWER_TEST_PASSED)
            return STATUS_OK;
        if (status == STATUS_OK && answer == ANSWER_TEST_FAILED)
            return STATUS_IO;
    }
    return status == STATUS_OK ? STATUS_TIMEOUT : status;
}

// Keyboards that are played by firmware refuse what they cannot do; they have the right settings already.
static void set_preferences(bool is_translating)
{
    uint8_t code_set = is_translating ? 2 : 1;
    if (command_with_value(COMMAND_SET_CODES, code_set) != STATUS_OK)
        log_warning("keyboard", "it does not take scancode set %u; trying on", code_set);
    if (command_with_value(COMMAND_SET_TYPEMATIC, TYPEMATIC_500_MS_30_HZ) != STATUS_OK)
        log_debug("keyboard", "it does not take a rate of repetition");
}

// Nothing that is typed from here on is lost: the handler is there before the first key can come.
static enum status start(void)
{
    enum status status = irq_register(KEYBOARD_LINE, keyboard_irq, nullptr);
    if (status != STATUS_OK) {
        log_error("keyboard", "line %u cannot be had (%d): nothing can be typed", KEYBOARD_LINE, (int)status);
        return status;
    }
    status = command(COMMAND_ENABLE);
    if (status == STATUS_OK)
        status = i8042_enable_interrupt();
    if (status != STATUS_OK)
        irq_unregister(KEYBOARD_LINE);
    return status;
}

// ---- the layout

static void list_layouts(char *text, size_t size_bytes)
{
    size_t length = 0;
    for (size_t i = 0; scancode_layout_name(i) != nullptr && length < size_bytes; i++)
        length += format_string(text + length, size_bytes - length, i == 0 ? "%s" : ", %s", scancode_layout_name(i));
}

static const char *choose_layout(const char *name)
{
    const char *fallback = scancode_layout_name(0);
    if (name == nullptr)
        return fallback;
    if (scancode_layout_find(name) != nullptr)
        return name;
    char known[80];
    list_layouts(known, sizeof known);
    log_error("keyboard", "keyboard=%s is not known; keyboard=%s it is. Known: %s", name, fallback, known);
    return fallback;
}

// ---- contract

static enum status find_controller(bool is_said_to_be_absent, bool *is_translating)
{
    enum status status = i8042_init(is_translating);
    const char *word = is_said_to_be_absent ? ", as the firmware says" : "";
    if (status == STATUS_NOT_FOUND)
        log_info("keyboard", "there is no i8042 controller%s", word);
    else if (status != STATUS_OK)
        log_warning("keyboard", "what is at the i8042's ports does not answer%s", word);
    return status == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status find_keyboard(bool is_translating)
{
    enum status status = reset();
    if (status == STATUS_IO)
        log_warning("keyboard", "the keyboard fails its own test");
    else if (status != STATUS_OK)
        log_info("keyboard", "an i8042, but no keyboard behind it");
    if (status != STATUS_OK)
        return STATUS_NOT_FOUND;
    set_preferences(is_translating);
    status = start();
    if (status == STATUS_IO || status == STATUS_TIMEOUT)
        log_warning("keyboard", "the keyboard stopped answering");
    return status == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status keyboard_init(const char *layout_name, bool is_said_to_be_absent)
{
    const char *layout = choose_layout(layout_name);
    keyboard.is_present = false;
    keyboard.lights = (struct lights){};
    scancode_decoder_init(&keyboard.decoder, scancode_layout_find(layout));
    bool is_translating;
    enum status status = find_controller(is_said_to_be_absent, &is_translating);
    if (status == STATUS_OK)
        status = find_keyboard(is_translating);
    if (status != STATUS_OK)
        return status;
    keyboard.is_present = true;
    log_info("keyboard", "PS/2 keyboard, layout %s%s", layout, is_translating ? "" : ", without translation");
    return STATUS_OK;
}

bool keyboard_is_present(void)
{
    return keyboard.is_present;
}

const char *keyboard_layout(void)
{
    return scancode_name_of(keyboard.decoder.layout);
}

enum status keyboard_set_layout(const char *name)
{
    const struct scancode_layout *layout = scancode_layout_find(name);
    if (layout == nullptr)
        return STATUS_NOT_FOUND;
    scancode_set_layout(&keyboard.decoder, layout);
    return STATUS_OK;
}

static void drive_lights(void)
{
    uint8_t modifiers = scancode_modifiers(&keyboard.decoder);
    uint8_t wanted = 0;
    if (modifiers & KEY_MODIFIER_SCROLL_LOCK)
        wanted |= LIGHT_SCROLL_LOCK;
    if (modifiers & KEY_MODIFIER_NUM_LOCK)
        wanted |= LIGHT_NUM_LOCK;
    if (modifiers & KEY_MODIFIER_CAPS_LOCK)
        wanted |= LIGHT_CAPS_LOCK;
    uint8_t byte;
    if (lights_next_byte(&keyboard.lights, wanted, &byte) && i8042_try_send(byte))
        lights_sent(&keyboard.lights);
}

bool keyboard_read(struct key_event *event)
{
    if (!keyboard.is_present)
        return false;
    bool has_event;
    uint8_t byte;
    while (!(has_event = scancode_next_event(&keyboard.decoder, event)) && next_byte(&byte)) {
        if (!lights_take_answer(&keyboard.lights, byte))
            scancode_feed(&keyboard.decoder, byte);
    }
    drive_lights();
    return has_event;
}

void keyboard_set_listener(keyboard_listener_fn *function, void *context)
{
    uint64_t flags = cpu_interrupts_disable();
    listener.function = function;
    listener.context = context;
    cpu_interrupts_restore(flags);
}

uint32_t keyboard_lost_count(void)
{
    return atomic_load_explicit(&ring.lost, memory_order_relaxed);
}
