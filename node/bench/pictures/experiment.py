"""The whole experiment on one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.bench.pictures import encodings, thumbnail, words
from node.bench.pictures.ways import SIDES, Way

if TYPE_CHECKING:
    from PIL import Image

    from protocol.captions.registry import CaptionCodecs


@dataclass(frozen=True, slots=True)
class Result:
    """A picture's caption and every way to send it, the costliest kind first.

    ``known`` tells whether the picture is of the world that the captioner was trained on.
    """

    name: str
    caption: str
    ways: tuple[Way, ...]
    known: bool = True


def measure(
    codecs: CaptionCodecs,
    name: str,
    image: Image.Image,
    caption: str,
    painted: Image.Image | None,
    known: bool = True,
) -> Result:
    """Codes the picture every way; takes a second or two. ``painted`` is what the generator made of the caption."""
    found = [*encodings.ways(image)]
    if "WebP" not in encodings.missing() and (small := thumbnail.way(image)) is not None:
        found.append(small)
    return Result(name, caption, (*found, *words.ways(codecs, caption, painted)), known)


def as_dict(result: Result) -> dict[str, Any]:
    """For programs."""
    ways = [_way(way) for way in result.ways]
    return {"file": result.name, "caption": result.caption, "known": result.known, "ways": ways}


def _way(way: Way) -> dict[str, Any]:
    figures: dict[str, Any] = {"name": way.name, "note": way.note}
    for side, bits, ratio in zip(SIDES, way.bits, way.ratios, strict=True):
        figures |= {f"bits_{side}": bits, f"ratio_{side}": round(ratio, 1)}
    return figures
