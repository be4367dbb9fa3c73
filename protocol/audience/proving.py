"""Whose speech it is: messages wait for the checkpoint that proves them, two seconds at most.

Everybody with the link can seal a message, under any number, and before the speaker does. So of each number all that
came wait side by side, and a checkpoint says which of them the speaker said. What it contradicts is forged, and what
none speaks of in two seconds is unproven; neither is ever played.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from protocol.audience.checkpoint import Checkpoint, digest_of
from protocol.audience.speech_message import SpeechMessage
from protocol.errors import SealError

__all__ = ["PROVEN_WITHIN_S", "Doubt", "Doubtful", "Proven", "Proving"]

PROVEN_WITHIN_S: Final = 2.0
# Eight who talk at once make 34 messages a second. What is beyond is a listener's flood, which can drown speech out and
# never speak: half a megabyte is kept of it.
MOST_WAITING: Final = 1024
# Proofs reach eight messages back; a broker that mixes the order of a topic mixes this many.
_REMEMBERED = 256


class Doubt(StrEnum):
    """Why a message is not played."""

    FORGED = "forged"  # the speaker said something else under its number
    UNPROVEN = "unproven"  # no checkpoint speaks of it


class Doubtful(NamedTuple):
    """A message that is not played."""

    number: int
    member: int
    doubt: Doubt


class Proven(NamedTuple):
    """A message that is the speaker's, and when it came."""

    number: int
    message: SpeechMessage
    arrived: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    number: int
    digest: bytes
    message: SpeechMessage
    arrived: float

    @property
    def key(self) -> tuple[int, bytes]:
        return self.number, self.digest


class Proving:
    """The messages of one session that wait, from the number `first` on. `now` is in seconds."""

    def __init__(self, first: int) -> None:
        self.next = first
        self._first = first
        self._waiting: dict[tuple[int, bytes], _Candidate] = {}
        self._proofs: dict[int, bytes] = {}
        self._played: set[tuple[int, bytes]] = set()
        self._settled: list[Proven | Doubtful] = []

    def add(self, number: int, content: bytes, message: SpeechMessage, now: float) -> None:
        """Take a message that opened; raise `SealError` for one that came before, or is of before `first`."""
        candidate = _Candidate(number, digest_of(number, content), message, now)
        if number < self._oldest or candidate.key in self._waiting or candidate.key in self._played:
            raise SealError("speech that came before")
        if len(self._waiting) >= MOST_WAITING:
            raise SealError("more speech than a stage can say: somebody with the link floods it")
        self._waiting[candidate.key] = candidate
        self._judge(candidate)

    def prove(self, checkpoint: Checkpoint) -> None:
        """Believe a checkpoint, whose signature was checked."""
        self._proofs |= checkpoint.proven
        self.next = max(self.next, checkpoint.number + 1)
        for candidate in sorted(self._waiting.values(), key=lambda candidate: candidate.number):
            self._judge(candidate)
        self._proofs = {number: digest for number, digest in self._proofs.items() if number >= self._oldest}
        self._played = {(number, digest) for number, digest in self._played if number >= self._oldest}

    def settled(self, now: float) -> list[Proven | Doubtful]:
        """Return what is proven, in the order of numbers, and what is not and waits no longer."""
        for candidate in list(self._waiting.values()):
            if now < candidate.arrived + PROVEN_WITHIN_S:
                break
            self._settle(candidate, Doubtful(candidate.number, candidate.message.member, Doubt.UNPROVEN))
        settled, self._settled = self._settled, []
        return settled

    def _judge(self, candidate: _Candidate) -> None:
        """Settle a message of which a checkpoint speaks."""
        number, message = candidate.number, candidate.message
        if (proof := self._proofs.get(number)) is None:
            return
        if proof == candidate.digest:
            self._played.add(candidate.key)
            self._settle(candidate, Proven(number, message, candidate.arrived))
        else:
            self._settle(candidate, Doubtful(number, message.member, Doubt.FORGED))

    def _settle(self, candidate: _Candidate, outcome: Proven | Doubtful) -> None:
        del self._waiting[candidate.key]
        self._settled.append(outcome)

    def deadline(self) -> float | None:
        """Return when something has waited long enough."""
        first = next(iter(self._waiting.values()), None)
        return None if first is None else first.arrived + PROVEN_WITHIN_S

    @property
    def _oldest(self) -> int:
        return max(self._first, self.next - _REMEMBERED)
