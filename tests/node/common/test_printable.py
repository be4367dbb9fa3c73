"""Foreign text made fit to be shown: what others send changes nothing but the place it is shown at."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from node.common.printable import DOTTED_CIRCLE, MAX_MARKS, REPLACEMENT, escaped, inert, printable

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=60)

HONEST = [
    "a man and a woman ride a [red] bicycle, 10 % off",
    "Zoë Müller-Lüdenscheidt",
    "Nguyễn Thị Ánh",
    "Ελένη και Δημήτρης",
    "Дмитрий Шостакович",
    "שָׁלוֹם עוֹלָם",
    "مرحبا بالعالم",
    "می‌خواهم",  # a joiner's opposite within a word, as Persian has it
    "क्‍ष श्री तमिழ்",
    "ภาษาไทย ກຳລັງ ភាសាខ្មែរ မြန်မာဘာသာ བོད་སྐད།",
    "日本語　と 한국어 與 中文",
    "葛\U000e0100城",  # an ideograph in its other form
    "👨‍👩‍👧‍👦 👍🏽 ❤️‍🔥 1️⃣ 🏳️‍🌈 🙋🏾‍♀️ ☎︎ 🇩🇪",
    "\U0001fae8 \U0001fae9",  # emoji that are younger than this Python's tables may be
    "µ≈½ ©®™ …–—“”‹›",
]


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", "�]52;c;aGk=�"),  # would fill the clipboard
        ("\x1b[2J\x1b[31m", "�[2J�[31m"),
        ("\x9b31m", "�31m"),
        ("a\nb", "a b"),
        ("a\r\n\t\x0b\x0c\x85\u2028\u2029b", "a b"),
        ("bob\x00\x08\x7f", "bob�"),
        ("ev\u202egnp.exe", "ev�gnp.exe"),
        ("\u2066\u2067\u2068a\u2069", "�a�"),
        ("a\u200eb\u200fc\u061cd", "a�b�c�d"),
        ("bob\u200b", "bob�"),  # not to be taken for bob
        ("bo\u200db", "bo�b"),
        ("bo\u00adb\u2060\ufeff", "bo�b�"),
        ("\u3164\u115f\uffa0", "�"),
        ("bob\ufe0f", "bob�"),
        ("☎\ufe0f\ufe0f", "☎\ufe0f�"),
        ("👩\u200d", "👩�"),
        ("\U000e0067\U000e0062\U000e007f", "�"),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴�"),
        ("\ud83d\ude00\udcff", "�"),
        ("\ufffe\uffff\ufdd0", "�"),
        ("\ufff9a\ufffb", "�a�"),
        ("\u0301a", f"{DOTTED_CIRCLE}\u0301a"),
        ("z" + "\u0301" * 300, "z" + "\u0301" * MAX_MARKS + "�"),
    ],
)
def test_what_is_not_honest_is_seen_and_does_nothing(foreign: str, shown: str) -> None:
    assert printable(foreign) == shown


@given(ANY_TEXT)
@example("\u200d\u0301" * 30)
@example("क" + "\u094d\u200d" * 30)
def test_nothing_that_a_terminal_obeys_is_ever_shown(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert inert(shown) == shown
    shown.encode("utf-8")


@given(ANY_TEXT)
def test_marks_do_not_pile_up(text: str) -> None:
    marks = 0
    for letter in printable(text.replace("a", "\u0301")):
        marks = marks + 1 if unicodedata.category(letter) in ("Mn", "Me") and letter not in "\ufe0e\ufe0f" else 0
        assert marks <= MAX_MARKS


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_is_shown_takes_no_more_room_than_what_came(before: str, after: str) -> None:
    assert len(printable(before + after)) <= len(before + after) + 1


@given(ANY_TEXT)
@example('\x7f\x9b\u202e\ud800\\"\n')
def test_json_says_the_same_and_is_not_obeyed(text: str) -> None:
    coded = escaped(json.dumps([text], ensure_ascii=False))
    assert json.loads(coded) == [text]
    assert inert(coded) == coded
    coded.encode("utf-8")


def test_what_is_laid_out_keeps_its_lines() -> None:
    assert inert("a\n  b\x1b[1m\u202e\ud800") == f"a\n  b{REPLACEMENT}[1m{REPLACEMENT}{REPLACEMENT}"
