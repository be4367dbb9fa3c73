"""Foreign text made fit to be shown: names, captions, reasons and file names come from others.

What a terminal would obey, what has no shape of its own, and what changes the order of the text around it is shown as
one replacement character, not left out: a name with it must not look like the name without. Text of every script stays
as it is. So a few characters without a shape stay too, where scripts and emoji need them: joiners between letters of
the scripts that join, and between emoji; one variation selector after a sign that has variants.
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"

# The longest honest stacks on one letter (pointed Hebrew with an accent, Tibetan, Burmese) have five; a hundred of
# them on one letter paint over the lines around it.
MAX_MARKS = 5

# A mark without a letter would sit on what we print before it: it gets the sign that Unicode has for this.
DOTTED_CIRCLE = "\u25cc"

_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")

# Format characters (Cf) that are seen: signs of Arabic, Syriac and Kaithi that stand over or before numbers.
_SEEN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")

# Without a shape, though Unicode calls them letters, marks or unassigned (Default_Ignorable_Code_Point, UAX #44).
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2065\u3164\uffa0\ufff0-\ufff8\ufe00-\ufe0f"
    "\U000e0000-\U000e0fff]"
)
_VARIATIONS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_JOINERS = "\u200c\u200d"
_EMOJI_JOINER = "\u200d"
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"

# Scripts whose letters take other shapes beside each other: Arabic to Sinhala, Myanmar, Khmer, Mongolian, Arabic's
# presentation forms.
_JOINING = re.compile("[\u0620-\u0dff\u1000-\u109f\u1780-\u18af\ua8e0-\ua8ff\ufb50-\ufdff\ufe70-\ufefc]")

# C0 but the line feed, DEL, C1, bidi controls, separators of lines, and surrogates: never honest in what is drawn.
_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return the text as one line without anything that a terminal obeys or that cannot be seen.

    Line breaks and tabs become a space; of other such characters in a row, one `REPLACEMENT` stays. What is printable
    is returned as it is, and so is what this returned before.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    text = _BREAKS.sub(" ", text)
    for index, letter in enumerate(text):
        if _is_mark(letter):
            if not kept:
                kept.append(DOTTED_CIRCLE)
            marks += 1
            shown = letter if marks <= MAX_MARKS else REPLACEMENT
        else:
            shown = letter if _is_seen(letter) or _is_needed(kept, letter, text[index + 1 : index + 2]) else REPLACEMENT
            marks = marks if shown in _JOINERS else 0
        if shown == REPLACEMENT and kept and kept[-1] in _JOINERS:
            kept[-1] = REPLACEMENT  # it has nothing to join any more
        elif shown != REPLACEMENT or kept[-1:] != [REPLACEMENT]:
            kept.append(shown)
    return "".join(kept)


def inert(text: str) -> str:
    """Return text that is laid out already, its lines kept, without anything that a terminal obeys."""
    return _OBEYED.sub(REPLACEMENT, text)


def escaped(json: str) -> str:
    """Return JSON that says the same, with what a terminal obeys written as escapes: it may be looked at with `cat`."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def _is_mark(letter: str) -> bool:
    """Whether it is drawn on the letter before it, without a place of its own."""
    return unicodedata.category(letter) in ("Mn", "Me") and not _SHAPELESS.match(letter)


def _is_seen(letter: str) -> bool:
    if _SHAPELESS.match(letter) or _is_no_character(letter):
        return False
    category = unicodedata.category(letter)
    return category not in ("Cc", "Cf", "Cs", "Zl", "Zp") or letter in _SEEN_FORMATS


def _is_no_character(letter: str) -> bool:
    """Whether Unicode promises that it will never be one. What is not assigned yet may be a newer emoji, and stays."""
    return ord(letter) & 0xFFFE == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"


def _is_needed(before: list[str], letter: str, after: str) -> bool:
    """Whether a character without a shape has work to do between these two."""
    last = before[-1] if before else ""
    if not last or last == REPLACEMENT:
        return False
    if _VARIATIONS.match(letter):
        return _has_variants(last)
    if letter in _JOINERS and after:
        if letter == _EMOJI_JOINER and _is_picture(last) and _is_picture(after):
            return True
        return bool(_JOINING.match(last) and (_JOINING.match(after) or after.isspace()))
    return False


def _has_variants(letter: str) -> bool:
    """Symbols, digits and the signs of keycaps have a coloured form, ideographs and Mongolian letters others."""
    category = unicodedata.category(letter)
    return category in ("So", "Sm", "Sk", "Nd", "Po", "Pd", "Cn") or (category == "Lo" and letter > "\u1800")


def _is_picture(letter: str) -> bool:
    """Whether it is an emoji or the end of one: a symbol, a skin tone, or the selector of its coloured form."""
    category = unicodedata.category(letter)
    return category in ("So", "Sm", "Cn") or letter == "\ufe0f" or re.match(f"[{_SKIN_TONES}]", letter) is not None
