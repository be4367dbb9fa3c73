"""The speaker's side of an audience: what is said goes in, what is to be published comes out.

topic             carries                                                             retained
<audience>/a      announcement, every 10 s and at the start of each epoch             yes
<audience>/v      last 2 bytes of the number, sealed speech message, tag              no
<audience>/p<m>   number (4), sealed (picture frame, signature), tag: of member m     yes
<audience>/t      number (4), sealed (member, line frame, signature), tag             no
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from protocol.audience import announcement, signed_frame
from protocol.audience.announcement import ANNOUNCEMENT_LETTER, NO_PICTURE, Announced, Body, Envelope
from protocol.audience.audience_link import AudienceLink
from protocol.audience.bundling import Bundler
from protocol.audience.checkpoint import CHECKPOINT_EVERY, CheckpointWriter
from protocol.audience.epochs import Chain, Keys, epoch_of
from protocol.audience.signed_frame import PICTURE_LETTER, TEXT_LETTER
from protocol.audience.signing import SpeakerKey, SpeakerName
from protocol.audience.speech_message import HINT, HINTS, SPEECH_LETTER, SpeechMessage, with_checkpoint
from protocol.errors import SealError
from protocol.speech import opus_packet

__all__ = ["ANNOUNCE_EVERY_S", "Posting", "Stage"]

ANNOUNCE_EVERY_S: Final = 10.0
# With every sixth announcement pictures come again, for 30 bit/s each: to those who lost one, and to newcomers at a
# broker that serves what it retains to no wildcard.
PICTURES_EVERY: Final = 6
# Of what was said and is not yet proven, when nothing more follows.
PROVE_AFTER_S: Final = 0.5


class Posting(NamedTuple):
    """A message to publish. Speech is worth nothing late: what cannot leave now is dropped (`now_or_never`).

    `packets` are those of Opus in it.
    """

    topic: str
    payload: bytes
    retain: bool = False
    now_or_never: bool = False
    packets: int = 0


class _Shown(NamedTuple):
    """A member's newest picture."""

    number: int
    frame: bytes


