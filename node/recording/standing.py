"""What holds in a call at any moment, for a recording that begins in the middle of it."""

from __future__ import annotations

from node.call.observers import CallObserver
from node.captions.coder import Caption
from protocol import frames, log
from protocol.errors import FrameError, VersionError
from protocol.signalling import Hello


class CallSnapshot(CallObserver):
    """Remembers who is here, and the newest picture frame of each."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._people: dict[str, log.Record] = {}
        self._frames: dict[str, log.Record] = {}

    def records(self) -> list[log.Record]:
        """All of it, as records of a session's beginning."""
        return [*self._people.values(), *self._frames.values()]

    def joined(self, peer: str, hello: Hello) -> None:
        self._people[peer] = log.Joined(0, peer, hello.name, int(hello.carries))

    def left(self, peer: str) -> None:
        self._people.pop(peer, None)
        self._frames.pop(peer, None)

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self._keep(self._own, frame, caption)

    def frame_came(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._keep(peer, frame, caption)

    def _keep(self, sender: str, frame: bytes, caption: Caption | None) -> None:
        try:
            if isinstance(frames.decode(frame), frames.Picture):
                self._frames[sender] = log.Frame(0, sender, frame, None if caption is None else caption.words)
        except (FrameError, VersionError):
            return
