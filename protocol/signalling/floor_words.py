"""The words by which members agree on who has the floor, and their bytes.

    kind  message  fields
    5     floor    word, number of the claim that it is about, rank, holder

A word goes from one member to one other: sealed on the topic that the other alone reads, as a signal, and over their
link in an RTCP packet of the application's (`protocol.rtp.app_packet`). The same bytes by both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from protocol import envelope
from protocol.errors import SignalError
from protocol.signalling.news import MAX_NODE_BYTES

__all__ = ["KIND", "MAX_WORD_BYTES", "RANK_BITS", "FloorWord", "Word", "decode", "encode", "is_word"]

KIND = 5
# Of one call; a person who asks once a second uses them up in 136 years.
NUMBER_BITS = 32
# Two that ask at once have the same rank once in 65,536 times: then their node ids decide.
RANK_BITS = 16
# Array, kind, word, number, rank, holder; and room for fields to come.
MAX_WORD_BYTES = 64


class Word(IntEnum):
    """What a word says; `number` is that of the sender's own claim, but for the answers: there it is the receiver's."""

    ASK = 0  # the sender asks for the floor
    GRANT = 1  # the receiver may have it, as far as the sender knows
    HOLD = 2  # the sender has it, and renews that every second
    BUSY = 3  # the receiver may not have it, or no longer: `holder` has it
    FREE = 4  # the sender asks no more, or has it no more


@dataclass(frozen=True, slots=True)
class FloorWord:
    """One word. The smaller `rank` wins where two ask at once; `holder` is the node that has the floor, or "".

    Raises ValueError for numbers and texts that do not fit.
    """

    word: Word
    number: int
    rank: int = 0
    holder: str = ""

    def __post_init__(self) -> None:
        envelope.bounded_int("number", self.number, NUMBER_BITS)
        envelope.bounded_int("rank", self.rank, RANK_BITS)
        envelope.bounded_text("holder", self.holder, MAX_NODE_BYTES)


def encode(word: FloorWord) -> bytes:
    """Return the bytes of one word: 4 to 15, without fields at the end that say nothing."""
    fields: list[object] = [int(word.word), word.number, word.rank, word.holder]
    while not fields[-1] and len(fields) > 2:
        fields.pop()
    return envelope.pack(KIND, fields)


def is_word(data: bytes) -> bool:
    """Return whether a signal is a word of the floor, by its kind; it may still be one that cannot be read."""
    return len(data) >= 2 and data[0] & 0xF0 == 0x90 and data[1] == KIND


def decode(data: bytes) -> FloorWord:
    """Read one word; raise `SignalError`, or `VersionError` if a newer version wrote it."""
    try:
        kind, fields = envelope.unpack(data, MAX_WORD_BYTES)
        if kind != KIND:
            raise ValueError(f"kind {kind} is no word of the floor")
        return _word(*fields[:4])
    except (TypeError, ValueError) as error:
        raise SignalError(f"not a word of the floor: {error}") from None


def _word(word: Any, number: Any, rank: Any = 0, holder: Any = "") -> FloorWord:
    code = envelope.bounded_int("word", word, bits=8)
    if code >= len(Word):
        raise ValueError(f"unknown word {code}")
    return FloorWord(Word(code), number, rank, holder)
