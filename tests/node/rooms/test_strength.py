"""Which passphrases are taken."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.rooms import strength
from protocol.errors import UsageError


@pytest.mark.parametrize("phrase", ["otter lamp quartz mild", "correct horse battery staple", "j7#Kq0!pZ2vL9x"])
def test_one_that_nobody_guesses_is_taken(phrase: str) -> None:
    strength.check_strength(phrase)


@pytest.mark.parametrize(
    "phrase",
    ["", " ", "treehouse", "Password123!", "summer2026", "qwertyuiop asdfghjkl", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "room room room room",
     "pictophone call treehouse", "12345678901234567890", "\x00", "ann and bob"],
)  # fmt: skip
def test_one_that_is_tried_first_is_refused_and_not_repeated(phrase: str) -> None:
    with pytest.raises(UsageError, match="too easy to guess") as caught:
        strength.check_strength(phrase)
    assert "\n" not in str(caught.value)
    assert phrase.strip() not in str(caught.value) or len(phrase) < 5 or phrase == "treehouse"


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        strength.check_strength(text)
    except UsageError as error:
        assert "\n" not in str(error)


def test_a_long_one_is_judged_by_its_beginning() -> None:
    began = time.process_time()
    strength.check_strength("otter lamp quartz mild " * 1000)
    assert time.process_time() - began < 20  # zxcvbn would take hours for all of it
