// SPDX-License-Identifier: MIT
// The state machine over bytes: UTF-8, control characters, escape sequences, control sequences, control strings. Called
// by terminal.c; must not know what any of them does.
//
// Sources: ECMA-48 5th edition, 5.3 to 5.6, for what sequences look like; VT510 reference, chapter 4, for what happens
// in the middle of one: control characters are obeyed, CAN and SUB end it, ESC begins another. A byte that cannot go on
// with a sequence and is no ASCII ends it too, and is text.
#include "parser.h"
#include "control.h"

constexpr uint8_t BELL = 0x07, CANCEL = 0x18, SUBSTITUTE = 0x1a, ESCAPE = 0x1b, DELETE = 0x7f;
constexpr uint8_t INTERMEDIATE_UNKNOWN = 0xff;
constexpr uint16_t PARAMETER_MAX = 9999;

// Nobody needs longer strings here, and one whose end got lost must not hide all that follows.
constexpr uint16_t STRING_MAX = 4096;
constexpr uint16_t PALETTE_DIGITS = 7;

void parser_reset(struct terminal *terminal)
{
    terminal->state = PARSER_GROUND;
}

// ---- UTF-8 (RFC 3629, 4)

// Begin a character of LENGTH more bytes. Which the first of them may be keeps out what is longer than it needs to be,
// surrogates, and what lies beyond U+10FFFF.
static void begin_character(struct terminal *terminal, uint8_t bits, uint8_t length, uint8_t lowest, uint8_t highest)
{
    terminal->state = PARSER_UTF8;
    terminal->code_point = bits;
    terminal->utf8_left = length;
    terminal->utf8_lowest = lowest;
    terminal->utf8_highest = highest;
}

static void feed_first(struct terminal *terminal, uint8_t byte)
{
    if (byte >= 0xc2 && byte <= 0xdf)
        begin_character(terminal, byte & 0x1f, 1, 0x80, 0xbf);
    else if (byte >= 0xe0 && byte <= 0xef)
        begin_character(terminal, byte & 0x0f, 2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf);
    else if (byte >= 0xf0 && byte <= 0xf4)
        begin_character(terminal, byte & 0x07, 3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf);
    else
        control_put(terminal, CONTROL_REPLACEMENT);
}

// The C1 controls, as characters from U+0080 to U+009F, are dropped: their 7-bit forms are what programs send.
static void finish_character(struct terminal *terminal)
{
    terminal->state = PARSER_GROUND;
    if (terminal->code_point >= 0xa0)
        control_put(terminal, terminal->code_point);
}

static bool continues_character(const struct terminal *terminal, uint8_t byte)
{
    return byte >= terminal->utf8_lowest && byte <= terminal->utf8_highest;
}

static void feed_next(struct terminal *terminal, uint8_t byte)
{
    terminal->code_point = terminal->code_point << 6 | (byte & 0x3f);
    terminal->utf8_lowest = 0x80;
    terminal->utf8_highest = 0xbf;
    if (--terminal->utf8_left == 0)
        finish_character(terminal);
}

// ---- sequences

static void begin_escape(struct terminal *terminal)
{
    terminal->state = PARSER_ESCAPE;
    terminal->intermediate = 0;
}

static void begin_control_sequence(struct terminal *terminal)
{
    terminal->state = PARSER_CONTROL_SEQUENCE_START;
    terminal->prefix = 0;
    terminal->intermediate = 0;
    terminal->parameter_count = 1;
    terminal->parameters[0] = 0;
    terminal->sub_parameters = 0;
}

// DCS, SOS, OSC, PM, APC.
static bool begins_string(uint8_t byte)
{
    return byte == 'P' || byte == 'X' || byte == ']' || byte == '^' || byte == '_';
}

static void begin_string(struct terminal *terminal, uint8_t kind)
{
    terminal->state = PARSER_STRING;
    terminal->string_kind = kind;
    terminal->string_left = STRING_MAX;
}

// There is no function with two of them.
static void add_intermediate(struct terminal *terminal, uint8_t byte)
{
    terminal->intermediate = terminal->intermediate == 0 ? byte : INTERMEDIATE_UNKNOWN;
}

static void feed_escape(struct terminal *terminal, uint8_t byte)
{
    if (byte < '0') {
        add_intermediate(terminal, byte);
        return;
    }
    terminal->state = PARSER_GROUND;
    bool is_alone = terminal->intermediate == 0;
    if (is_alone && byte == '[')
        begin_control_sequence(terminal);
    else if (is_alone && begins_string(byte))
        begin_string(terminal, byte);
    else
        control_escape(terminal, byte);
}

