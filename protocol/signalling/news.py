"""News in a hello: pictures that are out or missing, and members that are here by their speech alone.

They are the last field of a hello, an array; a node that has none leaves it out, as older ones do.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from protocol import envelope

__all__ = ["MAX_BY_SPEECH", "MAX_LACKING", "NO_NEWS", "News", "parse"]

# A name is shown in one column of a table.
MAX_NAME_BYTES = 64
MAX_NODE_BYTES = 4
# As many as there are places beside a node, twice: of later rooms, too.
MAX_LACKING = MAX_BY_SPEECH = 15
_SESSION_BITS = 64


@dataclass(frozen=True, slots=True)
class News:
    """The news of one hello.

    `shows` says that a picture of the sender is retained, and that it publishes it again for those who lack it.
    `lacks` are sessions that show, and of which the sender got no picture. `by_speech` are node and name of each member
    whose speech comes to the sender while its broker is gone.
    """

    shows: bool = False
    lacks: tuple[int, ...] = ()
    by_speech: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if type(self.shows) is not bool:
            raise ValueError("shows is neither true nor false")
        if len(self.lacks) > MAX_LACKING or len(self.by_speech) > MAX_BY_SPEECH:
            raise ValueError("news of more members than a room has")
        for session in self.lacks:
            envelope.bounded_int("session", session, _SESSION_BITS)
        for node, name in self.by_speech:
            envelope.bounded_text("node", node, MAX_NODE_BYTES)
            envelope.bounded_text("name", name, MAX_NAME_BYTES)

    def elements(self) -> list[Any]:
        """Return the elements of the field, without those at the end that say nothing."""
        values = list(astuple(self))
        while values and not values[-1]:
            values.pop()
        return values


NO_NEWS = News()


def parse(field: object) -> News:
    """Return the news that the field of a hello says. Raises ValueError if it says none."""
    return _news(*_list(field)[:3])


def _news(shows: Any = False, lacks: object = (), by_speech: object = ()) -> News:
    members = [_list(member)[:2] for member in _list(by_speech)]
    if any(len(member) != 2 for member in members):
        raise ValueError("a member by speech has a node and a name")
    return News(shows, tuple(_list(lacks)), tuple((node, name) for node, name in members))


def _list(value: object) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError("news that is no list")
    return list(value)
