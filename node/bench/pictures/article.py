"""The article's own sentence: its figures, and ours beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.bench.pictures import words
from node.bench.pictures.ways import SIDES, Way, raw_bits

if TYPE_CHECKING:
    from PIL import Image

    from protocol.captions.registry import CaptionCodecs

SENTENCE = "a cat sitting on top of a wooden bench"


@dataclass(frozen=True, slots=True)
class Article:
    """The sentence both ways. The first way's bits are measured anew, by codec 1."""

    theirs: Way
    ours: Way

    @property
    def their_ratios(self) -> tuple[int, ...]:
        """As the article reckons: the ratio at the smaller side, rounded, times how many more pixels there are."""
        small = round(self.theirs.ratios[0])
        return tuple(small * raw_bits(side) // raw_bits(SIDES[0]) for side in SIDES)


def article(codecs: CaptionCodecs, painted: Image.Image | None = None) -> Article:
    """The sentence, coded."""
    return Article(*words.ways(codecs, SENTENCE, painted))


def as_dict(done: Article) -> dict[str, Any]:
    """For programs."""
    return {
        "sentence": SENTENCE,
        "article": _figures(done.theirs, done.their_ratios),
        "ours": _figures(done.ours, done.ours.ratios) | {"note": done.ours.note},
    }


def _figures(way: Way, ratios: tuple[float, ...]) -> dict[str, Any]:
    return {"bits": way.bits[0]} | {f"ratio_{side}": round(ratio, 1) for side, ratio in zip(SIDES, ratios, strict=True)}
