"""Speech of the members of a stage, put in order for the audience: their Opus frames as they are, none twice.

What the network brings a member of the room may come late, twice, or as a copy in a later packet. A frame goes on when
the one before it has, when that one began a pause, or when it has waited long enough for what seems to be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from protocol.audience.speech_message import SAMPLES_PER_TICK
from protocol.errors import PacketError
from protocol.rtp.sequence import unwrap
from protocol.speech import opus_packet, opus_padding
from protocol.speech.opus_packet import SAMPLES_PER_MS

if TYPE_CHECKING:
    from protocol.rtp.red import Copy

# The copies that go furthest come 2.5 packets of 120 ms later; an audience hears everything two seconds late anyway.
HOLD_S: Final = 0.4
# More than is held in that time, however short the frames.
MOST_HELD: Final = 256

_TIMESTAMP_BITS = 32


class StagePacket(NamedTuple):
    """Opus of a member. `start` counts units of 10 ms from the member's first packet on."""

    start: int
    payload: bytes


class _HeldFrame(NamedTuple):
    """A frame as a packet of its own; `whole` is the packet of several that begins with it."""

    packet: bytes
    arrived: float
    whole: bytes


class StageSpeech:
    """The frames of one member. `now` is in seconds, timestamps are RTP's, of 48 kHz."""

    def __init__(self) -> None:
        self._origin: int | None = None
        self._next: int | None = None
        self._passed = 0
        self._held: dict[int, _HeldFrame] = {}

    def receive(self, timestamp: int, payload: bytes, copies: Sequence[Copy], now: float) -> list[StagePacket]:
        """Take a packet and its copies of earlier ones; return what goes on. Raises PacketError for no Opus."""
        opus_packet.parse(payload)
        if self._origin is None:
            self._origin = timestamp - max((copy.offset for copy in copies), default=0)
        for copy in copies:
            self._hold(timestamp - copy.offset, copy.payload, now)
        self._hold(timestamp, payload, now)
        return self.due(now)

    def due(self, now: float) -> list[StagePacket]:
        """Return what goes on by now, in packets of 120 ms at most."""
        ready: list[tuple[int, _HeldFrame]] = []
        while self._held:
            at = min(self._held)
            if self._next is not None and at != self._next and now < self._held[at].arrived + HOLD_S:
                break
            held = self._held.pop(at)
            ready.append((at, held))
            length = round(opus_packet.duration_ms(held.packet) * SAMPLES_PER_MS)
            self._next = None if opus_packet.is_dtx(held.packet) else at + length
            self._passed = at + length
        return _packed(ready)

    def deadline(self) -> float | None:
        """Return when something is `due`."""
        return self._held[min(self._held)].arrived + HOLD_S if self._held else None

    def _hold(self, timestamp: int, payload: bytes, now: float) -> None:
        assert self._origin is not None
        at = unwrap(timestamp - self._origin, _TIMESTAMP_BITS, near=self._passed)
        try:
            frames = opus_packet.split(payload)
        except PacketError:  # a copy that is none
            return
        for number, frame in enumerate(frames):
            if self._passed <= at and len(self._held) < MOST_HELD:
                self._held.setdefault(at, _HeldFrame(frame, now, b"" if number else payload))
            at += round(opus_packet.duration_ms(frame) * SAMPLES_PER_MS)


def _packed(frames: Sequence[tuple[int, _HeldFrame]]) -> list[StagePacket]:
    """Join frames that follow one another as far as Opus packets go."""
    runs: list[tuple[int, list[_HeldFrame]]] = []
    end = 0
    for at, held in frames:
        if runs and at == end and _join_up([*runs[-1][1], held]):
            runs[-1][1].append(held)
        else:
            runs.append((at, [held]))
        end = at + round(opus_packet.duration_ms(held.packet) * SAMPLES_PER_MS)
    return [StagePacket(start // SAMPLES_PER_TICK, _packet_of(run)) for start, run in runs]


def _packet_of(run: Sequence[_HeldFrame]) -> bytes:
    """Return frames as one packet: the one that they came in, padding and all, if they are all of it."""
    joined = opus_packet.join([held.packet for held in run])
    return run[0].whole if opus_padding.strip(run[0].whole) == joined else joined


def _join_up(run: Sequence[_HeldFrame]) -> bool:
    try:
        opus_packet.join([held.packet for held in run])
    except PacketError:  # of another configuration, or longer than a packet may be
        return False
    return True
