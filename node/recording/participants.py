"""Who is in a session: names and node ids. A person who came again has several ids, and one name."""

from __future__ import annotations

from collections.abc import Collection
from operator import itemgetter

from node.replay.decoder import Recorded
from protocol.errors import LogError, NodeError
from protocol.log import Joined, Record
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
