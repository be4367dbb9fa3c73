"""Reads the text of lines that arrived, beside the loop: all peers in turn, the lines of each in their order."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

from node.captions.coder import CaptionCoder
from node.captions.frame_reader import LONGEST_REST_S, REST
from node.common.peer_faults import PeerFaults
from protocol.captions.codebook_id import CodebookId
from protocol.captions.tokens import from_utf8
from protocol.chat.lines import UTF8, Arrived
from protocol.errors import CaptionError, RemoteError

# Characters of a line, as people count them: a paragraph. More is an article, or a mistake.
MAX_CHARACTERS = 500

# Lines of a peer that wait to be read; of one that has more nothing is taken, and it sends the rest again.
MAX_UNREAD = 64


# An honest line takes a few milliseconds, and no peer has more than ten a second read for long: only after a line that
# took longer than this does its peer rest.
QUICK_S = 0.05


@dataclass(slots=True)
class _Unread:
    lines: deque[Arrived] = field(default_factory=deque)
    rests_until: float = 0.0


class LineReader:
    """Queues lines as they arrive, and reads one at a time; a peer whose lines take long rests, as with its captions.

    `on_line(line, text)` gets each that could be read, `reject(peer, error)` the error of each that could not.
    """

    def __init__(
        self,
        coder: CaptionCoder,
        *,
        on_line: Callable[[Arrived, str], None],
        reject: Callable[[str, RemoteError], None],
        faults: PeerFaults,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._coder, self._on_line, self._reject = coder, on_line, reject
        self._faults, self._clock = faults, clock
        self._peers: dict[str, _Unread] = {}
        self._news = asyncio.Event()

    def is_full(self, peer: str) -> bool:
        """Return whether a peer has to wait until some of its lines are read."""
        return peer in self._peers and len(self._peers[peer].lines) >= MAX_UNREAD

    def put(self, line: Arrived, codebooks: Collection[CodebookId]) -> None:
        """Queue a line that came from a peer with these codebooks."""
        try:
            self._coder.codecs.check_codebook(line.codec, codebooks)
        except CaptionError as error:
            self._reject(line.via, error)
            return
        self._peers.setdefault(line.via, _Unread()).lines.append(line)
        self._news.set()

    async def run(self) -> None:
        """Read until cancelled; the peer whose last line was read longest ago comes first."""
        while True:
            self._news.clear()
            if (peer := self._next()) is not None:
                await self._read(self._peers[peer])
            else:
                await self._wait()

    def _next(self) -> str | None:
        now = self._clock()
        for peer in [name for name, unread in self._peers.items() if not unread.lines and unread.rests_until <= now]:
            del self._peers[peer]
        ready = (name for name, unread in self._peers.items() if unread.lines and unread.rests_until <= now)
        return min(ready, key=lambda name: self._peers[name].rests_until, default=None)

    async def _wait(self) -> None:
        """Wait for a line, or until a peer that has one has rested."""
        rested = min((unread.rests_until for unread in self._peers.values() if unread.lines), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if rested is None else max(0.0, rested - self._clock())):
                await self._news.wait()

    async def _read(self, unread: _Unread) -> None:
        line = unread.lines.popleft()
        began = self._clock()
        with self._faults.contained(line.via, "a line"):
            try:
                text = await self._text(line)
            except RemoteError as error:
                self._reject(line.via, error)
            else:
                self._on_line(line, text)
        now = self._clock()
        took = now - began
        unread.rests_until = now + (min(LONGEST_REST_S, REST * took) if took > QUICK_S else 0.0)

    async def _text(self, line: Arrived) -> str:
        is_plain = line.codec == UTF8
        text = from_utf8(line.coded) if is_plain else (await self._coder.decode(line.codec, line.coded)).words
        if not 0 < len(text) <= MAX_CHARACTERS:
            raise CaptionError(f"a line of {len(text)} characters")
        return text
