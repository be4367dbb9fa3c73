"""The experiment: a picture in every encoding, and the article's own sentence beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from node.bench.pictures import encodings
from node.bench.pictures.encodings import SIDES, Encoding, raw_bits
from protocol.captions.registry import CaptionCodecs

if TYPE_CHECKING:
    from PIL import Image

SENTENCE = "a cat sitting on top of a wooden bench"


@dataclass(frozen=True, slots=True)
class PictureResult:
    """A picture's caption and every encoding of the picture, the costliest kind first.

    `known` is whether the picture is of the world that the captioner was trained on.
    """

    name: str
    caption: str
    encodings: tuple[Encoding, ...]
    known: bool = True


@dataclass(frozen=True, slots=True)
class Article:
    """The article's sentence in both codecs. The bits of the article's are measured again, by codec 1."""

    theirs: Encoding
    ours: Encoding

    @property
    def their_ratios(self) -> tuple[int, ...]:
        """As the article reckons: the ratio at the smaller side, rounded, times how many more pixels there are."""
        small = round(self.theirs.ratios[0])
        return tuple(small * raw_bits(side) // raw_bits(SIDES[0]) for side in SIDES)


def measure_picture(
    codecs: CaptionCodecs, name: str, image: Image.Image, caption: str, painted: Image.Image | None, known: bool = True
) -> PictureResult:
    """Encode a picture every way, which takes a second or two. `painted` is what the generator made of the caption."""
    found = [*encodings.as_files(image)]
    if "WebP" not in encodings.missing() and (small := encodings.as_thumbnail(image)) is not None:
        found.append(small)
    return PictureResult(name, caption, (*found, *encodings.as_captions(codecs, caption, painted)), known)


def measure_article(codecs: CaptionCodecs, painted: Image.Image | None = None) -> Article:
    """Encode the article's sentence, of which the generator made `painted`."""
    return Article(*encodings.as_captions(codecs, SENTENCE, painted))


def as_dict(result: PictureResult) -> dict[str, Any]:
    """Return a picture's figures for programs."""
    ways = [_encoding_as_dict(encoding) for encoding in result.encodings]
    return {"file": result.name, "caption": result.caption, "known": result.known, "ways": ways}


def _encoding_as_dict(encoding: Encoding) -> dict[str, Any]:
    figures: dict[str, Any] = {"name": encoding.name, "note": encoding.note}
    for side, bits, ratio in zip(SIDES, encoding.bits, encoding.ratios, strict=True):
        figures |= {f"bits_{side}": bits, f"ratio_{side}": round(ratio, 1)}
    return figures


def article_as_dict(article: Article) -> dict[str, Any]:
    """Return the sentence's figures for programs."""
    return {
        "sentence": SENTENCE,
        "article": _ratios_as_dict(article.theirs, article.their_ratios),
        "ours": _ratios_as_dict(article.ours, article.ours.ratios) | {"note": article.ours.note},
    }


def _ratios_as_dict(encoding: Encoding, ratios: tuple[float, ...]) -> dict[str, Any]:
    named = {f"ratio_{side}": round(ratio, 1) for side, ratio in zip(SIDES, ratios, strict=True)}
    return {"bits": encoding.bits[0]} | named
