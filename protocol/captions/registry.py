"""The caption codecs and their ids, which frames and hellos carry: 0 is UTF-8, 1 the article's LZW, 2 and 3 models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from protocol.captions import lzw, tokens
from protocol.captions.codebook_id import CodebookId
from protocol.captions.model_codec import ModelCodec
from protocol.errors import CaptionError

__all__ = ["CaptionCodecs", "Codec", "Coded"]


# What people call the codecs with a model.
MODELLED = {2: "words", 3: "words and scenes"}


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

    `encode` returns data, bits and ideal bits. `codebook` returns what a codec with a language model codes with.
    """

    name: str
    encode: Callable[[str, str | None], tuple[bytes, int, float]]
    decode: Callable[[bytes, str | None], str]
    lossless: bool
    codebook: Callable[[], CodebookId] | None = None


class CaptionCodecs:
    """The caption codecs of one program, with the codebooks that they code with. Threads may share it.

    `codebook` is the bytes of codec 2's file, `scenes` of codec 3's, which builds on it; without, there is no
    codec 3. They are read when first needed, once (see `ModelCodec`). `more` adds codecs.
    """

    def __init__(self, codebook: bytes, scenes: bytes | None = None, more: Mapping[int, Codec] | None = None) -> None:
        # The codecs with a model, by their ids.
        self.models = {2: ModelCodec(codebook)}
        if scenes is not None:
            self.models[3] = ModelCodec(scenes, upon=self.models[2])
        self._codecs = {
            0: _alone("UTF-8", tokens.to_utf8, tokens.from_utf8, lossless=True),
            1: _alone("the article's LZW", lzw.encode, lzw.decode, lossless=False),
            **{codec: _modelled(MODELLED[codec], model) for codec, model in self.models.items()},
            **(more or {}),
        }
        # What a hello lists: every codec that this program decodes.
        self.ids = tuple(self._codecs)

    def encode(self, text: str, codec: int, earlier: str | None = None) -> Coded:
        """Code a caption, against `earlier` if the codec can; raise `ValueError` if there is no such codec here."""
        return Coded(codec, *self._known(codec).encode(text, earlier))

    def decode(self, codec: int, data: bytes, earlier: str | None = None) -> str:
        """Return the caption, `earlier` being what it was coded against.

        Raises `CaptionError` if the codec is unknown or the data damaged.
        """
        if codec not in self._codecs:
            raise CaptionError(f"unknown caption codec {codec}")
        return self._codecs[codec].decode(data, earlier)

    def name(self, codec: int) -> str:
        """Return what people call the codec; raise `ValueError` if there is no such codec here."""
        return self._known(codec).name

    def codebook(self, codec: int) -> CodebookId | None:
        """Return what the codec codes with, None for one without a model; raise `ValueError` for no codec of ours."""
        identity = self._known(codec).codebook
        return None if identity is None else identity()

    def codebooks(self) -> tuple[CodebookId, ...]:
        """Return the codebooks of all codecs, which a hello lists."""
        return tuple(book for book in map(self.codebook, self._codecs) if book is not None)

    def newest(self, codecs: Iterable[int] | None = None, shared: Collection[CodebookId] | None = None) -> int:
        """Return the newest lossless codec among `codecs` that needs no codebook beyond `shared`.

        What is None is no limit. At worst it is 0, which everyone has.
        """
        return max(self.lossless(codecs, shared), default=0)

    def lossless(
        self, codecs: Iterable[int] | None = None, shared: Collection[CodebookId] | None = None
    ) -> frozenset[int]:
        """Return the lossless codecs among `codecs` that need no codebook beyond `shared`. What is None is no limit."""
        among = self._codecs if codecs is None else self._codecs.keys() & set(codecs)
        return frozenset(codec for codec in among if self._codecs[codec].lossless and self._is_shared(codec, shared))

    def check_codebook(self, codec: int, theirs: Collection[CodebookId]) -> None:
        """Raise `CaptionError` if a peer with the codebooks `theirs` codes with another than we would decode with.

        Another codebook would make other words of the same bits, unnoticed.
        """
        if codec in self._codecs and not self._is_shared(codec, theirs):
            raise CaptionError(f"a caption of codec {codec}, coded with a codebook that is not ours")

    def _is_shared(self, codec: int, shared: Collection[CodebookId] | None) -> bool:
        book = None if shared is None else self.codebook(codec)
        return book is None or shared is None or book in shared

    def _known(self, codec: int) -> Codec:
        if codec not in self._codecs:
            raise ValueError(f"no caption codec {codec}; there are {list(self._codecs)}")
        return self._codecs[codec]


def _modelled(name: str, model: ModelCodec) -> Codec:
    return Codec(name, model.encode, model.decode, lossless=True, codebook=model.identity)


def _alone(
    name: str, encode: Callable[[str], tuple[bytes, int]], decode: Callable[[bytes], str], lossless: bool
) -> Codec:
    """Return a codec that has no model and codes every caption by itself."""

    def code(text: str, earlier: str | None) -> tuple[bytes, int, float]:
        data, bits = encode(text)
        return data, bits, float(bits)

    return Codec(name, code, lambda data, earlier: decode(data), lossless)
