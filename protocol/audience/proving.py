"""Whose speech it is: messages wait for the checkpoint that proves them, two seconds at most.

Everybody with the link can seal a message, under any number, and before the speaker does. So of each number all that
came wait side by side, and a checkpoint says which of them the speaker said. What it contradicts is forged, and what
none speaks of in two seconds is unproven; neither is ever played.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from protocol.audience.checkpoint import Checkpoint, digest_of
from protocol.audience.speech_message import SpeechMessage
from protocol.errors import SealError

__all__ = ["PROVEN_WITHIN_S", "Doubt", "Doubtful", "Proven", "Proving"]

PROVEN_WITHIN_S: Final = 2.0
# Eight who talk at once make 34 messages a second; what is beyond is a listener's flood. So much of it is kept that the
# speaker's messages wait beside 8,000 forged ones a second, more than a client reads: some 10 MB, and at most 16 of
# packets. Only what floods more than that drowns speech out.
MOST_WAITING: Final = 16_384
MOST_BYTES: Final = 1 << 24
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
    size: int
    message: SpeechMessage
    arrived: float


class Proving:
    """The messages of one session that wait, from the number `first` on. `now` is in seconds.

    `next` is the number after the newest that is known to be the speaker's, by a checkpoint or an announcement.
    """

    def __init__(self, first: int) -> None:
        self.next = first
        self._first = first
        self._waiting: dict[int, dict[bytes, _Candidate]] = {}
        self._arrivals: deque[_Candidate] = deque()
        self._messages = self._bytes = 0
        self._proofs: dict[int, bytes] = {}
        self._played: dict[int, bytes] = {}
        self._settled: list[Proven | Doubtful] = []

    def add(self, number: int, content: bytes, message: SpeechMessage, now: float) -> None:
        """Take a message that opened; raise `SealError` for one that came before, or is of before `first`."""
        digest = digest_of(number, content)
        if number < self._oldest or digest in self._waiting.get(number, ()) or self._played.get(number) == digest:
            raise SealError("speech that came before")
        if self._messages >= MOST_WAITING or self._bytes + len(content) > MOST_BYTES:
            raise SealError("more speech than a stage can say: somebody with the link floods it")
        candidate = _Candidate(number, digest, len(content), message, now)
        self._waiting.setdefault(number, {})[digest] = candidate
        self._messages += 1
        self._bytes += candidate.size
        if not self._judge(candidate):
            self._arrivals.append(candidate)

    def prove(self, checkpoint: Checkpoint) -> None:
        """Believe a checkpoint, whose signature was checked."""
        self._proofs |= checkpoint.proven
        self.next = max(self.next, checkpoint.number + 1)
        for number in sorted(checkpoint.proven.keys() & self._waiting.keys()):
            for candidate in list(self._waiting[number].values()):
                self._judge(candidate)
        self._proofs = {number: digest for number, digest in self._proofs.items() if number >= self._oldest}
        self._played = {number: digest for number, digest in self._played.items() if number >= self._oldest}

    def announced(self, next_number: int) -> None:
        """Take the number of the stage's next message: what was missed before it may be hours of them."""
        self.next = max(self.next, next_number)

    def settled(self, now: float) -> list[Proven | Doubtful]:
        """Return what is proven, in the order of numbers, and what is not and waits no longer."""
        while (first := self._first_waiting()) is not None and now >= first.arrived + PROVEN_WITHIN_S:
            self._settle(first, Doubtful(first.number, first.message.member, Doubt.UNPROVEN))
        settled, self._settled = self._settled, []
        return settled

    def deadline(self) -> float | None:
        """Return when something has waited long enough."""
        first = self._first_waiting()
        return None if first is None else first.arrived + PROVEN_WITHIN_S

    def _judge(self, candidate: _Candidate) -> bool:
        """Settle a message of which a checkpoint speaks, and return whether one does."""
        number, message = candidate.number, candidate.message
        if (proof := self._proofs.get(number)) is None:
            return False
        if proof == candidate.digest:
            self._played[number] = candidate.digest
            self._settle(candidate, Proven(number, message, candidate.arrived))
        else:
            self._settle(candidate, Doubtful(number, message.member, Doubt.FORGED))
        return True

    def _settle(self, candidate: _Candidate, outcome: Proven | Doubtful) -> None:
        of_number = self._waiting[candidate.number]
        del of_number[candidate.digest]
        if not of_number:
            del self._waiting[candidate.number]
        self._messages -= 1
        self._bytes -= candidate.size
        self._settled.append(outcome)

    def _first_waiting(self) -> _Candidate | None:
        """Return what waits longest, without those before it that are settled."""
        while self._arrivals:
            first = self._arrivals[0]
            if self._waiting.get(first.number, {}).get(first.digest) is first:
                return first
            self._arrivals.popleft()
        return None

    @property
    def _oldest(self) -> int:
        return max(self._first, self.next - _REMEMBERED)
