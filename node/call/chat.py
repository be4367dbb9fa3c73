"""A node's chat: lines that are said here are coded and delivered, lines of others arrive, are read and shown."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from node.call.line_reader import MAX_CHARACTERS, LineReader
from node.call.observers import ChatLine, Observers
from node.common.notes import NoteOnce
from node.common.tasks import first_to_end
from node.links.peer_events import PeerEvents
from protocol import frames
from protocol.captions.negotiation import readable_codecs
from protocol.captions.tokens import scalars, to_utf8
from protocol.chat import LineArrived, LineDelivery, MarksChanged, Spoken, Wording
from protocol.chat.lines import UTF8, Arrived
from protocol.errors import UsageError
from protocol.signalling import Carries, Hello

if TYPE_CHECKING:
    from node.call.membership import RoomMembership
    from node.captions.coder import CaptionCoder
    from node.spoken.transcript import HeardLine

# Lines of ours whose marks are followed: as many as can be sent again.
MAX_FOLLOWED = 256

# Lines that were said and have not gone yet, beyond which a script that reads them from a file has to wait.
MAX_UNSENT = 32

# Lines that were typed and are not coded yet: those of a page of text that was pasted.
MAX_TYPED = 1000

# Tenths of a second that a frame has room for.
MAX_TENTHS = (1 << 16) - 1

# Names of peers that are remembered, of those who left too; more than a room has at once.
MAX_NAMES = 256


def checked_line(text: str) -> str:
    """Return the text as it may be sent, without the space around it. Raises UsageError for none, and for too much."""
    line = scalars(text).strip()
    if not line:
        raise UsageError("there is nothing to send: the line is empty")
    if len(line) > MAX_CHARACTERS:
        raise UsageError(f"a line has at most {MAX_CHARACTERS} characters, and this one {len(line):,}: say it in parts")
    return line


class Chat(PeerEvents):
    """The lines of one node in its room. `observers` get each line once, and each change of who has one of ours.

    `clock` is monotonic, `wall` Unix time.
    """

    def __init__(
        self,
        room: RoomMembership,
        observers: Observers,
        captions: CaptionCoder,
        *,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._room, self._observers, self._captions = room, observers, captions
        self._note, self._note_once, self._clock, self._wall = note, NoteOnce(note), clock, wall
        self._delivery = LineDelivery(room.node_id, room.name, clock())
        self._reader = LineReader(
            captions, on_line=self._read, reject=room.reject_text, faults=room.faults, clock=clock
        )
        self._names: dict[str, str] = {}
        self._typed: asyncio.Queue[str] = asyncio.Queue(MAX_TYPED)
        self._said: OrderedDict[int, ChatLine] = OrderedDict()
        self._turn, self._went = asyncio.Lock(), asyncio.Event()
        self._met = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Send what is typed and read what arrives, until cancelled."""
        try:
            await first_to_end(self._reader.run(), self._send_typed())
        finally:
            if self._timer is not None:
                self._timer.cancel()

    # -- said here

    async def say(self, text: str) -> ChatLine:
        """Send a line to everyone in the room, after those said before, and return it. Raises UsageError for none."""
        return await self._say(checked_line(text))

    async def say_heard(self, heard: HeardLine) -> None:
        """Send what was spoken, as `say` does: in several lines if it is longer than one."""
        for part in heard.parts(MAX_CHARACTERS):
            await self._say(checked_line(part.text), part)

    async def _say(self, text: str, heard: HeardLine | None = None) -> ChatLine:
        async with self._turn:
            wording = await self._wording(text)
            now, own = self._clock(), self._room.node_id
            spoken = None if heard is None else _spoken(heard, now)
            number = self._delivery.say(wording, now, spoken)
            at = self._wall() - (spoken.since_begin_s if spoken else 0.0)
            said = ChatLine(own, number, self._room.name, text, at, True, own, *self._marks(number), _seconds(spoken))
            self._said[number] = said
            while len(self._said) > MAX_FOLLOWED:
                self._said.popitem(last=False)
            codec, coded = wording.shortest(wording.coded.keys())
            self._observers.line_typed(said, frames.encode(_line(number, coded, codec, 0, spoken)))
            self._note_who_cannot_read()
            self._drain()
        return said

    def say_soon(self, text: str) -> None:
        """Send a line as `say` does, without waiting; note what is wrong with it."""
        try:
            self._typed.put_nowait(checked_line(text))
        except UsageError as error:
            self._note(str(error))
        except asyncio.QueueFull:
            self._note(f"more than {MAX_TYPED:,} lines at once: the rest is not sent")

    async def _send_typed(self) -> None:
        while True:
            await self.has_room()
            await self.say(await self._typed.get())

    @property
    def is_behind(self) -> bool:
        """Whether many of our lines wait for those before them."""
        return self._delivery.unsent > MAX_UNSENT

    async def has_room(self) -> None:
        """Wait until few of our lines wait for those before them: a script may have thousands."""
        while self.is_behind:
            self._went.clear()
            await self._went.wait()

    async def wait_for_company(self, seconds: float) -> None:
        """Wait until there is a peer, for at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._met.wait()

    async def _wording(self, text: str) -> Wording:
        """Code a line in every codec of ours that is worth a try, beside the loop."""
        forms = {UTF8: to_utf8(text)[0]}
        for codec in sorted(self._captions.codecs.lossless() - {UTF8}):
            coded = (await self._captions.encode(text, codec)).data
            if len(coded) <= len(forms[UTF8]):
                forms[codec] = coded
        return Wording(forms)

    def _note_who_cannot_read(self) -> None:
        for peer, hello in self._room.hellos.items():
            if Carries.TEXT not in hello.carries:
                self._note_once(f"{hello.name or peer} gets no lines: that program is older, or a replay")

    # -- of others

    def joined(self, peer: str, hello: Hello) -> None:
        """Deliver to the peer, if it reads lines."""
        self._names[peer] = hello.name or peer
        self._met.set()
        if len(self._names) > MAX_NAMES:
            del self._names[next(name for name in self._names if name not in self._room.hellos)]
        reads = readable_codecs(self._captions.codecs, hello) if Carries.TEXT in hello.carries else frozenset[int]()
        self._delivery.joined(peer, hello.session, reads, self._clock())
        self._drain()

    def left(self, peer: str) -> None:
        """Deliver nothing to the peer."""
        self._delivery.left(peer)
        self._drain()

    def broker_lost(self) -> None:
        """Keep what is said."""
        self._delivery.broker_lost()
        self._drain()

    def broker_returned(self) -> None:
        """Send what is missing."""
        self._delivery.broker_returned(self._clock())
        self._drain()

    def text_received(self, peer: str, frame: bytes) -> None:
        """Take a frame. Raises FrameError or VersionError, and nothing has changed."""
        if not self._reader.is_full(peer):
            self._delivery.receive(peer, frame, self._clock())
            self._drain()

    def _drain(self) -> None:
        """Hand on what the delivery has to say, and come back when it is time."""
        for event in self._delivery.events():
            match event:
                case LineArrived(line):
                    hello = self._room.hellos.get(line.via)
                    self._reader.put(line, () if hello is None else hello.codebooks)
                case MarksChanged(numbers):
                    self._mark(numbers)
        for frame in self._delivery.outgoing():
            self._room.post_text(frame)
        self._went.set()
        if self._timer is not None:
            self._timer.cancel()
        due = self._delivery.get_timer()
        loop = asyncio.get_running_loop()
        self._timer = None if due is None else loop.call_later(max(0.0, due - self._clock()), self._timer_due)

    def _timer_due(self) -> None:
        with self._room.faults.contained("", "lines that are due"):
            self._delivery.handle_timer(self._clock())
            self._drain()

    def _read(self, line: Arrived, text: str) -> None:
        """Show a line, and keep it for newcomers."""
        name = self._names.get(line.author, line.author) if line.name is None else line.name
        if not self._delivery.remember(line, name, Wording({line.codec: line.coded, UTF8: to_utf8(text)[0]})):
            return
        age = max(0, int(self._clock() - line.said_at))
        at = self._wall() - age - (line.spoken.since_begin_s if line.spoken else 0.0)
        shown = ChatLine(
            line.author, line.number, name or line.author, text, at, False, line.via, spoken_s=_seconds(line.spoken)
        )
        self._observers.line_typed(shown, frames.encode(_frame(line, self._room.node_id, age)))

    def _mark(self, numbers: range) -> None:
        for number in numbers:
            if (line := self._said.get(number)) is not None:
                have, waiting = self._marks(number)
                if (have, waiting) != (line.have, line.waiting):
                    self._said[number] = marked = dataclasses.replace(line, have=have, waiting=waiting)
                    self._observers.line_marked(marked)

    def _marks(self, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        have, waiting = self._delivery.marks(number)
        return tuple(map(self._name, have)), tuple(map(self._name, waiting))

    def _name(self, peer: str) -> str:
        return self._names.get(peer, peer)


def _frame(line: Arrived, own: str, age: int) -> frames.Line | frames.Relayed:
    """Return the frame that a line is recorded as: as it came, but for what only its delivery needs."""
    if line.name is None:
        return _line(line.number, line.coded, line.codec, age, line.spoken)
    return frames.Relayed(own, 0, 1, line.author, line.number, line.coded, line.name, age, line.codec)


def _line(number: int, coded: bytes, codec: int, age: int, spoken: Spoken | None) -> frames.Line:
    when = spoken or Spoken(0)
    return frames.Line(number, coded, codec, age=age, spoken=when.tenths, after=when.after)


def _spoken(heard: HeardLine, now: float) -> Spoken:
    """Return when a line was spoken, as the wire has it."""
    tenths = min(MAX_TENTHS, max(1, round(heard.seconds * 10)))
    return Spoken(tenths, min(MAX_TENTHS, max(0, round((now - heard.began - heard.seconds) * 10))))


def _seconds(spoken: Spoken | None) -> float:
    return spoken.tenths / 10 if spoken else 0.0
