"""Who is in a session: names, node ids, and when each was present. Who rejoins has several ids, and one name."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from operator import itemgetter

from node.recording.reader import Recorded
from protocol import frames
from protocol.errors import LogError, NodeError
from protocol.log import Frame, Joined, Left, Record, Speech
from protocol.signalling import Carries
from protocol.signalling.messages import MAX_NAME_BYTES

# Of one session: a room has eight members at once, and a week of calls a few dozen guests.
MAX_PARTICIPANTS = 100

# What a participant sends; others only listen.
SENDS = Carries.SPEECH_OUT | Carries.PICTURES_OUT

_MAX_CAPTION_BYTES = frames.MAX_CAPTION_BYTES - 2
_US = 1_000_000


def check_count(participants: int) -> None:
    """Raise LogError if these are more participants than a session can have had."""
    if participants > MAX_PARTICIPANTS:
        raise LogError(f"more than {MAX_PARTICIPANTS:,} people in one session: it was made to keep a reader busy")


def fitting_name(name: str) -> str:
    """Return as much of a recorded name as fits a hello: a forged file may have more."""
    return name.encode(errors="replace")[:MAX_NAME_BYTES].decode(errors="ignore")


def fitting_caption(caption: str) -> str:
    """Return as much of a recorded caption as fits a frame: a forged file may have more."""
    if len(caption) <= _MAX_CAPTION_BYTES // 4:
        return caption
    return caption.encode(errors="replace")[:_MAX_CAPTION_BYTES].decode(errors="ignore")


def ids_called(names: Collection[str], known: Collection[tuple[str, str]]) -> set[str]:
    """Return the ids of these names among `known` pairs of id and name; an id will do for a name.

    Raises NodeError for a name that no participant has.
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
    """The names of node ids, learnt from records; the recording node's own is in the header."""

    def __init__(self, session: Recorded) -> None:
        header = session.header
        self.own = header.node
        self._names = {header.node: header.name or header.node}
        self._different = set(self._names.values())

    def learn(self, record: Record) -> None:
        """Learn from a record. Raises LogError if these are more participants than a session has."""
        if isinstance(record, Joined):
            self._names[record.peer] = record.name or record.peer
            self._different.add(self._names[record.peer])
            check_count(len(self._different))

    def name(self, sender: str) -> str:
        """Return the name of a node id, or the id itself if it has none."""
        return self._names.get(sender, sender)

    def ids(self, names: Collection[str]) -> set[str]:
        """Return the node ids of these names. Raises as `ids_called`."""
        return ids_called(names, sorted(self._names.items(), key=itemgetter(1)))


@dataclass(slots=True)
class Participant:
    """A participant with the node id of each time of joining, and the spans of time (seconds) of being present."""

    name: str
    ids: list[str]
    present: list[tuple[float, float]] = field(default_factory=list)

    def is_present(self, at: float) -> bool:
        """Tell whether the participant was present at this time."""
        number = bisect_right(self.present, (at, float("inf"))) - 1
        return number >= 0 and at < self.present[number][1]


class Attendance:
    """All participants that sent anything, in the order of joining; two of one name present at once are two."""

    def __init__(self, session: Recorded) -> None:
        self.participants: list[Participant] = []
        self._of: dict[str, int] = {}
        self._named: dict[str, int] = {}
        self._present: Counter[int] = Counter()
        self._since: dict[str, float] = {}
        own = Participants(session).own
        if _sends(session, own):
            self._add(own, session.header.name or own, 0.0)
        for record in session.records(kinds=(Joined, Left)):
            self._learn(record)
        for peer in list(self._since):
            self._end(peer, float("inf"))
        for participant in self.participants:
            participant.present = _merged(participant.present)

    def index(self, sender: str) -> int | None:
        """Return the index of the participant with this node id; None if there is none."""
        return self._of.get(sender)

    def ids(self, names: Collection[str]) -> set[str]:
        """Return the node ids of these names. Raises as `ids_called`."""
        return ids_called(names, [(sender, one.name) for one in self.participants for sender in one.ids])

    def _learn(self, record: Record) -> None:
        match record:
            case Joined(at_us=at_us, peer=peer, name=name, carries=carries) if carries & SENDS:
                self._add(peer, name or peer, at_us / _US)
            case Left(at_us=at_us, peer=peer) if peer in self._since:
                self._end(peer, at_us / _US)

    def _add(self, peer: str, name: str, at: float) -> None:
        if peer in self._since:
            return
        self._since[peer] = at
        if peer not in self._of:
            self._of[peer] = self._index_for(peer, name)
        self._present[self._of[peer]] += 1

    def _index_for(self, peer: str, name: str) -> int:
        """Return the index of the participant of this name, a new one if that one is still present."""
        index = self._named.get(name)
        if index is not None and self._present[index]:
            name, index = f"{name} ({peer})", None
        if index is None:
            index = self._named[name] = len(self.participants)
            self.participants.append(Participant(name, []))
            check_count(len(self.participants))
        self.participants[index].ids.append(peer)
        return index

    def _end(self, peer: str, at: float) -> None:
        index = self._of[peer]
        self.participants[index].present.append((self._since.pop(peer), at))
        self._present[index] -= 1


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the spans in order, those that overlap made one."""
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _sends(session: Recorded, own: str) -> bool:
    """Tell whether the recording node sent anything; answered as soon as it did."""
    senders = (record.sender for record in session.records(kinds=(Frame, Speech)) if isinstance(record, Frame | Speech))
    return any(sender == own for sender in senders)
