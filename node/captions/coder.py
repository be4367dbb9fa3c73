"""Encoding and decoding of captions beside the event loop: the interface, and an implementation with threads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol

from protocol.captions.registry import CaptionCodecs, Coded

# Of codec 2, and of codec 3 the one that builds on it.
CODEBOOK, SCENES = "captions.codebook", "scenes.codebook"


@cache
def shipped_codecs() -> CaptionCodecs:
    """Return the caption codecs with the codebooks that ship with the package, whose 7 MB are read once.

    Commands get them here, and pass them to whatever codes, reads or negotiates captions.
    """
    folder = files("protocol.captions")
    return CaptionCodecs(folder.joinpath(CODEBOOK).read_bytes(), folder.joinpath(SCENES).read_bytes())


@dataclass(frozen=True, slots=True)
class Caption:
    """A picture's words, and how many bits they took when encoded; None if that was not measured."""

    words: str
    bits: int | None = None


class CaptionCoder(Protocol):
    """Encodes and decodes captions for a node without blocking the event loop, however long that takes."""

    @property
    def codecs(self) -> CaptionCodecs:
        """What it codes with, for what costs no time: a hello, and the choice of a codec."""

    async def encode(self, words: str, codec: int) -> Coded:
        """Encode a caption with one of our codecs."""

    async def decode(self, codec: int, data: bytes, earlier: str | None = None, measure: bool = False) -> Caption:
        """Decode a caption, coded against `earlier` if that is given, and `measure` its bits.

        Raises CaptionError if it is damaged or of an unknown codec; any other error is the caption's fault, too.
        """


class ThreadCoder:
    """Codes in a thread of this process: for few captions, and if no process can be started.

    The interpreter runs one thread at a time, so the loop may wait for each of its turns as long as
    `sys.getswitchinterval` says.
    """

    def __init__(self, codecs: CaptionCodecs) -> None:
        self.codecs = codecs

    async def encode(self, words: str, codec: int) -> Coded:
        """See `CaptionCoder`."""
        return await asyncio.to_thread(self.codecs.encode, words, codec)

    async def decode(self, codec: int, data: bytes, earlier: str | None = None, measure: bool = False) -> Caption:
        """See `CaptionCoder`."""
        return await asyncio.to_thread(read, self.codecs, codec, data, earlier, measure)


def read(codecs: CaptionCodecs, codec: int, data: bytes, earlier: str | None, measure: bool) -> Caption:
    """Decode a caption in this thread. Raises CaptionError."""
    words = codecs.decode(codec, data, earlier)
    return Caption(words, bits_of(codecs, words, codec, data) if measure else None)


def bits_of(codecs: CaptionCodecs, words: str, codec: int, data: bytes) -> int:
    """Return the bits that words took; in whole bytes if they were not coded as this codec would."""
    if codec in codecs.ids:
        coded = codecs.encode(words, codec)
        if coded.data == data:
            return coded.bits
    return 8 * len(data)
