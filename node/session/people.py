"""Who is in a session: names and node ids. A person who came again has several ids, and one name."""

from __future__ import annotations

from collections.abc import Collection

from node.session.reel import Recorded
from protocol.errors import NodeError
from protocol.log import Joined, Record


class People:
    """Names of the node ids that were met so far; the recording node's own is known from the header."""

    def __init__(self, session: Recorded) -> None:
        header = session.header
        self.own = header.node
        self._names = {header.node: header.name or header.node}

    def meet(self, record: Record) -> None:
        """Learn from a record."""
        if isinstance(record, Joined):
            self._names[record.peer] = record.name or record.peer

    def name(self, sender: str) -> str:
        """Return the name, or the id of who gave none."""
        return self._names.get(sender, sender)

    def ids(self, names: Collection[str]) -> set[str]:
        """Return the node ids of people of these names; an id will do for a name. NodeError for one that nobody has."""
        found: set[str] = set()
        for name in names:
            ids = {sender for sender, known in self._names.items() if name in (sender, known)}
            if not ids:
                raise NodeError(f"nobody here is called {name!r}; there are: {', '.join(sorted(self._names.values()))}")
            found |= ids
        return found
