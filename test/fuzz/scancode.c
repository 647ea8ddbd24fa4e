// SPDX-License-Identifier: MIT
// kernel/keyboard/scancode fed with any bytes, in the layout that the first one chooses. A model of which keys are
// down, made of the events alone, must agree with them: no release without a press, a repeat exactly of what is down,
// modifiers that follow from the keys, and nothing left in the end.
#include <lib/panic.h>
#include <scancode/scancode.h>
#include <string.h>

constexpr uint8_t HELD = KEY_MODIFIER_SHIFT | KEY_MODIFIER_CONTROL | KEY_MODIFIER_ALT | KEY_MODIFIER_ALTGR;

struct model {
    bool is_down[256];
    unsigned down_count;
    bool has_altgr;
};

static uint8_t held_modifiers(const struct model *model)
{
    uint8_t modifiers = 0;
    if (model->is_down[KEY_LEFT_SHIFT] || model->is_down[KEY_RIGHT_SHIFT])
        modifiers |= KEY_MODIFIER_SHIFT;
    if (model->is_down[KEY_LEFT_CONTROL] || model->is_down[KEY_RIGHT_CONTROL])
        modifiers |= KEY_MODIFIER_CONTROL;
    if (model->is_down[KEY_LEFT_ALT])
        modifiers |= KEY_MODIFIER_ALT;
    if (model->is_down[KEY_RIGHT_ALT])
        modifiers |= model->has_altgr ? KEY_MODIFIER_ALTGR : KEY_MODIFIER_ALT;
    return modifiers;
}

static void apply(struct model *model, const struct key_event *event)
{
    ASSERT(event->codepoint < 0xd800); // a character, and none of the marks that stand for dead keys
    ASSERT(event->codepoint < 0x300 || event->codepoint >= 0x370);
    if (event->key == KEY_NONE) {
        ASSERT(event->is_pressed && !event->is_repeat && event->codepoint != 0);
        return;
    }
    if (event->is_pressed) {
        ASSERT(event->is_repeat == model->is_down[event->key]);
        model->down_count += !model->is_down[event->key];
        model->is_down[event->key] = true;
    } else {
        ASSERT(model->is_down[event->key] && !event->is_repeat && event->codepoint == 0);
        model->is_down[event->key] = false;
        model->down_count--;
    }
    ASSERT((event->modifiers & HELD) == held_modifiers(model));
}

static unsigned take_events(struct scancode_decoder *decoder, struct model *model)
{
    unsigned count = 0;
    struct key_event event;
    while (scancode_next_event(decoder, &event)) {
        apply(model, &event);
        count++;
    }
    ASSERT((scancode_modifiers(decoder) & HELD) == held_modifiers(model));
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *name = scancode_layout_name(data[0] % 4);
    struct model model = {.has_altgr = strcmp(name, "de") == 0 || strcmp(name, "fr") == 0};
    struct scancode_decoder decoder;
    scancode_decoder_init(&decoder, scancode_layout_find(name));
    for (size_t i = 1; i < size; i++) {
        unsigned down_count = model.down_count;
        scancode_feed(&decoder, data[i]);
        unsigned count = take_events(&decoder, &model);
        ASSERT(count <= SCANCODE_EVENT_LIMIT || (count == down_count && model.down_count == 0));
    }
    scancode_feed(&decoder, 0x80); // no key, but the end of a sequence that had begun
    (void)take_events(&decoder, &model);
    // Release by release, or all at once.
    for (unsigned key = 1; key < 256 && data[0] < 128; key++) {
        if (!model.is_down[key])
            continue;
        const uint8_t bytes[] = {0xe0, (uint8_t)(key | 0x80)};
        for (size_t i = key < 0x80; i < sizeof bytes; i++) {
            scancode_feed(&decoder, bytes[i]);
            (void)take_events(&decoder, &model);
        }
        ASSERT(!model.is_down[key]);
    }
    scancode_release_all(&decoder);
    ASSERT(take_events(&decoder, &model) == 0 || data[0] >= 128);
    ASSERT(model.down_count == 0 && (scancode_modifiers(&decoder) & HELD) == 0);
    return 0;
}
