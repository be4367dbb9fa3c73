"""The caption codecs and their ids, which frames and hellos carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from protocol.captions import lzw, utf8
from protocol.errors import CaptionError

__all__ = ["CODECS", "Coded", "decode", "encode", "newest"]


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded caption: what the frame carries, and how many of those bits the code itself needs."""

    codec: int
    data: bytes
    bits: int


@dataclass(frozen=True, slots=True)
class _Codec:
    encode: Callable[[str], tuple[bytes, int]]
    decode: Callable[[bytes], str]
    lossless: bool


_REGISTRY = {
    0: _Codec(utf8.encode, utf8.decode, lossless=True),
    1: _Codec(lzw.encode, lzw.decode, lossless=False),
}
# What a hello lists: every codec that this program decodes.
CODECS = tuple(_REGISTRY)


def encode(text: str, codec: int) -> Coded:
    """Code a caption; raise `ValueError` if this program has no such codec."""
    if codec not in _REGISTRY:
        raise ValueError(f"no caption codec {codec}; there are {list(_REGISTRY)}")
    data, bits = _REGISTRY[codec].encode(text)
    return Coded(codec, data, bits)


def decode(codec: int, data: bytes) -> str:
    """Return the caption; raise `CaptionError` if the codec is unknown or the data damaged."""
    if codec not in _REGISTRY:
        raise CaptionError(f"unknown caption codec {codec}")
    return _REGISTRY[codec].decode(data)


def newest(common: Iterable[int]) -> int:
    """Return the newest lossless codec of those that all listeners have: at worst 0, which everyone has."""
    known = {codec for codec in common if codec in _REGISTRY and _REGISTRY[codec].lossless}
    return max(known, default=0)
