"""Drawing of the heads of the four-legged animals, from the front; and the colours of a coat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.vision.scenes.paint import Canvas, Colour, darker, lighter
from node.vision.scenes.world import CreatureKind

INK: Colour = (36, 30, 40)


@dataclass(frozen=True, slots=True)
class Coat:
    """An animal's colours; `marks` is None if it is of a single colour."""

    base: Colour
    light: Colour
    marks: Colour | None

    @property
    def shade(self) -> Colour:
        """Return the colour of the parts in shadow."""
        return darker(self.base, 0.16)

    @property
    def dark(self) -> bool:
        """Return whether lines on the coat have to be lighter than it."""
        return sum(self.base) < 240

    @property
    def mane(self) -> Colour:
        """Return the colour of a horse's mane and tail."""
        return self.line if self.marks is None else (72, 48, 40)

    @property
    def line(self) -> Colour:
        """Return a colour that contrasts with the coat: lighter on black, darker on any other."""
        return lighter(self.base, 0.35) if self.dark else darker(self.base, 0.4)


def _eyes(canvas: Canvas, spread: float, y: float, closed: bool, coat: Coat, iris: Colour | None = None) -> None:
    for side in (-1, 1):
        x = side * spread
        if closed:
            canvas.arc(x, y, 6, 4.5, (15, 165), 3, coat.line if coat.dark else INK)
            continue
        canvas.ellipse(x, y, 7.4, 8, iris or (255, 255, 255))
        canvas.ellipse(x, y, 3.4 if iris else 5, 6.6 if iris else 6, INK)
        canvas.ellipse(x + 1.8, y - 2.6, 1.7, 1.7, (255, 255, 255))


def _cat_head(head: Canvas, coat: Coat, closed: bool) -> None:
    for side in (-1, 1):
        head.polygon([(side * 34, -2), (side * 33, -44), (side * 5, -26)], coat.base)
        head.polygon([(side * 28, -12), (side * 28.5, -34), (side * 13, -24)], (246, 160, 160))
    head.ellipse(0, 0, 36, 30, coat.base)
    if coat.marks:
        for x in (-10, 0, 10):
            head.line([(x, -28), (x * 0.7, -16)], 4.5, coat.marks)
        for side in (-1, 1):
            head.line([(side * 34, 2), (side * 25, 4)], 4, coat.marks)
    head.ellipse(-7, 13, 10, 8, coat.light)
    head.ellipse(7, 13, 10, 8, coat.light)
    _eyes(head, 15, -3, closed, coat, (150, 214, 90))
    head.polygon([(-5, 6), (5, 6), (0, 12)], (240, 120, 130))
    for side in (-1, 1):
        for tilt in (-3, 3):
            head.line([(side * 17, 13 + tilt), (side * 42, 11 + tilt * 2.4)], 1.8, coat.line)


def _dog_head(head: Canvas, coat: Coat, closed: bool) -> None:
    ear = coat.marks or coat.shade
    head.ellipse(0, 0, 32, 32, coat.base)
    if coat.marks:
        head.ellipse(15, -5, 14, 17, coat.marks)
    for side in (-1, 1):
        head.blob([(side * 20, -30), (side * 40, -22), (side * 47, 12), (side * 36, 24), (side * 27, 2)], ear)
        head.arc(side * 34, 0, 12, 22, (110, 130) if side > 0 else (50, 70), 2, coat.line)
    head.ellipse(0, 15, 17, 14, coat.light)
    _eyes(head, 13, -6, closed, coat)
    head.ellipse(0, 8, 8, 6, INK)
    head.line([(0, 12), (0, 18)], 2.2, INK)
    if not closed:
        head.ellipse(0, 24, 6, 8, (238, 104, 120))
    head.arc(0, 16, 9, 5, (15, 165), 2.4, INK)


def _horse_head(head: Canvas, coat: Coat, closed: bool) -> None:
    for side in (-1, 1):
        head.polygon([(side * 10, -28), (side * 22, -50), (side * 27, -18)], coat.base)
    head.blob([(0, -36), (24, -26), (24, 2), (17, 34), (0, 40), (-17, 34), (-24, 2), (-24, -26)], coat.base)
    if coat.marks:
        head.blob([(0, -20), (6, -8), (6, 20), (0, 26), (-6, 20), (-6, -8)], coat.marks)
    head.ellipse(0, 31, 20, 15, coat.light)
    for side in (-1, 1):
        head.ellipse(side * 8, 29, 3.4, 4.4, INK)
    _eyes(head, 17, -8, closed, coat)
    head.blob([(-10, -38), (0, -50), (12, -38), (9, -18), (2, -24), (-5, -14)], coat.mane)
    head.arc(0, 36, 8, 4, (20, 160), 2.2, INK)


def _teddy_head(head: Canvas, coat: Coat, closed: bool) -> None:
    for side in (-1, 1):
        head.ellipse(side * 27, -24, 15, 15, coat.base)
        head.ellipse(side * 27, -24, 8.5, 8.5, coat.light)
    head.ellipse(0, 0, 36, 31, coat.base)
    head.ellipse(0, 12, 18, 14, coat.light)
    for side in (-1, 1):
        if closed:
            head.arc(side * 15, -5, 6, 4.5, (15, 165), 3, coat.line if coat.dark else INK)
        else:
            head.ellipse(side * 15, -5, 5.4, 5.4, (250, 236, 190) if coat.dark else INK)
            head.ellipse(side * 15 + 1.6, -6.8, 1.7, 1.7, (255, 255, 255))
    head.ellipse(0, 7, 7, 5, INK)
    head.line([(0, 10), (0, 17)], 2.2, INK)
    head.arc(0, 14, 8, 6, (20, 160), 2.4, INK)


HEADS: dict[CreatureKind, Callable[[Canvas, Coat, bool], None]] = {
    CreatureKind.CAT: _cat_head,
    CreatureKind.DOG: _dog_head,
    CreatureKind.HORSE: _horse_head,
    CreatureKind.TEDDY: _teddy_head,
}
