// SPDX-License-Identifier: MIT
// The layouts, each as four levels of four rows, in the order of layout.h. They agree with the layouts of the same
// names in the X keyboard database, less the dead keys of the AltGr levels whose accents are not among the four. To add
// one: a table here and its line in `layouts`; test/unit/kernel/keyboard/scancode says what is still missing.
#include "layout.h"
#include <lib/string.h>
#include <scancode/scancode.h>

#define DEAD_GRAVE      u"\u0300"
#define DEAD_ACUTE      u"\u0301"
#define DEAD_CIRCUMFLEX u"\u0302"
#define DEAD_DIAERESIS  u"\u0308"

// clang-format off
static const struct scancode_layout us = {
    .name = "us",
    .keypad_separator = '.',
    .text = {
        u"`1234567890-=" u"qwertyuiop[]" u"asdfghjkl;'\\"  u"<zxcvbnm,./",
        u"~!@#$%^&*()_+" u"QWERTYUIOP{}" u"ASDFGHJKL:\"|"  u">ZXCVBNM<>?",
    },
};

static const struct scancode_layout de = {
    .name = "de",
    .has_altgr = true,
    .keypad_separator = ',',
    .text = {
        DEAD_CIRCUMFLEX u"1234567890ß" DEAD_ACUTE u"qwertzuiopü+" u"asdfghjklöä#" u"<yxcvbnm,.-",
        u"°!\"§$%&/()=?" DEAD_GRAVE               u"QWERTZUIOPÜ*" u"ASDFGHJKLÖÄ'" u">YXCVBNM;:_",
        u"′¹²³¼½¬{[]}\\ "         u"@ſ€¶ŧ←↓→øþ" DEAD_DIAERESIS u"~" u"æſðđŋħ ĸł " DEAD_CIRCUMFLEX u"’" u"|»«¢„“”µ·…–",
        u"″¡⅛£¤⅜⅝⅞™±°¿ "                          u"Ω§€®Ŧ¥↑ıØÞ ¯" u"ÆẞÐªŊĦ &Ł   " u" ›‹©‚‘’º×÷—",
    },
};

static const struct scancode_layout fr = {
    .name = "fr",
    .has_altgr = true,
    .keypad_separator = '.',
    .text = {
        u"²&é\"'(-è_çà)=" u"azertyuiop" DEAD_CIRCUMFLEX u"$" u"qsdfghjklmù*" u"<wxcvbn,;:!",
        u"~1234567890°+"  u"AZERTYUIOP" DEAD_DIAERESIS  u"£" u"QSDFGHJKLM%µ" u">WXCVBN?./§",
        u"¬¹~#{[|`\\^@]}" u"æ«€¶ŧ←↓→øþ" DEAD_DIAERESIS  u"¤"
            u"@ßðđŋħ ĸłµ" DEAD_CIRCUMFLEX DEAD_GRAVE u"|ł»¢„“”" DEAD_ACUTE u"•· ",
        u"¬¡⅛£$⅜⅝⅞™±°¿ "  u"Æ<¢®Ŧ¥↑ıØÞ  "                    u"ΩẞÐªŊĦ &Łº  " u"¦Ł>©‚‘’ ×÷ ",
    },
};

static const struct scancode_layout dvorak = {
    .name = "dvorak",
    .keypad_separator = '.',
    .text = {
        u"`1234567890[]" u"',.pyfgcrl/="  u"aoeuidhtns-\\" u"<;qjkxbmwvz",
        u"~!@#$%^&*(){}" u"\"<>PYFGCRL?+" u"AOEUIDHTNS_|"  u">:QJKXBMWVZ",
    },
};
// clang-format on

static const struct scancode_layout *const layouts[] = {&us, &de, &fr, &dvorak};

const struct scancode_layout *scancode_layout_find(const char *name)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (strcmp(layouts[i]->name, name) == 0)
            return layouts[i];
    }
    return nullptr;
}

const char *scancode_layout_name(size_t index)
{
    return index < sizeof layouts / sizeof *layouts ? layouts[index]->name : nullptr;
}

const char *scancode_name_of(const struct scancode_layout *layout)
{
    return layout->name;
}
