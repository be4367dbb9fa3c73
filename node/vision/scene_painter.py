"""A painter of drawn scenes that knows what it does not know.

What the drawn world's grammar covers is painted. Other words are written: on a card, or, where they begin with a whole
scene, beneath its picture. So no picture ever shows what its words do not say.
"""

from __future__ import annotations

from typing import Protocol

from PIL import Image

from node.vision.card import draw_card, write_beneath
from node.vision.scenes.reading import coverage
from node.vision.types import Prompt


class Painter(Protocol):
    """What paints words as pictures: a `Generator`, or one with a `ScenePainter` before it."""

    @property
    def size(self) -> int: ...

    def paint(self, text: str, seed: int, look: bytes = b"") -> Image.Image: ...

    def paint_between(self, before: Prompt, after: Prompt, share: float) -> Image.Image: ...


class ScenePainter:
    """Paints what of the words the drawn world covers with `painter`, and writes the others."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._ends: dict[Prompt, Image.Image] = {}

    @property
    def size(self) -> int:
        """See Generator.size."""
        return self._painter.size

    def paint(self, text: str, seed: int, look: bytes = b"") -> Image.Image:
        """Paint or write the text: RGB, `size` x `size`. A card has no look. Raises LookError like Generator.paint."""
        covered = coverage(text)
        if not covered.known:
            return draw_card(covered.rest, seed, self.size)
        picture = self._painter.paint(covered.known, seed, look)
        return write_beneath(picture, covered.rest) if covered.rest else picture

    def paint_between(self, before: Prompt, after: Prompt, share: float) -> Image.Image:
        """Paint an intermediate of two pictures; where words are written on one, they fade into each other."""
        start, end = (_known(prompt) for prompt in (before, after))
        if start is not None and end is not None:
            return self._painter.paint_between(start, end, share)
        self._ends = {end: self._ends.get(end) or self.paint(*end) for end in (before, after)}
        return Image.blend(self._ends[before], self._ends[after], share)


def _known(prompt: Prompt) -> Prompt | None:
    """Return the prompt in the painter's own wording; None if words of it have to be written."""
    covered = coverage(prompt.text)
    return prompt._replace(text=covered.known) if covered.known and not covered.rest else None


def how_painted(text: str) -> str | None:
    """Return a line about what of the text is painted by a `ScenePainter`; None if all of it is."""
    covered = coverage(text)
    if not covered.known:
        return "these words are written on a card: the embedded painter knows drawn scenes alone"
    return f"painted is {covered.known!r}; written beneath is {covered.rest!r}" if covered.rest else None
