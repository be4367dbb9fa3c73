"""Foreign text made safe to show: names, captions, reasons and file names are from peers and files.

Characters that a terminal executes, that are invisible, or that change the order of the text around them become one
replacement character, and are not left out: a name with one must not look like the name without. Text of every script
stays as it is. So a few invisible characters stay too, where scripts and emoji need them: joiners between letters of
the scripts that join, and between emoji; one variation selector after a sign that has variants.
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"

# The longest honest stacks on one letter (pointed Hebrew with an accent, Tibetan, Burmese) have five; a hundred of
# them on one letter paint over the lines around it.
MAX_MARKS = 5

# A mark without a letter would combine with the text printed before it: it gets the sign that Unicode has for this.
DOTTED_CIRCLE = "\u25cc"

_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]+")

# Format characters (Cf) that are visible: signs of Arabic, Syriac and Kaithi over or before numbers.
_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")

# Invisible, though Unicode calls them letters, marks or unassigned (Default_Ignorable_Code_Point, UAX #44).
_INVISIBLE = re.compile(
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
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return the text as one line without anything that a terminal executes or that is invisible.

    Line breaks and tabs become a space, and other such characters in a row one `REPLACEMENT`. Printable text is
    returned as it is, and so is the result of this function.
    """
    if text.isascii() and text.isprintable():
        return text
    result: list[str] = []
    marks = 0
    text = _BREAKS.sub(" ", text)
    for index, letter in enumerate(text):
        if _is_mark(letter):
            if not result:
                result.append(DOTTED_CIRCLE)
            marks += 1
            shown = letter if marks <= MAX_MARKS else REPLACEMENT
        else:
            stays = _is_visible(letter) or _is_needed(result, letter, text[index + 1 : index + 2])
            shown = letter if stays else REPLACEMENT
            marks = marks if shown in _JOINERS else 0
        if shown == REPLACEMENT and result and result[-1] in _JOINERS:
            result[-1] = REPLACEMENT  # it has nothing to join any more
        elif shown != REPLACEMENT or result[-1:] != [REPLACEMENT]:
            result.append(shown)
    return "".join(result)


def inert(text: str) -> str:
    """Return laid-out text with its line breaks, without anything that a terminal executes."""
    return _CONTROLS.sub(REPLACEMENT, text)


def escaped(json: str) -> str:
    """Return equivalent JSON in which everything that a terminal executes is escaped: safe to show with `cat`."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def _is_mark(letter: str) -> bool:
    """Return whether it is a combining mark, drawn on the letter before it."""
    return unicodedata.category(letter) in ("Mn", "Me") and not _INVISIBLE.match(letter)


def _is_visible(letter: str) -> bool:
    if _INVISIBLE.match(letter) or _is_no_character(letter):
        return False
    category = unicodedata.category(letter)
    return category not in ("Cc", "Cf", "Cs", "Zl", "Zp") or letter in _VISIBLE_FORMATS


def _is_no_character(letter: str) -> bool:
    """Return whether it is a noncharacter. A code point that is not assigned yet may be a newer emoji, and stays."""
    return ord(letter) & 0xFFFE == 0xFFFE or "\ufdd0" <= letter <= "\ufdef"


def _is_needed(before: list[str], letter: str, after: str) -> bool:
    """Return whether an invisible character has a function between these two."""
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
    """Return whether it has variants: symbols, digits and keycaps a coloured form, ideographs and Mongolian others."""
    category = unicodedata.category(letter)
    return category in ("So", "Sm", "Sk", "Nd", "Po", "Pd", "Cn") or (category == "Lo" and letter > "\u1800")


def _is_picture(letter: str) -> bool:
    """Return whether it is an emoji or the end of one: a symbol, a skin tone, or the selector of its coloured form."""
    category = unicodedata.category(letter)
    return category in ("So", "Sm", "Cn") or letter == "\ufe0f" or re.match(f"[{_SKIN_TONES}]", letter) is not None
