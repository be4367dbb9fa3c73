"""Codes captions and reads coded ones beside the event loop: what does it, and what it gives back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from protocol.captions import registry
from protocol.captions.registry import Coded


@dataclass(frozen=True, slots=True)
class Caption:
    """A picture's words, and how many bits of code they took; None where nobody wanted to know."""

    words: str
    bits: int | None = None


class CaptionCoder(Protocol):
    """Codes and reads captions for a node, however long that takes, while the event loop goes on."""

    async def encode(self, words: str, codec: int) -> Coded:
        """Code a caption with one of our codecs."""

    async def decode(self, codec: int, data: bytes, earlier: str | None = None, measure: bool = False) -> Caption:
        """Read a caption, coded against `earlier` if that is given, and `measure` its bits.

        Raises CaptionError if it is damaged or of an unknown codec; whatever else it raises, the caption is to blame.
        """


class ThreadCoder:
    """Codes in a thread of this process: for whoever codes seldom, and where no process can be had.

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
    """Read a coded caption, here and now. Raises CaptionError."""
    words = registry.decode(codec, data, earlier)
    return Caption(words, bits_of(words, codec, data) if measure else None)


def bits_of(words: str, codec: int, data: bytes) -> int:
    """Return the bits that words took; in whole bytes where they were coded as nobody here would code them."""
    if codec in registry.CODECS:
        coded = registry.encode(words, codec)
        if coded.data == data:
            return coded.bits
    return 8 * len(data)
