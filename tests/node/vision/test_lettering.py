from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.vision import lettering
from node.vision.lettering import MISSING, OTHER_SCRIPT, fit

BOX = (200, 200, 44, 14)


@pytest.fixture
def no_system_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lettering, "FONTS", ())
    yield


def test_few_words_are_large_and_many_small() -> None:
    few, many = fit("a cat", *BOX), fit("a cat and " * 12, *BOX)
    assert few.size == 44
    assert 14 <= many.size < 30
    assert many.height <= 200
    assert max(map(many.font.getlength, many.lines)) <= 200


def test_a_word_is_not_broken_if_smaller_letters_fit() -> None:
    assert fit("a motorcycle", 180, 200, 44, 14).lines == ("a", "motorcycle")
    assert "".join(fit("x" * 60, *BOX).lines) == "x" * 60


def test_what_never_fits_ends_in_an_ellipsis() -> None:
    laid = fit("much more than fits " * 40, *BOX)
    assert laid.size == 14
    assert laid.lines[-1].endswith("...")
    assert laid.height <= 200
    assert max(map(laid.font.getlength, laid.lines)) <= 200


@pytest.mark.usefixtures("no_system_fonts")
def test_without_a_system_font_no_letter_is_a_box() -> None:
    assert fit("Käse, Straße, Łódź, crème brûlée", *BOX).lines == fit("Kase, Strasse, Lodz, creme brulee", *BOX).lines
    assert " ".join(fit("a cat 🐈 on a sofa", *BOX).lines) == f"a cat {MISSING} on a sofa"
    for text in ("кошка сидит на диване", "一只猫坐在沙发上", "قطة تجلس", "🐈🛋"):
        assert " ".join(fit(text, *BOX).lines) == OTHER_SCRIPT


def test_scripts_that_need_shaping_are_not_written_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lettering._has.cache_clear()
    monkeypatch.setattr(lettering, "_can_shape", lambda: False)
    assert " ".join(fit("قطة تجلس", *BOX).lines) == OTHER_SCRIPT
    lettering._has.cache_clear()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_fits(text: str) -> None:
    assert fit(text, *BOX).height <= 200
