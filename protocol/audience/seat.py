"""A listener's side of an audience: what the broker delivers goes in, what is to be heard, seen and read comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from protocol.audience import checkpoint, signed_frame, speech_message
from protocol.audience.announcement import ANNOUNCEMENT_LETTER, MAX_MEMBERS, NO_PICTURE, Body, Envelope
from protocol.audience.audience_link import AudienceLink
from protocol.audience.epochs import TAG, Chain, Keys, epoch_of
from protocol.audience.live_rule import LiveRule, Standing
from protocol.audience.proving import Doubtful, Proving
from protocol.audience.release import Release, TimedPacket
from protocol.audience.signed_frame import PICTURE_LETTER, TEXT_LETTER
from protocol.audience.signing import SpeakerName
from protocol.audience.speech_message import HINT, HINTS, MAX_SPEECH_BYTES, SPEECH_LETTER
from protocol.errors import FrameError, SealError, TopicError

__all__ = ["Announcing", "Seat", "SeatEvent", "SeenFrame"]

# An announcement that is not of now is looked at once in a second: anybody can send those that are over.
LOOK_BACK_EVERY_S: Final = 1.0


class Announcing(NamedTuple):
    """What a live stage says of itself; it comes when that changes, and when the stage becomes live."""

    names: tuple[str, ...]
    codebooks: tuple[tuple[int, bytes], ...]
    shows: tuple[bool, ...]


class SeenFrame(NamedTuple):
    """A picture or line frame that a member signed: `letter` is that of its topic."""

    letter: str
    member: int
    frame: bytes


SeatEvent: TypeAlias = Standing | Announcing | SeenFrame | TimedPacket | Doubtful


@dataclass(slots=True)
class _Session:
    """What is known of the session of a stage that is live, or was."""

    number: int
    keys: Keys
    epoch: int
    proving: Proving
    newest: dict[str, int] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    said: Announcing | None = None


class Seat:
    """One listener. `now` is monotonic, in seconds; `clock_ms` is Unix time.

    `receive` raises the `RemoteError` of what it refuses, which then has changed nothing but, at most, the standing.
    """

    def __init__(self, link: AudienceLink, clock_ms: int) -> None:
        self.audience, self._since = link.audience, link.since
        self._chain = Chain(link.since, link.secret)
        # Years of hours take a moment, which is better now than with an announcement.
        self._chain.forget_before(epoch_of(clock_ms) - 1)
        self._speaker = SpeakerName(link.speaker)
        self._rule = LiveRule()
        self._session: _Session | None = None
        self._early: dict[str, bytes] = {}
        self._look_back_at = 0.0

    @property
    def pattern(self) -> str:
        """The one subscription."""
        return f"{self.audience}/+"

    @property
    def standing(self) -> Standing:
        """Whether the stage is live, and why not."""
        return self._rule.standing

    def receive(self, topic: str, payload: bytes, now: float, clock_ms: int) -> list[SeatEvent]:
        """Take a message of the broker's; raise the `RemoteError` for one that is refused."""
        audience, _, purpose = topic.partition("/")
        if audience != self.audience:
            raise TopicError(f"not a topic of this audience: {topic[:40]!r}")
        if purpose == ANNOUNCEMENT_LETTER:
            return self._receive_announcement(topic, payload, now, clock_ms)
        if purpose == SPEECH_LETTER:
            return self._receive_speech(topic, payload, now)
        if purpose == TEXT_LETTER or _member(purpose) is not None:
            return self._receive_frame(topic, purpose, payload)
        raise TopicError(f"not a topic of an audience: {topic[:40]!r}")

    def deadline(self) -> float | None:
        """Return when `handle_timer` has something to do."""
        times = [self._rule.deadline()]
        if self._session is not None:
            times.append(self._session.proving.deadline())
            times += [release.deadline() for release in self._session.releases.values()]
        return min((time for time in times if time is not None), default=None)

    def handle_timer(self, now: float) -> list[SeatEvent]:
        """Return what is to be played now, and what changed without a word from anybody."""
        events: list[SeatEvent] = []
        if self._rule.handle_timer(now):
            events.append(self.standing)
            self._forget_who_is_there()
        return events + self._settle(now)

    def _receive_announcement(self, topic: str, payload: bytes, now: float, clock_ms: int) -> list[SeatEvent]:
        if not payload:
            return []
        envelope = Envelope.parse(payload)
        announced = envelope.announced
        if not self._speaker.meet(announced.key):
            return self._refused(self._rule.refuse_key(), "is signed with another key than the link names")
        if not self._rule.is_of_now(announced.time_ms, clock_ms):
            return self._look_back(envelope, topic, now, clock_ms)
        if not self._rule.rises(announced.time_ms):
            raise SealError("an announcement that came before, or is older than one that did")
        session = self._session
        keys = session.keys if session and session.number == announced.session else Keys(self._chain, announced.session)
        body = envelope.open(keys, topic)
        self._speaker.check(topic, envelope.signed, envelope.signature)
        changed = self._rule.count(announced.time_ms, announced.ends, now, clock_ms)
        events: list[SeatEvent] = [self.standing] if changed else []
        return events + self._follow(announced.session, keys, epoch_of(announced.time_ms), body)

    def _look_back(self, envelope: Envelope, topic: str, now: float, clock_ms: int) -> list[SeatEvent]:
        announced = envelope.announced
        if now >= self._look_back_at:
            self._look_back_at = now + LOOK_BACK_EVERY_S
            self._speaker.check(topic, envelope.signed, envelope.signature)
            if self._rule.refuse(announced.time_ms, announced.ends, clock_ms):
                return [self.standing]
        raise SealError("an announcement that is not of now")

    def _refused(self, changed: bool, why: str) -> list[SeatEvent]:
        if changed:
            return [self.standing]
        raise SealError(f"an announcement that {why}")

    def _follow(self, number: int, keys: Keys, epoch: int, body: Body) -> list[SeatEvent]:
        """Take what a stage says of itself, and, if it is live, what came before it did."""
        session = self._session
        if session is None or session.number != number:
            session = self._session = _Session(number, keys, epoch, Proving(body.speech), {TEXT_LETTER: body.text - 1})
        session.epoch = epoch
        session.proving.announced(body.speech)
        self._chain.forget_before(epoch - 1)
        for member, picture in enumerate(body.pictures):
            letter = f"{PICTURE_LETTER}{member}"
            session.newest[letter] = max(session.newest.get(letter, NO_PICTURE), picture - 1)
        if not self.standing.live:
            self._forget_who_is_there()
            return []
        said = Announcing(body.names, body.codebooks, tuple(picture != NO_PICTURE for picture in body.pictures))
        events: list[SeatEvent] = [] if said == session.said else [said]
        session.said = said
        return events + self._take_early()

    def _forget_who_is_there(self) -> None:
        """Have all on stage announced anew once it is live again: by then those who listen have let them go."""
        if self._session is not None:
            self._session.said = None

    def _take_early(self) -> list[SeatEvent]:
        """A broker hands on what it retains in any order: pictures that came first are opened now."""
        early, self._early = self._early, {}
        events: list[SeatEvent] = []
        for topic, payload in early.items():
            try:
                events += self._receive_frame(topic, topic.partition("/")[2], payload)
            except (SealError, FrameError):
                continue
        return events

    def _receive_frame(self, topic: str, purpose: str, payload: bytes) -> list[SeatEvent]:
        if not payload:
            return []
        number = signed_frame.number_of(payload)
        member = _member(purpose)
        session = self._session
        if session is None or not self.standing.live:
            if member is not None:
                self._early[topic] = payload
            raise SealError("comes while the stage is not live")
        if number <= session.newest.get(purpose, -1):
            raise SealError("a frame that came before, or is older than one that did")
        opened = self._open(session, topic, number, signed_frame.sealed_part(payload))
        frame = signed_frame.check(opened, topic, self._speaker, session.number, number)
        if member is None:
            if not frame or frame[0] >= MAX_MEMBERS:
                raise FrameError("a line of no member of a stage")
            member, frame = frame[0], frame[1:]
        session.newest[purpose] = number
        return [SeenFrame(purpose[0], member, frame)]

    def _receive_speech(self, topic: str, payload: bytes, now: float) -> list[SeatEvent]:
        if not HINT.size + TAG <= len(payload) <= HINT.size + MAX_SPEECH_BYTES + TAG:
            raise SealError(f"speech to an audience does not have {len(payload)} bytes")
        session = self._session
        if session is None or not self.standing.live:
            raise SealError("comes while the stage is not live")
        least = max(0, session.proving.next - HINTS // 2)
        number = least + (HINT.unpack_from(payload)[0] - least) % HINTS
        plain = self._open(session, topic, number, payload[HINT.size :])
        message, content, proof = speech_message.decode(plain)
        proven = checkpoint.read(proof, number, self._speaker, topic, session.number) if proof else None
        if message.packets:
            session.proving.add(number, content, message, now)
        if proven is not None:
            session.proving.prove(proven)
        return self._settle(now)

    def _open(self, session: _Session, topic: str, number: int, sealed: bytes) -> bytes:
        """Open what is of this epoch, of the one that begins, or of the one that just ended."""
        for epoch in (session.epoch, session.epoch + 1):
            try:
                return session.keys.open(epoch, topic, number, sealed)
            except SealError:
                continue
        return session.keys.open(session.epoch - 1, topic, number, sealed)

    def _settle(self, now: float) -> list[SeatEvent]:
        """Hand on what is proven and due, and name what is not."""
        session = self._session
        if session is None:
            return []
        doubtful = list[SeatEvent]()
        for outcome in session.proving.settled(now):
            if isinstance(outcome, Doubtful):
                doubtful.append(outcome)
            else:
                message = outcome.message
                session.releases.setdefault(message.member, Release()).put(message, outcome.arrived)
        due = [packet for release in session.releases.values() for packet in release.due(now)]
        return [*doubtful, *due]


def _member(purpose: str) -> int | None:
    """Return whose pictures a topic carries; None if it carries none."""
    letter, place = purpose[:1], purpose[1:]
    if letter != PICTURE_LETTER or len(place) != 1 or place not in "01234567":
        return None
    return int(place)
