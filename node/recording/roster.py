"""Who takes part in a session, for whoever shows it: one place for each person, and when they were here."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from node.recording.participants import Participants, check_count, ids_called
from node.replay.decoder import Recorded
from protocol.log import Frame, Joined, Left, Record, Speech
from protocol.signalling import Carries

SHOWS = Carries.SPEECH_OUT | Carries.PICTURES_OUT
_US = 1_000_000


@dataclass(slots=True)
class Participant:
    """A person with the node ids of each time that they came, and the times (seconds) when they were here."""

    name: str
    ids: list[str]
    here: list[tuple[float, float]] = field(default_factory=list)

    def is_here(self, at: float) -> bool:
        """Whether the person was here then."""
        number = bisect_right(self.here, (at, float("inf"))) - 1
        return number >= 0 and at < self.here[number][1]


class Attendance:
    """Everybody who had something to say or to show; two of one name who were here at once are two."""

    def __init__(self, session: Recorded) -> None:
        self.members: list[Participant] = []
        self._of: dict[str, int] = {}
        self._named: dict[str, int] = {}
        self._present: Counter[int] = Counter()
        self._since: dict[str, float] = {}
        own = Participants(session).own
        if _takes_part(session, own):
            self._came(own, session.header.name or own, 0.0)
        for record in session.records(kinds=(Joined, Left)):
            self._meet(record)
        for peer in list(self._since):
            self._went(peer, float("inf"))
        for member in self.members:
            member.here = _merged(member.here)

    def place(self, sender: str) -> int | None:
        """Return the index of a node id's person; None for one that is nobody's."""
        return self._of.get(sender)

    def ids(self, names: Collection[str]) -> set[str]:
        """Return the node ids of people of these names; NodeError for a name that nobody has."""
        return ids_called(names, [(one, member.name) for member in self.members for one in member.ids])

    def _meet(self, record: Record) -> None:
        match record:
            case Joined(at_us=at_us, peer=peer, name=name, carries=carries) if carries & SHOWS:
                self._came(peer, name or peer, at_us / _US)
            case Left(at_us=at_us, peer=peer) if peer in self._since:
                self._went(peer, at_us / _US)

    def _came(self, peer: str, name: str, at: float) -> None:
        if peer in self._since:
            return
        self._since[peer] = at
        if peer not in self._of:
            self._of[peer] = self._place_for(peer, name)
        self._present[self._of[peer]] += 1

    def _place_for(self, peer: str, name: str) -> int:
        """The place of who has this name, or a new one: also if that one is still here."""
        place = self._named.get(name)
        if place is not None and self._present[place]:
            name, place = f"{name} ({peer})", None
        if place is None:
            place = self._named[name] = len(self.members)
            self.members.append(Participant(name, []))
            check_count(len(self.members))
        self.members[place].ids.append(peer)
        return place

    def _went(self, peer: str, at: float) -> None:
        place = self._of[peer]
        self.members[place].here.append((self._since.pop(peer), at))
        self._present[place] -= 1


def _merged(times: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times in order, none of which overlap."""
    merged: list[tuple[float, float]] = []
    for came, went in sorted(times):
        if merged and came <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(went, merged[-1][1]))
        else:
            merged.append((came, went))
    return merged


def _takes_part(session: Recorded, own: str) -> bool:
    """Whether the node that recorded said or showed something; found as soon as it did."""
    senders = (record.sender for record in session.records(kinds=(Frame, Speech)) if isinstance(record, Frame | Speech))
    return any(sender == own for sender in senders)
