"""A stage and its listeners in memory, on one clock, with a broker that retains, records, and may be evil."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from protocol import frames
from protocol.audience.audience_link import AudienceLink
from protocol.audience.epochs import Chain, epoch_of
from protocol.audience.release import TimedPacket
from protocol.audience.seat import Seat, SeatEvent
from protocol.audience.signing import SpeakerKey
from protocol.audience.stage import Posting, Stage
from protocol.errors import RemoteError
from protocol.speech import opus_packet

# Ten to nine on a Saturday in 2026, ten minutes before an hour ends.
CLOCK_MS = 1_795_856_400_000 - 600_000
SECRET = bytes(range(16))
SPEAKER = SpeakerKey(bytes(range(32)))
CODEBOOKS = ((2, b"abcd"),)
SINCE = epoch_of(CLOCK_MS) - 3
LINK = AudienceLink(SINCE, SECRET, SPEAKER.digest)
SILK_60 = 0x18


def packet(number: int, bytes_of_frame: int = 60) -> bytes:
    """Return 120 ms of what is framed as Opus, another one for each number."""
    digest = hashlib.sha256(str(number).encode()).digest() * 8
    return opus_packet.join([bytes((SILK_60,)) + digest[at : at + bytes_of_frame] for at in (0, 60)])


def pause(number: int) -> bytes:
    """Return a packet with which a pause begins."""
    return opus_packet.join([bytes((SILK_60,)) + bytes(40), bytes((SILK_60,))])


def picture(sequence: int, words: bytes = b"a cat") -> bytes:
    return frames.encode(frames.Picture(sequence, 0, 2, words, 7))


def line(number: int, words: bytes = b"hello") -> bytes:
    return frames.encode(frames.Line(number, words, codec=0))


class Listening:
    """A seat and what came of it. `off_ms` is by how much its clock is ahead."""

    def __init__(self, link: AudienceLink, clock_ms: int, off_ms: int = 0) -> None:
        self.off_ms = off_ms
        self.seat = Seat(link, clock_ms + off_ms)
        self.events: list[SeatEvent] = []
        self.refused: list[RemoteError] = []

    def receive(self, posting: Posting, now: float, clock_ms: int) -> None:
        try:
            self.events += self.seat.receive(posting.topic, posting.payload, now, clock_ms + self.off_ms)
        except RemoteError as error:
            self.refused.append(error)

    def of(self, kind: type[SeatEvent]) -> list[SeatEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def played(self) -> list[bytes]:
        return [event.packet for event in self.events if isinstance(event, TimedPacket)]


class Theatre:
    """A stage, a broker that records all, and listeners; time passes in steps of 120 ms."""

    def __init__(self, names: Iterable[str] = ("Ann",), session: int = 77) -> None:
        self.now, self.clock_ms = 0.0, CLOCK_MS
        self.chain = Chain(SINCE, SECRET)
        self.stage = Stage(SPEAKER, self.chain, list(names), session, CODEBOOKS)
        self.seats: list[Listening] = []
        self.recorded: list[Posting] = []
        self.retained: dict[str, Posting] = {}
        self._packets = 0

    def sit(self, link: AudienceLink = LINK, off_ms: int = 0) -> Listening:
        """Let a listener come, to whom the broker hands what it retains."""
        listening = Listening(link, self.clock_ms, off_ms)
        self.seats.append(listening)
        for posting in self.retained.values():
            listening.receive(posting, self.now, self.clock_ms)
        return listening

    def publish(self, postings: Iterable[Posting]) -> None:
        for posting in postings:
            self.recorded.append(posting)
            if posting.retain:
                self.retained.pop(posting.topic, None)
                if posting.payload:
                    self.retained[posting.topic] = posting
            for listening in self.seats:
                listening.receive(posting, self.now, self.clock_ms)

    def open(self) -> None:
        self.publish(self.stage.announce(self.now, self.clock_ms))

    def show(self, frame: bytes, member: int = 0) -> None:
        self.publish(self.stage.picture(member, frame, self.now, self.clock_ms))

    def write(self, frame: bytes, member: int = 0) -> None:
        self.publish(self.stage.text(member, frame, self.now, self.clock_ms))

    def talk(self, seconds: float, member: int = 0) -> list[bytes]:
        """Let a member talk; return what it said."""
        said = []
        for _ in range(round(seconds / 0.12)):
            said.append(packet(self._packets))
            self.publish(self.stage.speech(member, round(self.now * 100), said[-1], self.now, self.clock_ms))
            self._packets += 1
            self.wait(0.12)
        return said

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / 0.12)):
            self.now += 0.12
            self.clock_ms += 120
            if (deadline := self.stage.deadline()) is not None and deadline <= self.now:
                self.publish(self.stage.handle_timer(self.now, self.clock_ms))
            for listening in self.seats:
                listening.events += listening.seat.handle_timer(self.now)


def golden() -> dict[str, object]:
    """Return what a fixed stage publishes: two members, a picture, a line, a pause, and the end of an hour."""
    theatre = Theatre(["Ann", "Bob"])
    theatre.open()
    theatre.show(picture(1))
    theatre.talk(0.96)
    theatre.write(line(0), member=1)
    theatre.publish(theatre.stage.speech(1, 4, pause(0), theatre.now, theatre.clock_ms))
    theatre.now, theatre.clock_ms = 600.0, CLOCK_MS + 600_000
    theatre.talk(0.24)
    theatre.publish(theatre.stage.end(theatre.now, theatre.clock_ms))
    postings = [[posting.topic, posting.payload.hex(), posting.retain] for posting in theatre.recorded]
    return {"link": LINK.reveal(), "clock_ms": CLOCK_MS, "postings": postings}
