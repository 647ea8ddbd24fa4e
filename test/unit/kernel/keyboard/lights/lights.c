// SPDX-License-Identifier: MIT
// kernel/keyboard/lights against keyboards that answer, refuse, keep silent and type in between.
#include <lights/lights.h>
#include <support/unit.h>

constexpr uint8_t ACKNOWLEDGE = 0xfa;
constexpr uint8_t RESEND = 0xfe;
constexpr uint8_t COMMAND = 0xed;
constexpr uint8_t CAPS = LIGHT_CAPS_LOCK;
constexpr uint8_t NUM = LIGHT_NUM_LOCK;

static struct lights lights;

static int fresh(void **)
{
    lights = (struct lights){};
    return 0;
}

static void assert_sends(uint8_t wanted, uint8_t expected)
{
    uint8_t byte = 0;
    assert_true(lights_next_byte(&lights, wanted, &byte));
    assert_int_equal(byte, expected);
    lights_sent(&lights);
    assert_false(lights_next_byte(&lights, wanted, &byte)); // now it is the keyboard's turn
}

static void assert_quiet(uint8_t wanted)
{
    uint8_t byte;
    assert_false(lights_next_byte(&lights, wanted, &byte));
}

static void set_lights(uint8_t wanted)
{
    assert_sends(wanted, COMMAND);
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_sends(wanted, wanted);
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_quiet(wanted);
}

static void nothing_is_sent_while_the_right_lights_are_on(void **)
{
    assert_quiet(0);
    set_lights(CAPS);
    set_lights(CAPS | NUM | LIGHT_SCROLL_LOCK);
    set_lights(0);
}

static void a_byte_that_could_not_be_sent_is_offered_again(void **)
{
    uint8_t byte;
    assert_true(lights_next_byte(&lights, CAPS, &byte));
    assert_sends(CAPS, COMMAND);
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_true(lights_next_byte(&lights, CAPS, &byte));
    assert_sends(CAPS, CAPS);
}

static void without_a_question_nothing_is_an_answer(void **)
{
    assert_false(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_false(lights_take_answer(&lights, RESEND));
    set_lights(NUM);
    assert_false(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_quiet(NUM);
}

static void keys_between_question_and_answer_are_keys(void **)
{
    assert_sends(CAPS, COMMAND);
    assert_false(lights_take_answer(&lights, 0x1e));
    assert_false(lights_take_answer(&lights, 0xe0));
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_sends(CAPS, CAPS);
    assert_false(lights_take_answer(&lights, 0x9e));
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_quiet(CAPS);
}

static void a_change_while_asking_is_what_counts(void **)
{
    assert_sends(CAPS, COMMAND);
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_sends(NUM, NUM); // pressed meanwhile
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_quiet(NUM);
    set_lights(CAPS);

    assert_sends(0, COMMAND);
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    assert_sends(0, 0);
    uint8_t byte;
    assert_false(lights_next_byte(&lights, NUM, &byte)); // too late for this value
    assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
    set_lights(NUM);
}

static void a_refusal_is_tried_again_and_then_given_up(void **)
{
    for (unsigned i = 0; i < LIGHTS_TRIES; i++) {
        assert_sends(CAPS, COMMAND);
        if (i == 1) { // the value may be what is refused
            assert_true(lights_take_answer(&lights, ACKNOWLEDGE));
            assert_sends(CAPS, CAPS);
        }
        assert_true(lights_take_answer(&lights, RESEND));
    }
    assert_quiet(CAPS);
    set_lights(NUM); // other lights are another chance
    set_lights(CAPS);
}

static void one_refusal_costs_nothing(void **)
{
    for (unsigned i = 0; i < 2 * LIGHTS_TRIES; i++) {
        uint8_t wanted = i % 2 ? 0 : CAPS;
        assert_sends(wanted, COMMAND);
        assert_true(lights_take_answer(&lights, RESEND));
        set_lights(wanted);
    }
}

static void silence_ends_when_enough_keys_have_come(void **)
{
    for (unsigned attempt = 0; attempt < LIGHTS_TRIES; attempt++) {
        assert_sends(NUM, COMMAND);
        for (unsigned i = 0; i < LIGHTS_PATIENCE; i++) {
            assert_quiet(NUM);
            assert_false(lights_take_answer(&lights, 0x1e));
        }
    }
    assert_quiet(NUM);
    assert_false(lights_take_answer(&lights, ACKNOWLEDGE)); // far too late
    set_lights(CAPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_sent_while_the_right_lights_are_on, fresh),
        cmocka_unit_test_setup(a_byte_that_could_not_be_sent_is_offered_again, fresh),
        cmocka_unit_test_setup(without_a_question_nothing_is_an_answer, fresh),
        cmocka_unit_test_setup(keys_between_question_and_answer_are_keys, fresh),
        cmocka_unit_test_setup(a_change_while_asking_is_what_counts, fresh),
        cmocka_unit_test_setup(a_refusal_is_tried_again_and_then_given_up, fresh),
        cmocka_unit_test_setup(one_refusal_costs_nothing, fresh),
        cmocka_unit_test_setup(silence_ends_when_enough_keys_have_come, fresh),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
