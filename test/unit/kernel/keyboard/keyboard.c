// SPDX-License-Identifier: MIT
// kernel/keyboard against controllers and keyboards that QEMU does not have: silent, slow, broken, forgetful,
// talkative. The test plays the i8042's two ports, the keyboard behind them and the interrupt line. A look at the
// status is the unit of time; each case has a limit of them.
#include <arch/cpu.h>
#include <arch/port.h>
#include <interrupt/irq.h>
#include <keyboard/keyboard.h>
#include <log/log.h>
#include <stdio.h>
#include <support/unit.h>

constexpr uint8_t OUTPUT_FULL = 0x01;
constexpr uint8_t INPUT_FULL = 0x02;
constexpr uint8_t FROM_MOUSE = 0x20;
constexpr uint8_t INTERRUPT_ON = 0x01;
constexpr uint8_t MOUSE_INTERRUPT_ON = 0x02;
constexpr uint8_t KEYBOARD_OFF = 0x10;
constexpr uint8_t MOUSE_OFF = 0x20;
constexpr uint8_t TRANSLATION = 0x40;
constexpr uint8_t POWER_ON_CONFIGURATION = INTERRUPT_ON | MOUSE_INTERRUPT_ON | TRANSLATION;
constexpr unsigned LOOKS_PER_MS = 1000;
constexpr size_t QUEUE_LIMIT = 2048;

struct said {
    uint8_t byte;
    bool is_mouse;
    unsigned quiet_looks; // before it is seen
};

// What is wrong with this machine, and then its state.
static struct {
    bool has_busy_mouse; // says something before each answer
    bool has_no_controller, has_no_keyboard, is_all_zero, is_deaf, is_flooding;
    bool forgets_configuration, cannot_translate, is_line_taken;
    int self_test_answer; // -1: none
    uint8_t port_test_answer, reset_answer;
    unsigned reset_ms;       // how long the keyboard's own test takes
    unsigned refusals;       // so many times "resend" before each acknowledgement
    uint8_t unknown_command; // is refused for ever

    struct said queue[QUEUE_LIMIT];
    size_t queue_length;
    uint8_t configuration, controller_command, keyboard_command, code_set, rate, lights, last_refused;
    unsigned refusal_count;
    bool is_scanning;
    unsigned long looks;
    bool are_interrupts_closed;
    irq_handler_fn *handler;
} pc;

static char log_text[4096];

static int healthy(void **)
{
    memset(&pc, 0, sizeof pc);
    pc.self_test_answer = 0x55;
    pc.reset_answer = 0xaa;
    pc.reset_ms = 1;
    pc.configuration = POWER_ON_CONFIGURATION;
    log_text[0] = '\0';
    return 0;
}

// ---- what the driver calls

