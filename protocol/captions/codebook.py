"""The codebook: the language model that both ends of a call share, as one file.

    magic "PCBK", then one msgpack map:
    id        the codebook's number
    words     the words' tokens in the order of their symbols, from 2 on, one a line
    signs     the signs an unknown word is spelled with
    tables    sigmoid, tanh, powers            (gru.Tables)
    network   embeddings, inputs, ...          (gru.Network)
    counted   n-gram models of tokens          (ngrams.NGrams)
    spelling  the n-gram model of signs
    sources   the kinds of caption             (mixture.Source)

A second file may build on it, for captions of one more kind: the same magic, then

    id        another number
    upon      the number and hash of the codebook that it builds on
    words     pairs: a symbol of it, and the token that it is from now on
    counted   n-gram models after those of it
    sources   in the place of those of it

An array is [element type, shape, packed, bytes]; packed ones are xz, and differences where they are symbols of n-grams.
A codebook is identified by its number and the first bytes of the SHA-256 of its file (`codebook_id`). Nothing here
reads a file: the program that runs the protocol passes the bytes in (`registry.CaptionCodecs`).
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt

from protocol.captions.codebook_id import HASH_BYTES, CodebookId
from protocol.captions.gru import Group, Network, Tables, Weights
from protocol.captions.mixture import TRUST_BITS, Mixture, Source
from protocol.captions.ngrams import TOTAL, Level, NGrams
from protocol.captions.tokens import FAR, NEAR, UNKNOWN

__all__ = ["MAGIC", "Codebook", "array_of", "identity_of", "pack_array"]

MAGIC = b"PCBK"

_BEFORE_WORDS = 2
_BEFORE_SIGNS = 3

# What unpacking something else than a codebook comes to, beside the `ValueError` that most is.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    msgpack.UnpackException,
)

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Codebook:
    """The language model that both ends share, ready for use. It never changes, so that threads may share it."""

    identity: CodebookId
    words: tuple[str, ...]
    symbols: dict[str, int]
    signs: str
    spelling: NGrams
    network: Network
    counted: tuple[NGrams, ...]
    sources: tuple[Source, ...]
    # At the beginning of every caption.
    beginning: Mixture

    @classmethod
    def read(cls, data: bytes) -> Codebook:
        """Return the codebook of a file's bytes. Raises `ValueError` if it is none."""
        if data[: len(MAGIC)] != MAGIC:
            raise ValueError("no codebook: it does not begin as one")
        try:
            model = cls._read(data)
            model._check()
        except _DAMAGE as error:
            raise ValueError(f"a damaged codebook: {error!r}") from error
        return model

    @classmethod
    def _read(cls, data: bytes) -> Codebook:
        parts = msgpack.unpackb(data[len(MAGIC) :])
        network = _network(parts["network"], Tables(*(array_of(table).astype(np.int64) for table in parts["tables"])))
        counted = tuple(map(_ngrams, parts["counted"]))
        sources = tuple(_source(*source) for source in parts["sources"])
        words = tuple(lzma.decompress(parts["words"]).decode().split("\n"))
        return cls(
            identity=_identity(parts, data),
            words=words,
            symbols=_symbols(words),
            signs=parts["signs"],
            spelling=_ngrams(parts["spelling"]),
            network=network,
            counted=counted,
            sources=sources,
            beginning=Mixture.begin(network, counted, sources),
        )

    def _check(self) -> None:
        """Raise `ValueError` if the parts do not fit together: a coder would fail in the middle of a caption."""
        tokens, network = self.tokens, self.network
        ways = {source.way for source in self.sources}
        fit = {
            "words": len(self.symbols) == len(self.words) and network.tokens == tokens,
            "letters": all(isinstance(word, str) for word in self.words),
            "signs": len(self.spelling.below_alone) == self.sign_symbols + 1,
            "n-grams": all(len(model.below_alone) == tokens + 1 for model in self.counted),
            "chances": all(model.below_alone[-1] == TOTAL for model in (self.spelling, *self.counted)),
            "sources": len(self.counted) > 0 and sum(source.prior for source in self.sources) == 1 << TRUST_BITS,
            "ways": all(tokens <= way < network.embeddings for way in ways),
            "shares": all(source.is_complete(len(self.counted)) for source in self.sources),
        }
        wrong = [part for part, fits in fit.items() if not fits]
        if wrong:
            raise ValueError(f"what does not fit: {', '.join(wrong)}")

    def extended(self, data: bytes) -> Codebook:
        """Return the codebook that a second file makes of this one. Raises `ValueError` if it does not fit."""
        if data[: len(MAGIC)] != MAGIC:
            raise ValueError("no codebook: it does not begin as one")
        try:
            model = self._extended(data)
            model._check()
        except _DAMAGE as error:
            raise ValueError(f"a damaged codebook: {error!r}") from error
        return model

    def _extended(self, data: bytes) -> Codebook:
        parts = msgpack.unpackb(data[len(MAGIC) :])
        if CodebookId(*parts["upon"]) != self.identity:
            raise ValueError(f"it builds on another codebook than {self.identity.id}")
        words = list(self.words)
        for symbol, word in parts["words"]:
            words[range(_BEFORE_WORDS, self.tokens).index(symbol)] = word
        counted = (*self.counted, *map(_ngrams, parts["counted"]))
        sources = tuple(_source(*source) for source in parts["sources"])
        return replace(
            self,
            identity=_identity(parts, data),
            words=tuple(words),
            symbols=_symbols(words),
            counted=counted,
            sources=sources,
            beginning=Mixture.begin(self.network, counted, sources),
        )

    @property
    def tokens(self) -> int:
        """How many symbols a token may be."""
        return len(self.words) + _BEFORE_WORDS

    @property
    def sign_symbols(self) -> int:
        """How many symbols a sign of a spelled word may be."""
        return len(self.signs) + _BEFORE_SIGNS

    def symbol_of(self, token: str) -> int:
        """Return the token's symbol: `UNKNOWN` for what must be spelled."""
        return self.symbols.get(token, UNKNOWN)

    def word(self, symbol: int) -> str:
        """Return the token of a symbol that is neither `END` nor `UNKNOWN`."""
        return self.words[symbol - _BEFORE_WORDS]

    def sign_symbol(self, sign: str) -> int:
        """Return how a sign is spelled: as itself, or as `NEAR` or `FAR` and its number."""
        at = self.signs.find(sign)
        if at >= 0:
            return at + _BEFORE_SIGNS
        return NEAR if 0x80 <= ord(sign) < 0x800 else FAR

    def sign(self, symbol: int) -> str:
        """Return the listed sign of a symbol."""
        return self.signs[symbol - _BEFORE_SIGNS]