class Stage:
    """One session of a stage. `session` is 64 random bits that were never used before.

    `now` is monotonic, in seconds; `clock_ms` is Unix time. Announced times rise even when that clock is set back.
    """

    def __init__(
        self,
        key: SpeakerKey,
        chain: Chain,
        names: Sequence[str],
        session: int,
        codebooks: Sequence[tuple[int, bytes]] = (),
    ) -> None:
        self.audience = AudienceLink(chain.since, chain.secret_of(chain.since), key.digest).audience
        self.session = session
        self._key, self._codebooks = key, tuple(codebooks)
        self._speaker = SpeakerName(key.digest)
        self._keys = Keys(chain, session)
        self._names = list(names)
        self._bundler = Bundler()
        self._checkpoints = CheckpointWriter(key, self._topic(SPEECH_LETTER), session)
        self._pictures: dict[int, _Shown] = {}
        self._picture_number = NO_PICTURE
        self._announcements = self._speech = self._text = 0
        self._time_ms = self._epoch = -1
        self._announce_at: float | None = None
        self._has_ended = False
        self._spoke_at = 0.0

    def announce(self, now: float, clock_ms: int) -> list[Posting]:
        """Say that the stage is live: at the start, and when a name changed."""
        return self._announce(now, clock_ms, anew=False)

    def again(self, now: float, clock_ms: int) -> list[Posting]:
        """Say again all that a broker retains: it may have lost it."""
        return self._announce(now, clock_ms, anew=True)

    def rename(self, names: Sequence[str]) -> None:
        """Change who is on stage, from the next announcement on; an empty name is a place that is free."""
        self._names = list(names)

    def recognise(self, payload: bytes) -> Announced:
        """Return what an announcement with our key says; raise `SignalError`, or `SealError` for one of another key."""
        parts = Envelope.parse(payload)
        if not self._speaker.meet(parts.announced.key):
            raise SealError("an announcement with another key")
        self._speaker.check(self._topic(ANNOUNCEMENT_LETTER), parts.signed, parts.signature)
        return parts.announced

    def speech(self, member: int, start: int, packet: bytes, now: float, clock_ms: int) -> list[Posting]:
        """Say a packet of a member, which begins at `start` (units of 10 ms); it goes out with those that follow.

        Raises `PacketError` for what is no Opus.
        """
        if self._has_ended:
            return []
        full = self._bundler.add(member, start, packet, now)
        said, self._spoke_at = self._entered(now, clock_ms), now
        return said + [self._speak(message, prove=_pauses(message)) for message in full]

    def picture(self, member: int, frame: bytes, now: float, clock_ms: int) -> list[Posting]:
        """Show a picture frame of a member; an empty one takes the last away."""
        if self._has_ended:
            return []
        said = self._entered(now, clock_ms)
        if frame:
            self._pictures[member] = self._numbered(frame)
            return [*said, self._show(member)]
        self._pictures.pop(member, None)
        return [*said, self._clear(member)]

    def text(self, member: int, frame: bytes, now: float, clock_ms: int) -> list[Posting]:
        """Say a line frame of a member."""
        if self._has_ended:
            return []
        said, number = self._entered(now, clock_ms), self._text
        self._text += 1
        return [*said, Posting(*self._signed(TEXT_LETTER, number, bytes((member,)) + frame))]

    def deadline(self) -> float | None:
        """Return when `handle_timer` has something to do."""
        proving = self._spoke_at + PROVE_AFTER_S if self._checkpoints.unproven else None
        times = (self._bundler.deadline(), self._announce_at, proving)
        return min((time for time in times if time is not None), default=None)

    def handle_timer(self, now: float, clock_ms: int) -> list[Posting]:
        """Say what is due: packets that waited long enough, their proof, an announcement."""
        said = [self._speak(message) for message in self._bundler.due(now)]
        if self._checkpoints.unproven and now >= self._spoke_at + PROVE_AFTER_S:
            said.append(self._speak(SpeechMessage(0, 0), prove=True))
        if self._announce_at is not None and now >= self._announce_at:
            said += self.announce(now, clock_ms)
        return said

    def end(self, now: float, clock_ms: int) -> list[Posting]:
        """Say what waits, and that this was all: the retained announcement says so to those who come later.

        Nothing that happens on stage goes out after that; what is announced, as when the broker is back, is the end.
        """
        said = self._entered(now, clock_ms) + [self._speak(message) for message in self._bundler.rest()]
        if self._checkpoints.unproven:
            said.append(self._speak(SpeechMessage(0, 0), prove=True))
        said += [self._clear(member) for member in self._pictures]
        self._pictures, self._announce_at, self._has_ended = {}, None, True
        return [*said, self._announcement(clock_ms)]

    def _entered(self, now: float, clock_ms: int) -> list[Posting]:
        """Announce if an epoch began, so that what follows is sealed in one that listeners know."""
        return [] if epoch_of(max(clock_ms, self._time_ms)) == self._epoch else self.announce(now, clock_ms)

    def _announce(self, now: float, clock_ms: int, anew: bool) -> list[Posting]:
        """A new epoch seals the pictures anew: who comes late may have a link that opens none before."""
        self._announce_at = None if self._has_ended else now + ANNOUNCE_EVERY_S
        anew = anew or epoch_of(max(clock_ms, self._time_ms + 1)) != self._epoch
        anew = anew or self._announcements % PICTURES_EVERY == PICTURES_EVERY - 1
        if anew:
            self._pictures = {member: self._numbered(shown.frame) for member, shown in self._pictures.items()}
        said = [self._announcement(clock_ms)]
        return said + [self._show(member) for member in self._pictures] if anew else said

    def _announcement(self, clock_ms: int) -> Posting:
        self._time_ms = max(clock_ms, self._time_ms + 1)
        self._epoch = epoch_of(self._time_ms)
        number, self._announcements = self._announcements, self._announcements + 1
        announced = Announced(self._has_ended, self._key.public, self.session, number, self._time_ms)
        topic = self._topic(ANNOUNCEMENT_LETTER)
        signed = announcement.unsigned(announced, self._body(), self._keys, topic)
        return Posting(topic, signed + self._key.sign(topic, signed), retain=True)

    def _body(self) -> Body:
        none = _Shown(NO_PICTURE, b"")
        pictures = tuple(self._pictures.get(member, none).number for member in range(len(self._names)))
        return Body(self._speech, self._text, pictures, tuple(self._names), self._codebooks)

    def _speak(self, message: SpeechMessage, prove: bool = False) -> Posting:
        number, self._speech = self._speech, self._speech + 1
        content, topic = message.encode(), self._topic(SPEECH_LETTER)
        self._checkpoints.add(number, content)
        if prove or self._checkpoints.unproven >= CHECKPOINT_EVERY:
            content = with_checkpoint(content, self._checkpoints.write(number))
        sealed = self._keys.seal(self._epoch, topic, number, content)
        payload = HINT.pack(number % HINTS) + sealed
        return Posting(topic, payload, now_or_never=True, packets=len(message.packets))

    def _numbered(self, frame: bytes) -> _Shown:
        self._picture_number += 1
        return _Shown(self._picture_number, frame)

    def _show(self, member: int) -> Posting:
        shown = self._pictures[member]
        return Posting(*self._signed(f"{PICTURE_LETTER}{member}", shown.number, shown.frame), retain=True)

    def _clear(self, member: int) -> Posting:
        return Posting(self._topic(f"{PICTURE_LETTER}{member}"), b"", retain=True)

    def _signed(self, purpose: str, number: int, payload: bytes) -> tuple[str, bytes]:
        topic = self._topic(purpose)
        sealed = signed_frame.seal(self._keys, self._epoch, topic, self._key, self.session, number, payload)
        return topic, sealed

    def _topic(self, purpose: str) -> str:
        return f"{self.audience}/{purpose}"


def _pauses(message: SpeechMessage) -> bool:
    return opus_packet.begins_pause(message.packets[-1])
