"""Frames of a video."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from node.export.video_frame import SIZE, Tile, draw_frame


@pytest.mark.parametrize("people", [0, 1, 2, 3, 4, 7, 12])
def test_there_is_room_for_everybody(people: int) -> None:
    images = [Image.new("RGB", (64, 48), (20 * number, 0, 250)) for number in range(people)]
    frame = draw_frame([Tile(f"P{number}", True, False, image, "words") for number, image in enumerate(images)])
    assert frame.size == SIZE
    colours = {colour for _, colour in frame.getcolors(1 << 24) or []}
    assert all((20 * number, 0, 250) in colours for number in range(people))


def test_who_is_not_here_is_not_seen() -> None:
    image = Image.new("RGB", (64, 64), (255, 0, 0))
    seen, gone = (draw_frame([Tile("Ann", present, words="a cat", image=image)]) for present in (True, False))
    assert (255, 0, 0) in {colour for _, colour in seen.getcolors(1 << 24) or []}
    assert (255, 0, 0) not in {colour for _, colour in gone.getcolors(1 << 24) or []}


@pytest.mark.parametrize("words", ["", "word " * 500, "x" * 2000, "\n\t\x00", "语言 עברית 🐈"])
def test_any_words_fit(words: str) -> None:
    assert draw_frame([Tile(words, True, True, None, words)]).size == SIZE


def test_words_that_are_made_up_to_be_long_are_drawn_at_once() -> None:
    """Measuring 60,000 letters, one less each time, would take minutes."""
    image = draw_frame(
        [Tile("N" * 60_000, present=True, words="w" * 60_000), Tile("Ben", present=True, words="word " * 12_000)]
    )
    assert image.size == SIZE


def test_a_picture_is_marked_as_painted_unless_it_is_not_wanted() -> None:
    image = Image.new("RGB", (64, 64), (200, 0, 0))
    here = [Tile("Ann", True, image=image), Tile("Ben", True), Tile("Cat", False, image=image)]
    marked, bare = draw_frame(here), draw_frame(here, marked=False)
    left, top, right, bottom = ImageChops.difference(marked, bare).getbbox() or (0, 0, 0, 0)
    assert 100 < right - left < SIZE[0] // 3  # in one picture alone: in its lower right corner
    assert 10 < bottom - top < 40
    assert draw_frame(here[1:]) == draw_frame(here[1:], marked=False)


@pytest.mark.parametrize("people", [1, 2, 7, 20])
def test_the_mark_fits_into_the_smallest_picture(people: int) -> None:
    image = Image.new("RGB", (64, 64), (200, 0, 0))
    assert draw_frame([Tile("P", True, image=image)] * people).size == SIZE
