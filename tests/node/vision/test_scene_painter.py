from __future__ import annotations

from PIL import Image

from node.vision.card import draw_card, write_beneath
from node.vision.scene_painter import ScenePainter, how_painted
from node.vision.types import Prompt

BENCH = "a cat sitting on top of a wooden bench"
PAINTED = Image.new("RGB", (64, 64), "#802020")


class CountingPainter:
    """Keeps what it was given to paint."""

    size = 64

    def __init__(self) -> None:
        self.painted: list[tuple[str, int, bytes]] = []
        self.between: list[tuple[Prompt, Prompt, float]] = []

    def paint(self, text: str, seed: int, look: bytes = b"") -> Image.Image:
        self.painted.append((text, seed, look))
        return PAINTED

    def paint_between(self, before: Prompt, after: Prompt, share: float) -> Image.Image:
        self.between.append((before, after, share))
        return PAINTED


def test_a_scene_is_painted_in_the_canonical_words() -> None:
    inner = CountingPainter()
    assert ScenePainter(inner).paint("A cat sits on the bench.", 7, b"look") == PAINTED
    assert inner.painted == [(BENCH, 7, b"look")]


def test_other_words_are_written_on_a_card() -> None:
    inner = CountingPainter()
    painter = ScenePainter(inner)
    assert painter.paint("Eine Katze sitzt auf dem Sofa", 7) == draw_card("Eine Katze sitzt auf dem Sofa", 7, 64)
    assert painter.size == 64
    assert inner.painted == []


def test_the_rest_is_written_beneath_the_known_part() -> None:
    inner = CountingPainter()
    text = "a cat sitting on a bench and a motorcycle"
    assert ScenePainter(inner).paint(text, 7) == write_beneath(PAINTED, "and a motorcycle")
    assert inner.painted == [(BENCH, 7, b"")]


def test_two_scenes_are_morphed_by_the_painter() -> None:
    inner = CountingPainter()
    before, after = Prompt("a cat sitting on a bench", 1, b"x"), Prompt("a dog sleeping on a sofa", 2, b"y")
    assert ScenePainter(inner).paint_between(before, after, 0.25) == PAINTED
    assert inner.between == [(Prompt(BENCH, 1, b"x"), Prompt("a dog sleeping on top of a sofa", 2, b"y"), 0.25)]


def test_a_card_fades_into_a_picture() -> None:
    inner = CountingPainter()
    painter, before, after = ScenePainter(inner), Prompt("a pizza", 1), Prompt(BENCH, 2)
    card = draw_card("a pizza", 1, 64)
    assert painter.paint_between(before, after, 0) == card
    assert painter.paint_between(before, after, 1) == PAINTED
    assert painter.paint_between(before, after, 0.5) == Image.blend(card, PAINTED, 0.5)
    assert len(inner.painted) == 1  # once for all shares
    assert inner.between == []


def test_a_line_says_how_words_are_painted() -> None:
    assert how_painted(BENCH) is None
    assert "on a card" in (how_painted("a pizza") or "")
    line = how_painted("a cat sitting on a bench and a pizza") or ""
    assert BENCH in line
    assert "'and a pizza'" in line
