"""What a node's hellos say beside the proof that it is alive, and what comes of those of its peers.

It joins pictures that are asked for (`picture_requests`), members without a broker (`by_speech`), and the hellos of a
node that has met nobody yet (`solitude`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from protocol.signalling.by_speech import MembersBySpeech
from protocol.signalling.events import Event, PictureWanted
from protocol.signalling.messages import Carries, Hello
from protocol.signalling.news import News
from protocol.signalling.peer_call import PeerCall
from protocol.signalling.picture_requests import PictureRequests
from protocol.signalling.solitude import Solitude
from protocol.signalling.states import State

__all__ = ["Bulletin"]


class Bulletin:
    """The news of one node, `hello` being its own; `shows` tells whether a picture of it is retained.

    `calls` are those with all peers that are here, wherever a method takes them.
    """

    def __init__(self, node: str, hello: Hello, shows: Callable[[], bool]) -> None:
        self._hello, self._shows = hello, shows
        self._pictures, self._by_speech, self._solitude = PictureRequests(), MembersBySpeech(node), Solitude()

    def said_hello(self, alone: bool, now: float) -> None:
        """Note that the node enters the room, or enters it again, and whether it is `alone`."""
        if alone:
            self._solitude.begin(now)

    def joined(self, peer: str, hello: Hello, now: float) -> Iterator[Event]:
        """Take the hello with which a peer came, and yield what follows from it."""
        self._solitude.end()
        if hello.news.shows and Carries.PICTURES_IN in self._hello.carries:
            self._pictures.expect((peer, hello.session), now)
        yield from self.read(peer, hello, now)

    def read(self, peer: str, hello: Hello, now: float) -> Iterator[Event]:
        """Take a later hello of a peer that is here, and yield what follows from it."""
        self._by_speech.said(peer, hello.news.by_speech)
        if self._hello.session in hello.news.lacks and self._shows() and self._pictures.may_give(now):
            yield PictureWanted(peer)

    def picture_received(self, peer: str) -> None:
        """Note that a picture of the peer came."""
        self._pictures.came(peer)

    def left(self, peer: str) -> None:
        """Note that a peer is gone."""
        self._pictures.came(peer)
        self._by_speech.said(peer, ())

    def deadline(self) -> float | None:
        """Return when to call `overdue`, or None."""
        deadlines = (self._pictures.deadline(), self._solitude.deadline())
        return min((at for at in deadlines if at is not None), default=None)

    def overdue(self, now: float) -> bool:
        """Tell whether a hello is due by now."""
        lacks, alone = self._pictures.overdue(now), self._solitude.overdue(now)
        return lacks or alone

    def is_outdated(self, calls: Mapping[str, PeerCall]) -> bool:
        """Tell whether the newest hello says what is no longer so."""
        return self._by_speech.is_outdated(calls)

    def changes(self, calls: Mapping[str, PeerCall]) -> list[Event]:
        """Return which members are here by their speech alone, or no longer so, since the last call."""
        return [*self._by_speech.changes(_unseen(calls), calls)]

    def news(self, calls: Mapping[str, PeerCall], for_all: bool) -> News:
        """Return what the next hello says, which is `for_all` or for one session that asks."""
        lacking = self._pictures.take_lacking() if for_all else ()
        return News(self._shows(), lacking, self._by_speech.publish(_unseen(calls), for_all))


def _unseen(calls: Mapping[str, PeerCall]) -> dict[str, str]:
    """Return the peers whose speech comes while their presence was cleared, with their names."""
    return {peer: call.hello.name for peer, call in calls.items() if call.state is State.UNSEEN}