static void add_digit(struct terminal *terminal, uint8_t digit)
{
    if (terminal->parameter_count > TERMINAL_MAX_PARAMETERS)
        return;
    uint16_t *parameter = &terminal->parameters[terminal->parameter_count - 1];
    unsigned value = *parameter * 10u + digit;
    *parameter = (uint16_t)(value < PARAMETER_MAX ? value : PARAMETER_MAX);
}

// One more than there is room for says that what follows is dropped.
static void begin_parameter(struct terminal *terminal, bool is_sub_parameter)
{
    if (terminal->parameter_count < TERMINAL_MAX_PARAMETERS) {
        terminal->parameters[terminal->parameter_count] = 0;
        terminal->sub_parameters |= (uint16_t)(is_sub_parameter << terminal->parameter_count);
    }
    if (terminal->parameter_count <= TERMINAL_MAX_PARAMETERS)
        terminal->parameter_count++;
}

static void feed_parameter(struct terminal *terminal, uint8_t byte)
{
    if (terminal->intermediate != 0 || byte > ';')
        terminal->state = PARSER_IGNORE;
    else if (byte <= '9')
        add_digit(terminal, byte - '0');
    else
        begin_parameter(terminal, byte == ':');
}

static void feed_control_sequence(struct terminal *terminal, uint8_t byte)
{
    bool is_prefix = terminal->state == PARSER_CONTROL_SEQUENCE_START && byte >= '<' && byte <= '?';
    terminal->state = PARSER_CONTROL_SEQUENCE;
    if (is_prefix) {
        terminal->prefix = byte;
    } else if (byte < '0') {
        add_intermediate(terminal, byte);
    } else if (byte < '@') {
        feed_parameter(terminal, byte);
    } else {
        terminal->state = PARSER_GROUND;
        if (terminal->parameter_count > TERMINAL_MAX_PARAMETERS)
            terminal->parameter_count = TERMINAL_MAX_PARAMETERS;
        control_sequence(terminal, byte);
    }
}

// ECMA-48 ends a string with ST alone (5.6); xterm ends OSC with BEL, too, and no other. Linux's terminfo entry has two
// strings without an end: ESC ] R, and ESC ] P with seven digits.
static void feed_string(struct terminal *terminal, uint8_t byte)
{
    bool is_command = terminal->string_kind == ']';
    bool is_first = is_command && terminal->string_left == STRING_MAX;
    bool is_end = byte == CANCEL || byte == SUBSTITUTE || (is_command && byte == BELL) || (is_first && byte == 'R');
    terminal->string_left--;
    if (is_first && byte == 'P')
        terminal->string_left = PALETTE_DIGITS;
    if (byte == ESCAPE)
        begin_escape(terminal);
    else if (is_end || terminal->string_left == 0)
        terminal->state = PARSER_GROUND;
}

// ---- bytes

static void feed_control(struct terminal *terminal, uint8_t byte)
{
    if (byte == ESCAPE)
        begin_escape(terminal);
    else if (byte == CANCEL || byte == SUBSTITUTE)
        terminal->state = PARSER_GROUND;
    else
        control_execute(terminal, byte);
}

static void feed_ground(struct terminal *terminal, uint8_t byte)
{
    terminal->state = PARSER_GROUND;
    if (byte > DELETE)
        feed_first(terminal, byte);
    else if (byte != DELETE)
        control_put(terminal, byte);
}

void parser_feed(struct terminal *terminal, uint8_t byte)
{
    uint8_t state = terminal->state;
    if (state == PARSER_UTF8) {
        if (continues_character(terminal, byte)) {
            feed_next(terminal, byte);
            return;
        }
        // What there was of it is one replacement (W3C Encoding, 4.1; Unicode, 3.9: maximal subparts).
        terminal->state = state = PARSER_GROUND;
        control_put(terminal, CONTROL_REPLACEMENT);
    }
    if (state == PARSER_STRING)
        feed_string(terminal, byte);
    else if (byte < ' ')
        feed_control(terminal, byte);
    else if (state == PARSER_GROUND || byte > DELETE)
        feed_ground(terminal, byte);
    else if (byte == DELETE)
        return;
    else if (state == PARSER_ESCAPE)
        feed_escape(terminal, byte);
    else if (state != PARSER_IGNORE)
        feed_control_sequence(terminal, byte);
    else if (byte >= '@')
        terminal->state = PARSER_GROUND;
}
