"""Reads the words of the peers' picture frames beside the loop: the newest of each peer, all peers in turn."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

from node.captions.coder import Caption, CaptionCoder
from node.common.peer_faults import PeerFaults
from node.links.peer_events import PeerEvents
from protocol import frames
from protocol.captions.codebook_id import CodebookId
from protocol.captions.history import MAX_CAPTIONS, History
from protocol.errors import RemoteError

# Times as long as its last caption took, a peer's next one waits: no peer's captions take more than a fifth of a core,
# so that a peer that sends the worst there are, as fast as the broker takes them, holds up neither the others' nor the
# painting of pictures. An honest one sends two a second, of some milliseconds each, and never waits.
REST = 4.0

# Frames of a peer, where each is coded against the one before: no reader goes back further.
MAX_WAITING = MAX_CAPTIONS

# On a machine that is busy with something else, a caption takes long through no fault of the peer.
LONGEST_REST_S = 2.0


@dataclass(frozen=True, slots=True)
class _Frame:
    picture: frames.Picture
    payload: bytes


@dataclass(slots=True)
class _Peer:
    newest: int = -1
    history: History = field(default_factory=History)
    waiting: deque[_Frame] = field(default_factory=deque)
    rests_until: float = 0.0


class CaptionReader(PeerEvents):
    """Queues frames as they are received, and reads one caption at a time.

    `on_frame(peer, payload, caption)` gets every valid frame, with its words if those were read, and
    `on_picture(peer, picture, words)` every picture that is new. `reject(peer, error)` gets the error of a frame that
    proved to be bad after it was queued. `measures()` says whether the bits of a caption are wanted. `received` counts
    the new pictures.

    A newer picture that is coded by itself takes the place of all that wait of its peer: their words are never read.
    """

    def __init__(
        self,
        coder: CaptionCoder,
        *,
        on_frame: Callable[[str, bytes, Caption | None], None],
        on_picture: Callable[[str, frames.Picture, str], None],
        reject: Callable[[str, RemoteError], None],
        faults: PeerFaults,
        measures: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.faults, self.received = faults, 0
        self._coder, self._measures, self._clock = coder, measures, clock
        self._on_frame, self._on_picture, self._reject = on_frame, on_picture, reject
        self._peers: dict[str, _Peer] = {}
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many peers' frames wait to be read."""
        return sum(bool(peer.waiting) for peer in self._peers.values())

    def picture_received(self, peer: str, payload: bytes, codebooks: Collection[CodebookId] = ()) -> None:
        """Queue a frame of a peer that codes with these codebooks.

        Raises FrameError, VersionError or CaptionError, and nothing has changed.
        """
        frame = frames.decode(payload)
        state = self._peers.get(peer) or _Peer()
        if not isinstance(frame, frames.Picture) or frame.sequence <= state.newest:
            self._on_frame(peer, payload, None)
            return
        self._coder.codecs.check_codebook(frame.codec, codebooks)
        self._peers[peer] = state
        while state.waiting and (_replaces(frame, state.waiting[-1]) or len(state.waiting) >= MAX_WAITING):
            self.received += 1
            self._on_frame(peer, state.waiting.popleft().payload, None)
        state.waiting.append(_Frame(frame, payload))
        self._news.set()

    def left(self, peer: str) -> None:
        """Forget the peer: its numbers may start from the beginning."""
        self._peers.pop(peer, None)

    async def run(self) -> None:
        """Read until cancelled; the peer whose last caption was read longest ago comes first."""
        while True:
            self._news.clear()
            if (peer := self._next()) is not None:
                await self._read(peer, self._peers[peer])
            else:
                await self._wait()

    def _next(self) -> str | None:
        now = self._clock()
        ready = (name for name, peer in self._peers.items() if peer.waiting and peer.rests_until <= now)
        return min(ready, key=lambda name: self._peers[name].rests_until, default=None)

    async def _wait(self) -> None:
        """Wait for a frame, or until a peer that has one has rested."""
        rested = min((peer.rests_until for peer in self._peers.values() if peer.waiting), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if rested is None else max(0.0, rested - self._clock())):
                await self._news.wait()

    async def _read(self, peer: str, state: _Peer) -> None:
        frame = state.waiting.popleft()
        if frame.picture.sequence <= state.newest:
            self._on_frame(peer, frame.payload, None)
            return
        began = self._clock()
        with self.faults.contained(peer, "a caption"):
            try:
                caption = await self._caption(state.history, frame.picture)
            except RemoteError as error:
                self._reject(peer, error)
            else:
                if self._peers.get(peer) is state:
                    self._accept(peer, state, frame, caption)
        now = self._clock()
        state.rests_until = now + min(LONGEST_REST_S, REST * (now - began))

    async def _caption(self, history: History, picture: frames.Picture) -> Caption:
        earlier = history.earlier(picture)
        return await self._coder.decode(picture.codec, picture.caption, earlier, self._measures())

    def _accept(self, peer: str, state: _Peer, frame: _Frame, caption: Caption) -> None:
        state.history.remember(frame.picture, caption.words)
        state.newest = frame.picture.sequence
        self.received += 1
        self._on_frame(peer, frame.payload, caption)
        self._on_picture(peer, frame.picture, caption.words)


def _replaces(newer: frames.Picture, waiting: _Frame) -> bool:
    """Tell whether a newer picture makes the words of one that waits needless; an older one waits, too."""
    return newer.earlier is None and newer.sequence > waiting.picture.sequence
