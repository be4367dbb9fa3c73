"""Which caption codec a room gets: the newest that every peer which takes pictures reads, with the same codebook."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from protocol.captions.codebook_id import CodebookId
from protocol.captions.registry import CaptionCodecs
from protocol.signalling.messages import Carries, Hello

__all__ = ["CodecChoice", "choose_codec", "readable_codecs"]


@dataclass(frozen=True, slots=True)
class CodecChoice:
    """The codec to send with, and for a person why it is not our newest, a line for each peer that cannot read that."""

    codec: int
    reasons: tuple[str, ...] = ()


def choose_codec(codecs: CaptionCodecs, hellos: Collection[Hello]) -> CodecChoice:
    """Choose the newest lossless codec that every receiver of pictures has with our codebook: at worst 0.

    In an empty room it is our newest.
    """
    receivers = [hello for hello in hellos if hello.carries & Carries.PICTURES_IN]
    best, common = codecs.newest(), _common_codec(codecs, receivers)
    return CodecChoice(common, () if common == best else tuple(_reasons(codecs, receivers, best, common)))


def _common_codec(codecs: CaptionCodecs, receivers: Iterable[Hello]) -> int:
    ids: set[int] = set(codecs.ids)
    books: set[CodebookId] = set(codecs.codebooks())
    for hello in receivers:
        ids &= set(hello.codecs)
        books &= set(hello.codebooks)
    return codecs.newest(ids, books)


def _reasons(codecs: CaptionCodecs, receivers: Iterable[Hello], best: int, common: int) -> Iterator[str]:
    how = "plain text" if common == 0 else f"codec {common} ({codecs.name(common)})"
    for hello in receivers:
        if _common_codec(codecs, [hello]) == best:
            continue
        name = hello.name or "someone"
        reason = (
            f"{name}'s codebook differs from ours" if best in hello.codecs else f"{name} lacks caption codec {best}"
        )
        yield f"{reason}: captions to this room go as {how}"


def readable_codecs(codecs: CaptionCodecs, hello: Hello) -> frozenset[int]:
    """Return our lossless codecs that this peer reads with the same codebooks: those that lines to it may go in."""
    return codecs.lossless(hello.codecs, hello.codebooks) | {0}
