"""Encoding and decoding of captions beside the event loop: the interface, and an implementation with threads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from protocol.captions import registry
from protocol.captions.registry import Coded


@dataclass(frozen=True, slots=True)
class Caption:
    """A picture's words, and how many bits they took when encoded; None if that was not measured."""

    words: str
    bits: int | None = None


class CaptionCoder(Protocol):
    """Encodes and decodes captions for a node without blocking the event loop, however long that takes."""

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

    async def encode(self, words: str, codec: int) -> Coded:
        """See `CaptionCoder`."""
        return await asyncio.to_thread(registry.encode, words, codec)

    async def decode(self, codec: int, data: bytes, earlier: str | None = None, measure: bool = False) -> Caption:
        """See `CaptionCoder`."""
        return await asyncio.to_thread(read, codec, data, earlier, measure)


def read(codec: int, data: bytes, earlier: str | None, measure: bool) -> Caption:
    """Decode a caption in this thread. Raises CaptionError."""
    words = registry.decode(codec, data, earlier)
    return Caption(words, bits_of(words, codec, data) if measure else None)


def bits_of(words: str, codec: int, data: bytes) -> int:
    """Return the bits that words took; in whole bytes if they were not coded as this codec would."""
    if codec in registry.CODECS:
        coded = registry.encode(words, codec)
        if coded.data == data:
            return coded.bits
    return 8 * len(data)
