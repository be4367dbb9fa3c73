"""Who is in a session: names and node ids. A person who came again has several ids, and one name."""

from __future__ import annotations

from node.session.reel import Recorded
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
