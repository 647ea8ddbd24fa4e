// SPDX-License-Identifier: MIT
// A failure begins the conversation anew: a keyboard that waits for a value takes a command for what it is. Called by
// keyboard; must not know which lock a light stands for.
#include <lights/lights.h>

constexpr uint8_t COMMAND_SET_LIGHTS = 0xed;
constexpr uint8_t ANSWER_ACKNOWLEDGE = 0xfa;
constexpr uint8_t ANSWER_RESEND = 0xfe;

static bool is_waiting(const struct lights *lights)
{
    return lights->step == LIGHTS_COMMAND_SENT || lights->step == LIGHTS_VALUE_SENT;
}

static bool is_given_up(const struct lights *lights, uint8_t wanted)
{
    return lights->failure_count >= LIGHTS_TRIES && lights->asked == wanted;
}

bool lights_next_byte(struct lights *lights, uint8_t wanted, uint8_t *byte)
{
    if (is_waiting(lights))
        return false;
    if (lights->step == LIGHTS_IDLE && (wanted == lights->shown || is_given_up(lights, wanted)))
        return false;
    if (lights->asked != wanted)
        lights->failure_count = 0;
    lights->asked = wanted;
    *byte = lights->step == LIGHTS_IDLE ? COMMAND_SET_LIGHTS : wanted;
    return true;
}

void lights_sent(struct lights *lights)
{
    lights->step = lights->step == LIGHTS_IDLE ? LIGHTS_COMMAND_SENT : LIGHTS_VALUE_SENT;
    lights->other_byte_count = 0;
}

static void fail(struct lights *lights)
{
    lights->step = LIGHTS_IDLE;
    if (lights->failure_count < LIGHTS_TRIES)
        lights->failure_count++;
}

static void acknowledge(struct lights *lights)
{
    if (lights->step == LIGHTS_COMMAND_SENT) {
        lights->step = LIGHTS_COMMAND_ACKNOWLEDGED;
        return;
    }
    lights->step = LIGHTS_IDLE;
    lights->shown = lights->asked;
}

bool lights_take_answer(struct lights *lights, uint8_t byte)
{
    if (!is_waiting(lights))
        return false;
    switch (byte) {
    case ANSWER_ACKNOWLEDGE:
        acknowledge(lights);
        return true;
    case ANSWER_RESEND:
        fail(lights);
        return true;
    default:
        if (++lights->other_byte_count >= LIGHTS_PATIENCE)
            fail(lights);
        return false;
    }
}
