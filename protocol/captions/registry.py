"""The caption codecs and their ids, which frames and hellos carry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from protocol.captions import lzw, model_codec, utf8
from protocol.captions.identity import Codebook
from protocol.errors import CaptionError

__all__ = ["CODECS", "Codec", "Coded", "check_codebook", "codebook", "codebooks", "decode", "encode", "name", "newest"]


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded caption.

    `data` is what the frame carries, `bits` how many of its bits the code itself needs, and `ideal_bits` what the
    codec's model says that the caption is worth: -log2 of its probability (a codec without a model: `bits`).
    """

    codec: int
    data: bytes
    bits: int
    ideal_bits: float


@dataclass(frozen=True, slots=True)
class Codec:
    """What a codec does. Both directions take the earlier caption that this one is coded against, or None.

    `encode` returns data, bits and ideal bits. `codebook` tells what a codec with a language model codes with; it may
    take a moment the first time, when the model is read.
    """

    name: str
    encode: Callable[[str, str | None], tuple[bytes, int, float]]
    decode: Callable[[bytes, str | None], str]
    lossless: bool
    codebook: Callable[[], Codebook] | None = None


def _alone(
    name: str, encode: Callable[[str], tuple[bytes, int]], decode: Callable[[bytes], str], lossless: bool
) -> Codec:
    """A codec that has no model and codes every caption by itself."""

    def code(text: str, earlier: str | None) -> tuple[bytes, int, float]:
        data, bits = encode(text)
        return data, bits, float(bits)

    return Codec(name, code, lambda data, earlier: decode(data), lossless)


_REGISTRY = {
    0: _alone("UTF-8", utf8.encode, utf8.decode, lossless=True),
    1: _alone("the article's LZW", lzw.encode, lzw.decode, lossless=False),
    2: Codec("words", model_codec.encode, model_codec.decode, lossless=True, codebook=model_codec.identity),
}
# What a hello lists: every codec that this program decodes.
CODECS = tuple(_REGISTRY)


def encode(text: str, codec: int, earlier: str | None = None) -> Coded:
    """Code a caption, against `earlier` if the codec can; raise `ValueError` if this program has no such codec."""
    return Coded(codec, *_known(codec).encode(text, earlier))


def decode(codec: int, data: bytes, earlier: str | None = None) -> str:
    """Return the caption, `earlier` being what it was coded against.

    Raises `CaptionError` if the codec is unknown or the data damaged.
    """
    if codec not in _REGISTRY:
        raise CaptionError(f"unknown caption codec {codec}")
    return _REGISTRY[codec].decode(data, earlier)


def name(codec: int) -> str:
    """Return what people call the codec; raise `ValueError` if this program has no such codec."""
    return _known(codec).name


def codebook(codec: int) -> Codebook | None:
    """Return what the codec codes with, None for one without a model; raise `ValueError` if there is no such codec."""
    read = _known(codec).codebook
    return None if read is None else read()


def codebooks() -> tuple[Codebook, ...]:
    """Return the codebooks of all codecs, which a hello lists."""
    return tuple(book for book in map(codebook, _REGISTRY) if book is not None)


def newest(codecs: Iterable[int] | None = None, shared: Collection[Codebook] | None = None) -> int:
    """Return the newest lossless codec among `codecs` that needs no codebook beyond `shared`.

    What is None is no limit. At worst it is 0, which everyone has.
    """
    among = _REGISTRY if codecs is None else _REGISTRY.keys() & set(codecs)
    return max((codec for codec in among if _REGISTRY[codec].lossless and _is_shared(codec, shared)), default=0)


def check_codebook(codec: int, theirs: Collection[Codebook]) -> None:
    """Raise `CaptionError` if who codes with `codec` has not the codebook that we would decode with.

    Another codebook would make other words of the same bits, and nobody would notice.
    """
    if codec in _REGISTRY and not _is_shared(codec, theirs):
        raise CaptionError(f"a caption of codec {codec}, coded with a codebook that is not ours")


def _is_shared(codec: int, shared: Collection[Codebook] | None) -> bool:
    book = None if shared is None else codebook(codec)
    return book is None or shared is None or book in shared


def _known(codec: int) -> Codec:
    if codec not in _REGISTRY:
        raise ValueError(f"no caption codec {codec}; there are {list(_REGISTRY)}")
    return _REGISTRY[codec]
