"""From words to a room."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.passphrase import MEMORY_KIB, normal_form, secret_of

GOLDEN = "69cd6b1d284fbb30b9d9c4167d74b591"


def test_the_same_words_make_the_same_room_for_ever() -> None:
    began = time.perf_counter()
    assert secret_of("otter lamp quartz mild").reveal().hex() == GOLDEN
    print(f"a passphrase takes {time.perf_counter() - began:.2f} s and {MEMORY_KIB >> 10} MiB")
    assert secret_of("otter lamp quartz mile").reveal().hex() != GOLDEN


@pytest.mark.parametrize("said", ["Otter  lamp QUARTZ mild", " otter lamp quartz mild\n", "ｏtter lamp\tquartz mild"])
def test_capitals_and_spaces_make_no_difference(said: str) -> None:
    assert normal_form(said) == "otter lamp quartz mild"


def test_accents_are_the_same_however_they_are_typed() -> None:
    assert normal_form("cafe\u0301") == normal_form("caf\u00e9")


@given(st.text())
def test_the_normal_form_is_its_own(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)