def identity_of(data: bytes) -> CodebookId:
    """Return which codebook a file holds, without reading the model in it. Raises `ValueError` if it is none."""
    try:
        return _identity(msgpack.unpackb(data[len(MAGIC) :]), data)
    except _DAMAGE as error:
        raise ValueError(f"a damaged codebook: {error!r}") from error


def pack_array(array: Array, *, packed: bool = False) -> list[Any]:
    """Return an array as the file holds it: little end first."""
    plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
    data = plain.tobytes()
    return [plain.dtype.str, list(plain.shape), packed, lzma.compress(data, preset=9) if packed else data]


def _symbols(words: Sequence[str]) -> dict[str, int]:
    return {word: index + _BEFORE_WORDS for index, word in enumerate(words)}


def _identity(parts: dict[str, Any], data: bytes) -> CodebookId:
    return CodebookId(parts["id"], hashlib.sha256(data).digest()[:HASH_BYTES])


def array_of(parts: Sequence[Any]) -> Array:
    """Return the array of what `pack_array` made; raise what numpy and xz raise for anything else."""
    kind, shape, packed, data = parts
    return np.frombuffer(lzma.decompress(data) if packed else data, np.dtype(kind)).reshape(shape)


def _ngrams(parts: Sequence[Any]) -> NGrams:
    """Return the model of these parts.

    `alone` are the intervals' sizes when nothing is known; a level has symbols, steps and entries per context.
    """
    alone, levels = parts
    sizes = array_of(alone).astype(np.int64)
    return NGrams([0, *np.cumsum(sizes).tolist()], [_level(*map(array_of, level)) for level in levels])


def _level(differences: Array, steps: Array, counts: Array) -> Level:
    symbols = np.cumsum(differences, dtype=np.uint16)  # wraps, as the differences did
    return Level.of(symbols.tolist(), steps.tolist(), counts.tolist())


def _network(parts: dict[str, Any], tables: Tables) -> Network:
    arrays = {name: array_of(part) for name, part in parts.items()}

    def weights(name: str) -> Weights:
        return Weights(arrays[name], arrays[f"{name}_multipliers"])

    groups = [
        Group(weights(f"inner{index}"), weights(f"outer{index}")) for index in range(2) if f"inner{index}" in arrays
    ]
    biases = arrays["input_bias"].astype(np.int64), arrays["recurrent_bias"].astype(np.int64)
    return Network(
        arrays["embeddings"], weights("inputs"), weights("recurrent"), biases, weights("head"), groups, tables
    )


def _source(
    prior: int, way: int, sharpness: int, share: int, counted: Sequence[Sequence[int]], styles: Sequence[int]
) -> Source:
    pairs = tuple((int(index), int(part)) for index, part in counted)
    return Source(prior, way, sharpness, share, pairs, tuple(styles))