void log_write(enum log_level, const char *module, const char *format, ...)
{
    assert_string_equal(module, "keyboard");
    size_t length = strlen(log_text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(log_text + length, sizeof log_text - length, format, arguments);
    va_end(arguments);
}

enum status irq_register(uint32_t line, irq_handler_fn *handler, void *)
{
    assert_int_equal(line, 1);
    if (pc.is_line_taken)
        return STATUS_BUSY;
    pc.handler = handler;
    return STATUS_OK;
}

void irq_unregister(uint32_t line)
{
    assert_int_equal(line, 1);
    pc.handler = nullptr;
}

uint64_t cpu_interrupts_disable(void)
{
    uint64_t was_closed = pc.are_interrupts_closed;
    pc.are_interrupts_closed = true;
    return was_closed;
}

void cpu_interrupts_restore(uint64_t flags)
{
    pc.are_interrupts_closed = flags;
}

// ---- the controller and the keyboard

static void say_after_looks(uint8_t byte, bool is_mouse, unsigned quiet_looks)
{
    assert_true(pc.queue_length < QUEUE_LIMIT);
    pc.queue[pc.queue_length++] = (struct said){byte, is_mouse, quiet_looks};
}

static void say_late(uint8_t byte, bool is_mouse, unsigned quiet_ms)
{
    say_after_looks(byte, is_mouse, quiet_ms * LOOKS_PER_MS);
}

static void say(uint8_t byte, bool is_mouse)
{
    if (pc.has_busy_mouse && !is_mouse)
        say_late(0xfa, true, 0);
    say_late(byte, is_mouse, 0);
}

static uint8_t read_status(void)
{
    if (pc.has_no_controller)
        return 0xff;
    if (pc.is_all_zero)
        return 0;
    uint8_t status = pc.is_deaf ? INPUT_FULL : 0;
    if (pc.is_flooding)
        return status | OUTPUT_FULL;
    if (pc.queue_length > 0 && pc.queue[0].quiet_looks > 0)
        pc.queue[0].quiet_looks--;
    else if (pc.queue_length > 0)
        status |= pc.queue[0].is_mouse ? OUTPUT_FULL | FROM_MOUSE : OUTPUT_FULL;
    return status;
}

static uint8_t read_data(void)
{
    if (pc.has_no_controller || pc.is_all_zero)
        return pc.has_no_controller ? 0xff : 0;
    if (pc.is_flooding)
        return 0x1e;
    assert_true(pc.queue_length > 0);
    uint8_t byte = pc.queue[0].byte;
    memmove(pc.queue, pc.queue + 1, --pc.queue_length * sizeof *pc.queue);
    return byte;
}

uint8_t port_read8(uint16_t port)
{
    if (port == 0x60)
        return read_data();
    assert_int_equal(port, 0x64);
    pc.looks++;
    if (pc.looks > 10'000ul * LOOKS_PER_MS)
        fail_msg("ten seconds of waiting; the log says: %s", log_text);
    return read_status();
}

static bool refuses(uint8_t byte)
{
    if (pc.unknown_command != 0 && byte == pc.unknown_command)
        return true;
    if (pc.last_refused != byte)
        pc.refusal_count = 0;
    pc.last_refused = byte;
    return pc.refusal_count++ < pc.refusals;
}

static void obey(uint8_t command, uint8_t byte)
{
    switch (command) {
    case 0xf0:
        pc.code_set = byte;
        break;
    case 0xf3:
        pc.rate = byte;
        break;
    case 0xed:
        pc.lights = byte;
        break;
    default:
        break;
    }
}

static void tell_keyboard(uint8_t byte)
{
    if (pc.has_no_keyboard || (pc.configuration & KEYBOARD_OFF))
        return;
    if (refuses(byte)) {
        say(0xfe, false);
        return;
    }
    pc.last_refused = 0;
    say(0xfa, false);
    uint8_t command = pc.keyboard_command;
    pc.keyboard_command = 0;
    if (command != 0) {
        obey(command, byte);
    } else if (byte == 0xff) {
        say_late(pc.reset_answer, false, pc.reset_ms);
        pc.code_set = 2;
        pc.rate = 0x2b; // 500 ms, 10.9 Hz
        pc.lights = 0;
        pc.is_scanning = false;
    } else if (byte == 0xf4) {
        pc.is_scanning = true;
    } else {
        pc.keyboard_command = byte;
    }
}

static void tell_controller(uint8_t command)
{
    switch (command) {
    case 0x20:
        say(pc.configuration, false);
        break;
    case 0x60:
        pc.controller_command = command;
        break;
    case 0xaa:
        if (pc.forgets_configuration)
            pc.configuration = POWER_ON_CONFIGURATION;
        if (pc.self_test_answer >= 0)
            say((uint8_t)pc.self_test_answer, false);
        if (pc.forgets_configuration)
            say(0x1e, false); // a key that had been held back
        break;
    case 0xab:
        say(pc.port_test_answer, false);
        break;
    case 0xad:
        pc.configuration |= KEYBOARD_OFF;
        break;
    case 0xae:
        pc.configuration &= (uint8_t)~KEYBOARD_OFF;
        break;
    case 0xa7:
        pc.configuration |= MOUSE_OFF;
        break;
    default:
        fail_msg("the controller was told %02xh", command);
    }
}

void port_write8(uint16_t port, uint8_t value)
{
    if (pc.is_all_zero || pc.has_no_controller)
        return;
    if (port == 0x64) {
        tell_controller(value);
        return;
    }
    assert_int_equal(port, 0x60);
    bool is_configuration = pc.controller_command == 0x60;
    pc.controller_command = 0;
    if (!is_configuration)
        tell_keyboard(value);
    else
        pc.configuration = pc.cannot_translate ? value & (uint8_t)~TRANSLATION : value;
}

// ---- a person

// One edge a byte, as long as the line is on.
static void type_byte(uint8_t byte)
{
    say(byte, false);
    if (pc.handler != nullptr && (pc.configuration & INTERRUPT_ON))
        pc.handler(nullptr);
}

// Read until there is nothing, and the keyboard has said all it had to say.
static size_t read_events(struct key_event *events, size_t limit)
{
    size_t count = 0;
    for (unsigned idle = 0; idle < 8; idle++) {
        struct key_event event;
        while (keyboard_read(&event)) {
            if (count < limit)
                events[count] = event;
            count++;
        }
    }
    return count;
}

static void assert_types(const uint8_t *bytes, size_t length, uint32_t codepoint)
{
    struct key_event events[8] = {};
    for (size_t i = 0; i < length; i++)
        type_byte(bytes[i]);
    assert_true(read_events(events, 8) > 0);
    assert_int_equal(events[0].codepoint, codepoint);
}

static void assert_works(void)
{
    (void)read_events(nullptr, 0);
    assert_true(pc.is_scanning);
    assert_int_equal(pc.configuration & (INTERRUPT_ON | MOUSE_INTERRUPT_ON | KEYBOARD_OFF | MOUSE_OFF),
                     INTERRUPT_ON | MOUSE_OFF);
    assert_false(pc.are_interrupts_closed);
    assert_types((const uint8_t[]){0x1e, 0x9e}, 2, 'a');
}

static void assert_logged(const char *words)
{
    if (strstr(log_text, words) == nullptr)
        fail_msg("the log says <%s>, not <%s>", log_text, words);
}

static void assert_is_not_found(unsigned limit_ms, const char *words)
{
    assert_int_equal(keyboard_init(nullptr, false), STATUS_NOT_FOUND);
    if (pc.looks > limit_ms * (unsigned long)LOOKS_PER_MS)
        fail_msg("%lu looks at the status instead of %u ms", pc.looks, limit_ms);
    assert_logged(words);
    assert_null(pc.handler);
    struct key_event event;
    unsigned long looks = pc.looks;
    assert_false(keyboard_read(&event));
    assert_int_equal(pc.looks, looks);
}

static void assert_is_found(void)
{
    assert_int_equal(keyboard_init("us", false), STATUS_OK);
    assert_logged("PS/2 keyboard, layout us");
    assert_works();
}

// ---- machines

static void a_healthy_keyboard_is_set_up(void **)
{
    assert_is_found();
    assert_int_equal(pc.code_set, 2);
    assert_int_equal(pc.rate, 0x20); // 500 ms, 30 Hz
    assert_true(pc.configuration & TRANSLATION);
    assert_true(pc.looks < 10 * LOOKS_PER_MS);
}

static void what_the_firmware_left_is_dropped(void **)
{
    for (uint8_t i = 0; i < 16; i++)
        say(i % 2 ? 0x10 + i : 0xfa, i % 3 == 0);
    assert_is_found();
    assert_null(strstr(log_text, "trying on"));
}

// Bytes that are still on the wire, or that the controller only puts into its buffer once that is empty.
static void what_comes_late_is_dropped_too(void **)
{
    static const unsigned quiet_looks[] = {5, 40, 320, 400, 1100};
    for (size_t i = 0; i < sizeof quiet_looks / sizeof *quiet_looks; i++) {
        for (unsigned count = 1; count <= 3; count++) {
            healthy(nullptr);
            for (unsigned n = 0; n < count; n++)
                say_after_looks(0x1e, n == 1, quiet_looks[i]);
            assert_is_found();
            assert_null(strstr(log_text, "trying on"));
        }
    }
}

static void a_mouse_between_the_answers_is_not_heard(void **)
{
    pc.has_busy_mouse = true;
    pc.reset_ms = 200;
    assert_is_found();
    assert_null(strstr(log_text, "trying on"));
}

static void ports_that_nobody_drives_are_no_controller(void **)
{
    pc.has_no_controller = true;
    assert_is_not_found(1, "there is no i8042 controller");
}

static void the_firmware_is_quoted(void **)
{
    pc.has_no_controller = true;
    assert_int_equal(keyboard_init(nullptr, true), STATUS_NOT_FOUND);
    assert_logged("as the firmware says");
}

static void a_firmware_that_denies_a_keyboard_is_not_believed(void **)
{
    assert_int_equal(keyboard_init(nullptr, true), STATUS_OK);
    assert_works();
}

static void ports_that_read_zero_are_no_controller(void **)
{
    pc.is_all_zero = true;
    assert_is_not_found(200, "does not answer");
}

static void a_controller_that_never_listens_is_given_up(void **)
{
    pc.is_deaf = true;
    assert_is_not_found(200, "does not answer");
}

static void a_controller_that_never_stops_talking_is_survived(void **)
{
    pc.is_flooding = true;
    assert_int_equal(keyboard_init(nullptr, false), STATUS_NOT_FOUND);
    assert_true(pc.looks < 2'000ul * LOOKS_PER_MS);
}

static void a_self_test_may_forget_the_configuration(void **)
{
    pc.forgets_configuration = true;
    assert_is_found();
    assert_null(strstr(log_text, "trying on"));
}

static void a_wrong_self_test_is_said_and_tried_on(void **)
{
    pc.self_test_answer = 0xfc;
    assert_is_found();
    assert_logged("self-test says 0xfc");
}

static void a_silent_self_test_ends_it(void **)
{
    pc.self_test_answer = -1;
    assert_is_not_found(700, "does not answer");
}

static void a_fault_of_the_wires_is_said_and_tried_on(void **)
{
    pc.port_test_answer = 3;
    assert_is_found();
    assert_logged("fault 0x3");
}

static void a_controller_that_cannot_translate_gets_set_1_from_the_keyboard(void **)
{
    pc.cannot_translate = true;
    assert_is_found();
    assert_int_equal(pc.code_set, 1);
    assert_logged("without translation");
}

static void no_keyboard_is_said(void **)
{
    pc.has_no_keyboard = true;
    assert_is_not_found(500, "no keyboard behind it");
}

static void a_slow_keyboard_is_waited_for(void **)
{
    pc.reset_ms = 900;
    assert_is_found();
}

static void a_keyboard_that_tests_itself_for_ever_is_not(void **)
{
    pc.reset_ms = 3000;
    assert_is_not_found(1500, "no keyboard behind it");
}

static void a_keyboard_that_fails_its_test_is_said(void **)
{
    pc.reset_answer = 0xfc;
    assert_is_not_found(500, "fails its own test");
}

static void a_keyboard_that_says_resend_is_told_again(void **)
{
    pc.refusals = 2;
    assert_is_found();
}

static void a_keyboard_may_refuse_preferences(void **)
{
    pc.unknown_command = 0xf0;
    assert_is_found();
    assert_logged("does not take scancode set 2");
}

static void a_keyboard_that_refuses_everything_is_not_there(void **)
{
    pc.refusals = 1000;
    assert_is_not_found(1000, "fails its own test");
}

static void a_line_that_is_taken_is_said(void **)
{
    pc.is_line_taken = true;
    assert_is_not_found(500, "line 1 cannot be had");
}

static void an_unknown_layout_lists_those_there_are(void **)
{
    assert_int_equal(keyboard_init("klingon", false), STATUS_OK);
    assert_logged("keyboard=klingon is not known; keyboard=us it is. Known: us, de, fr, dvorak");
    assert_works();
}

// ---- typing

static void the_layout_is_the_one_asked_for(void **)
{
    assert_int_equal(keyboard_init("de", false), STATUS_OK);
    (void)read_events(nullptr, 0);
    assert_types((const uint8_t[]){0x15, 0x95}, 2, 'z');
}

static void a_mouse_types_nothing(void **)
{
    assert_is_found();
    for (uint8_t byte = 0x10; byte < 0x20; byte++)
        say(byte, true);
    type_byte(0x30);
    pc.handler(nullptr);
    struct key_event events[4];
    assert_int_equal(read_events(events, 4), 1);
    assert_int_equal(events[0].codepoint, 'b');
}

static void a_byte_behind_a_lost_edge_is_found(void **)
{
    assert_is_found();
    say(0x30, false);
    say(0xb0, false);
    struct key_event events[4];
    assert_int_equal(read_events(events, 4), 2);
    assert_int_equal(events[0].codepoint, 'b');
    assert_false(pc.are_interrupts_closed);
}

static void the_handler_ends_when_bytes_do_not(void **)
{
    assert_is_found();
    pc.is_flooding = true;
    unsigned long looks = pc.looks;
    pc.handler(nullptr);
    assert_true(pc.looks - looks <= 16);
    pc.is_flooding = false;
    pc.has_no_controller = true; // pulled out
    looks = pc.looks;
    pc.handler(nullptr);
    assert_int_equal(pc.looks - looks, 1);
}

static void lights_follow_the_locks(void **)
{
    assert_is_found();
    assert_int_equal(pc.lights, 0);
    static const struct {
        uint8_t code, lights;
    } steps[] = {{0x3a, 4}, {0x45, 6}, {0x46, 7}, {0x3a, 3}, {0x45, 1}, {0x46, 0}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        type_byte(steps[i].code);
        type_byte(steps[i].code | 0x80);
        assert_int_equal(read_events(nullptr, 0), 2);
        assert_int_equal(pc.lights, steps[i].lights);
    }
}

static void lights_that_are_refused_cost_no_key(void **)
{
    assert_is_found();
    pc.unknown_command = 0xed;
    type_byte(0x3a);
    type_byte(0xba);
    assert_int_equal(read_events(nullptr, 0), 2);
    assert_types((const uint8_t[]){0x1e, 0x9e}, 2, 'A');
    pc.unknown_command = 0;
    type_byte(0x45); // another chance
    type_byte(0xc5);
    (void)read_events(nullptr, 0);
    assert_int_equal(pc.lights, 6);
}

static void an_overflow_is_counted_and_releases_every_key(void **)
{
    assert_is_found();
    uint32_t before = keyboard_lost_count();
    type_byte(0x2a);
    for (unsigned i = 0; i < 1000; i++)
        type_byte(i % 2 ? 0x9e : 0x1e);
    type_byte(0xaa);
    assert_int_equal(keyboard_lost_count() - before, 1002 - 512);
    static struct key_event events[1024];
    size_t count = read_events(events, 1024);
    assert_int_equal(count, 512 + 2); // a, whose release was lost, and Shift
    for (size_t i = count - 2; i < count; i++)
        assert_false(events[i].is_pressed);
    assert_types((const uint8_t[]){0x30}, 1, 'b');
}

// What was typed before the gap is read with Shift held, what came after it without, wherever the reader was.
static void a_gap_releases_the_keys_in_its_place(void **)
{
    static struct key_event events[2048];
    assert_is_found();
    uint32_t before = keyboard_lost_count();
    type_byte(0x2a);
    for (unsigned i = 0; i < 511; i++)
        type_byte(0x1e);
    type_byte(0xaa); // lost, as is the key that follows
    type_byte(0x30);
    for (unsigned gap = 0; gap < 2; gap++) {
        struct key_event event;
        for (unsigned i = 0; i < 3; i++)
            assert_true(keyboard_read(&event));
        for (unsigned i = 0; i < 4; i++) // the gap takes the first of three places: two are lost
            type_byte(gap == 0 ? 0x20 : 0x21);
    }
    assert_int_equal(keyboard_lost_count() - before, 2 + 2 * 2);
    size_t count = read_events(events, 2048);
    // 506 of A, a and Shift up, 2 of d, d up, 2 of f, f up
    assert_int_equal(count, 506 + 2 + 2 + 1 + 2 + 1);
    for (size_t i = 0; i < 506; i++)
        assert_int_equal(events[i].codepoint, 'A');
    static const struct {
        enum key key;
        char codepoint;
    } rest[] = {{KEY_A, 0}, {KEY_LEFT_SHIFT, 0}, {KEY_D, 'd'}, {KEY_D, 'd'},
                {KEY_D, 0}, {KEY_F, 'f'},        {KEY_F, 'f'}, {KEY_F, 0}};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        assert_int_equal(events[506 + i].key, rest[i].key);
        assert_int_equal(events[506 + i].codepoint, rest[i].codepoint);
        assert_int_equal(events[506 + i].is_pressed, rest[i].codepoint != 0);
    }
    assert_int_equal(read_events(events, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_healthy_keyboard_is_set_up, healthy),
        cmocka_unit_test_setup(what_the_firmware_left_is_dropped, healthy),
        cmocka_unit_test_setup(what_comes_late_is_dropped_too, healthy),
        cmocka_unit_test_setup(a_mouse_between_the_answers_is_not_heard, healthy),
        cmocka_unit_test_setup(ports_that_nobody_drives_are_no_controller, healthy),
        cmocka_unit_test_setup(the_firmware_is_quoted, healthy),
        cmocka_unit_test_setup(a_firmware_that_denies_a_keyboard_is_not_believed, healthy),
        cmocka_unit_test_setup(ports_that_read_zero_are_no_controller, healthy),
        cmocka_unit_test_setup(a_controller_that_never_listens_is_given_up, healthy),
        cmocka_unit_test_setup(a_controller_that_never_stops_talking_is_survived, healthy),
        cmocka_unit_test_setup(a_self_test_may_forget_the_configuration, healthy),
        cmocka_unit_test_setup(a_wrong_self_test_is_said_and_tried_on, healthy),
        cmocka_unit_test_setup(a_silent_self_test_ends_it, healthy),
        cmocka_unit_test_setup(a_fault_of_the_wires_is_said_and_tried_on, healthy),
        cmocka_unit_test_setup(a_controller_that_cannot_translate_gets_set_1_from_the_keyboard, healthy),
        cmocka_unit_test_setup(no_keyboard_is_said, healthy),
        cmocka_unit_test_setup(a_slow_keyboard_is_waited_for, healthy),
        cmocka_unit_test_setup(a_keyboard_that_tests_itself_for_ever_is_not, healthy),
        cmocka_unit_test_setup(a_keyboard_that_fails_its_test_is_said, healthy),
        cmocka_unit_test_setup(a_keyboard_that_says_resend_is_told_again, healthy),
        cmocka_unit_test_setup(a_keyboard_may_refuse_preferences, healthy),
        cmocka_unit_test_setup(a_keyboard_that_refuses_everything_is_not_there, healthy),
        cmocka_unit_test_setup(a_line_that_is_taken_is_said, healthy),
        cmocka_unit_test_setup(an_unknown_layout_lists_those_there_are, healthy),
        cmocka_unit_test_setup(the_layout_is_the_one_asked_for, healthy),
        cmocka_unit_test_setup(a_mouse_types_nothing, healthy),
        cmocka_unit_test_setup(a_byte_behind_a_lost_edge_is_found, healthy),
        cmocka_unit_test_setup(the_handler_ends_when_bytes_do_not, healthy),
        cmocka_unit_test_setup(lights_follow_the_locks, healthy),
        cmocka_unit_test_setup(lights_that_are_refused_cost_no_key, healthy),
        cmocka_unit_test_setup(an_overflow_is_counted_and_releases_every_key, healthy),
        cmocka_unit_test_setup(a_gap_releases_the_keys_in_its_place, healthy),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
