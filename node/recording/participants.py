"""Who is in a session: names and node ids. A person who came again has several ids, and one name."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from operator import itemgetter

from node.replay.decoder import Recorded
from protocol.errors import LogError, NodeError
from protocol.log import Frame, Joined, Left, Record, Speech
from protocol.signalling import Carries
from protocol.signalling.messages import MAX_NAME_BYTES

# Of one session: a room has eight places, and a week of calls a few dozen guests. Who comes again has one name.
MOST_PEOPLE = 100


def check_count(people: int) -> None:
    """Raise LogError if a session has more people than can have been in one."""
    if people > MOST_PEOPLE:
        raise LogError(f"more than {MOST_PEOPLE:,} people in one session: it was made to keep a reader busy")


def fitting_name(name: str) -> str:
    """Return as much of a recorded name as a hello may have."""
    return name.encode(errors="replace")[:MAX_NAME_BYTES].decode(errors="ignore")


def ids_called(names: Collection[str], known: Collection[tuple[str, str]]) -> set[str]:
    """Return the ids of these names among `known` pairs of id and name; an id will do for a name.

    Raises NodeError for a name that nobody has.
    """
    found: set[str] = set()
    for name in names:
        ids = {sender for sender, called in known if name in (sender, called)}
        if not ids:
            there = ", ".join(dict.fromkeys(called for _, called in known)) or "nobody"
            raise NodeError(f"nobody here is called {name!r}; there are: {there}")
        found |= ids
    return found


class Participants:
    """Names of the node ids that were met so far; the recording node's own is known from the header."""

    def __init__(self, session: Recorded) -> None:
        header = session.header
        self.own = header.node
        self._names = {header.node: header.name or header.node}
        self._different = set(self._names.values())

    def meet(self, record: Record) -> None:
        """Learn from a record. LogError for more people than a session has."""
        if isinstance(record, Joined):
            self._names[record.peer] = record.name or record.peer
            self._different.add(self._names[record.peer])
            check_count(len(self._different))

    def name(self, sender: str) -> str:
        """Return the name, or the id of who gave none."""
        return self._names.get(sender, sender)

    def ids(self, names: Collection[str]) -> set[str]:
        """Return the node ids of people of these names; an id will do for a name. NodeError for one that nobody has."""
        return ids_called(names, sorted(self._names.items(), key=itemgetter(1)))


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
