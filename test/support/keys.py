# SPDX-License-Identifier: MIT
"""A person at the keyboard of a virtual machine: from text to keys pressed and released, in a layout.

The tables are written from what is printed on such keyboards, not from the kernel's. A key is one word: what it types
plainly, with Shift, with AltGr, with both; a dead key stands as the combining mark of its accent.
"""
import re
import unicodedata

from support.failure import Failure

GRAVE, ACUTE, CIRCUMFLEX, DIAERESIS = "\u0300", "\u0301", "\u0302", "\u0308"

# QEMU's names for the keys of four rows, from the top and from the left.
ROWS = (
    "grave_accent 1 2 3 4 5 6 7 8 9 0 minus equal".split(),
    "q w e r t y u i o p bracket_left bracket_right".split(),
    "a s d f g h j k l semicolon apostrophe backslash".split(),
    "less z x c v b n m comma dot slash".split(),
)

LAYOUTS = {
    "us": (
        "`~ 1! 2@ 3# 4$ 5% 6^ 7& 8* 9( 0) -_ =+",
        "qQ wW eE rR tT yY uU iI oO pP [{ ]}",
        "aA sS dD fF gG hH jJ kK lL ;: '\" \\|",
        "<> zZ xX cC vV bB nN mM ,< .> /?",
    ),
    "de": (
        f"{CIRCUMFLEX}° 1! 2\"² 3§³ 4$ 5% 6& 7/{{ 8([ 9)] 0=}} ß?\\ {ACUTE}{GRAVE}",
        "qQ@ wW eE€ rR tT zZ uU iI oO pP üÜ +*~",
        "aA sS dD fF gG hH jJ kK lL öÖ äÄ #'",
        "<>| yY xX cC vV bB nN mMµ ,; .: -_",
    ),
    "fr": (
        "²~ &1 é2~ \"3# '4{ (5[ -6| è7` _8\\ ç9^ à0@ )°] =+}",
        f"aA zZ eE€ rR tT yY uU iI oO pP {CIRCUMFLEX}{DIAERESIS} $£",
        "qQ sS dD fF gG hH jJ kK lL mM ù% *µ",
        "<> wW xX cC vV bB nN ,? ;. :/ !§",
    ),
    "dvorak": (
        "`~ 1! 2@ 3# 4$ 5% 6^ 7& 8* 9( 0) [{ ]}",
        "'\" ,< .> pP yY fF gG cC rR lL /? =+",
        "aA oO eE uU iI dD hH tT nN sS -_ \\|",
        "<> ;: qQ jJ kK xX bB mM wW vV zZ",
    ),
}
EVERYWHERE = {" ": "spc", "\n": "ret", "\t": "tab"}
MODIFIERS = ((), ("shift",), ("alt_r",), ("alt_r", "shift"))


def _plain_keys(name):
    """character: (QEMU's key, modifiers)"""
    keys = {character: (key, ()) for character, key in EVERYWHERE.items()}
    for row, words in zip(ROWS, LAYOUTS[name]):
        words = words.split()
        if len(words) != len(row):
            raise Failure(f"layout {name}: {len(words)} keys in a row of {len(row)}: {words}")
        for key, word in zip(row, words):
            for level, character in enumerate(word):
                keys.setdefault(character, (key, MODIFIERS[level]))
    return keys


def key_strokes(layout, text):
    """What to press for `text`: a list of (characters that appear, [(key, modifiers), ...])."""
    keys = _plain_keys(layout)
    strokes = []
    for character in text:
        if character in keys:
            strokes.append((character, [keys[character]]))
            continue
        # A dead key and a letter; or a dead key and the space bar, which gives the accent itself.
        letter, *accents = unicodedata.normalize("NFD", character)
        alone = {"^": CIRCUMFLEX, "`": GRAVE, "´": ACUTE, "¨": DIAERESIS}.get(character)
        pair = (alone, " ") if alone else (accents[0], letter) if len(accents) == 1 else (None, None)
        if any(part not in keys for part in pair):
            raise Failure(f"nobody can type {character!r} in layout {layout}")
        strokes.append((character, [keys[part] for part in pair]))
    return strokes


class Typist:
    def __init__(self, machine, layout="us"):
        self._machine = machine
        self._layout = layout

    def _event(self, key, down):
        data = {"down": down, "key": {"type": "qcode", "data": key}}
        self._machine.qmp.command("input-send-event", events=[{"type": "key", "data": data}])

    def press(self, *keys):
        for key in keys:
            self._event(key, True)

    def release(self, *keys):
        for key in keys:
            self._event(key, False)

    def tap(self, key, modifiers=()):
        """Presses and releases a key; the number of keys that were pressed."""
        self.press(*modifiers, key)
        self.release(key, *reversed(modifiers))
        return len(modifiers) + 1

    def type(self, text):
        """Types text and waits for each echo, so that QEMU's keyboard never has to hold more than a key; the number of
        keys pressed."""
        count = 0
        for characters, keys in key_strokes(self._layout, text):
            for key, modifiers in keys[:-1]:
                count += self.tap(key, modifiers)
            count += self.tap(*keys[-1])
            self._machine.expect(re.escape(characters), timeout=10)
        return count
