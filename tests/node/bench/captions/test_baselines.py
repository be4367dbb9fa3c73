"""Other compressors, as far as their packages are installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from node.bench.captions.baselines import BASELINES, Baseline
from node.bench.captions.comparison import scene_captions

SENTENCE = "a cat sitting on top of a wooden bench"
LEARNED = scene_captions(400, 1)
BY_NAME = {baseline.name: baseline for baseline in BASELINES}


def size_of(name: str, text: str, lines: Sequence[str] = LEARNED) -> int:
    size = BY_NAME[name].ready(lines)
    if size is None:
        pytest.skip(f"needs the package {BY_NAME[name].package}")
    return size(text)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("zlib", 36, 42),
        ("brotli", 30, 42),
        ("zstd + dictionary", 8, 32),
        ("PPMd primed", 1, 10),
        ("unishox2", 18, 26),
        ("smaz", 16, 24),
    ],
)
def test_the_articles_sentence_takes_about_so_many_bytes(name: str, least: int, most: int) -> None:
    assert least <= size_of(name, SENTENCE) <= most


@pytest.mark.parametrize("name", BY_NAME)
def test_any_text_has_a_size(name: str) -> None:
    for text in ("", "é 🐈 سلام", "x" * 2000):
        assert 0 <= size_of(name, text) <= 2100


@pytest.mark.parametrize("name", ["zstd + dictionary", "PPMd primed"])
def test_learning_helps_and_too_little_to_learn_from_is_no_failure(name: str) -> None:
    assert size_of(name, SENTENCE) < size_of(name, SENTENCE, ["x"]) <= 50


@pytest.mark.parametrize("name", BY_NAME)
def test_a_size_does_not_depend_on_what_was_measured_before(name: str) -> None:
    size = BY_NAME[name].ready(LEARNED)
    if size is None:
        pytest.skip(f"needs the package {BY_NAME[name].package}")
    first = size(SENTENCE)
    size("a dog")
    assert size(SENTENCE) == first


def test_a_package_that_is_missing_is_no_failure() -> None:
    def learn(module: Any, lines: Sequence[str]) -> Any:
        raise AssertionError("there is nothing to learn with")

    assert Baseline("none", "no_such_package", learn).ready([]) is None
