"""Speech that goes through the broker: sealed under a key of its own, numbered, and opened once each.

    low half of number (2) | sealed: time (3), Opus packet | tag (8)                bound to it: topic

The time counts units of 60 ms of the sender's stream, as RTP's timestamp counts samples of it: both are one clock, so
that speech can change its route in the middle of a word. A number that is missing is a packet that was lost, or that
could not leave in time; a time that jumps without one is a pause.

Everything else is as for a frame (`protocol.sealing`), but for one thing: a receiver listens only while there is no
direct path, and what it did not hear may be hours of numbers. So it also looks for a number further ahead, as far as
speech can have come by then.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from protocol.errors import SealError
from protocol.room_secret import RoomSecret
from protocol.sealing import FRAME_TAG, MAX_NUMBER, ReplayWindow, SealingStream, SessionKeys, open_numbered
from protocol.speech.opus_packet import SAMPLES_PER_MS
from protocol.topics import Letter, Topic

__all__ = ["MAX_PACKET_BYTES", "SPEECH_OVERHEAD", "TIME_UNIT", "BrokerSpeech", "SpeechOpener", "SpeechSealer"]

# Of a message's time: 60 ms, in 48 kHz samples. Most profiles have frames of that length.
TIME_UNIT: Final = 60 * SAMPLES_PER_MS
# Packets of 120 ms at the highest rate that a profile can have take 1,950 bytes.
MAX_PACKET_BYTES: Final = 4096
# The shortest that a message lasts: what bounds how far the numbers can have come.
SHORTEST_S: Final = 0.06
# Of 65,536 numbers: 15 hours of speech without a pause that were not heard. More make a flood of forgeries dearer.
MAX_ROUNDS: Final = 7

_HINT, _TIME_BYTES = struct.Struct(">H"), 3
_HINTS, _TIMES, _TIMESTAMPS = 1 << 16, 1 << 8 * _TIME_BYTES, 1 << 32
# What sealing adds to an Opus packet.
SPEECH_OVERHEAD: Final = _HINT.size + _TIME_BYTES + FRAME_TAG


@dataclass(frozen=True, slots=True)
class BrokerSpeech:
    """An opened message. `number` counts the sender's messages, and `time` is in units of `TIME_UNIT`."""

    number: int
    time: int
    packet: bytes

    @property
    def timestamp(self) -> int:
        """The packet's RTP timestamp: 32 bits, at 48 kHz."""
        return self.time * TIME_UNIT % _TIMESTAMPS


def _stream_of(keys: SessionKeys) -> SealingStream:
    return SealingStream(keys.cipher("speech", FRAME_TAG))


class SpeechSealer:
    """Seals the speech of one session of one node. `next` is the number of the next message."""

    def __init__(self, secret: RoomSecret, node: str, session: int) -> None:
        self._stream = _stream_of(SessionKeys(secret, node, session))
        self._topic = str(Topic(secret.room_id(), node, Letter.SPEECH)).encode()

    @property
    def next(self) -> int:
        """The number of the next message: from this one on a newcomer opens."""
        return self._stream.next

    def seal(self, time: int, packet: bytes) -> bytes:
        """Return a message to publish. Raises `ValueError` when this session has sealed all that it can."""
        number, sealed = self._stream.seal((time % _TIMES).to_bytes(_TIME_BYTES) + packet, self._topic)
        return _HINT.pack(number % _HINTS) + sealed

    def skip(self, messages: int = 1) -> None:
        """Leave out numbers: the receivers then see that so many messages were lost, and not that it was silent."""
        self._stream.next = min(self._stream.next + messages, MAX_NUMBER + 1)


class _Speaker:
    """The stream of one admitted session; `at` is when its newest message came, or it was admitted."""

    def __init__(self, keys: SessionKeys, oldest: int, at: float) -> None:
        self.cipher, self.window = keys.cipher("speech", FRAME_TAG), ReplayWindow(oldest)
        self.at = at

    def numbers(self, hint: int, now: float) -> Iterator[int]:
        """Yield what the number may be: the one nearest to the next, and those that time has made possible."""
        nearest = self.window.number(hint)
        yield nearest
        possible = math.ceil((now - self.at) / SHORTEST_S) - _HINTS // 2
        yield from range(nearest + _HINTS, nearest + possible + _HINTS, _HINTS)[:MAX_ROUNDS]


class SpeechOpener:
    """Opens the speech of peers that were admitted. Forged messages make it remember nothing."""

    def __init__(self, secret: RoomSecret) -> None:
        self._secret = secret
        self._speakers: dict[str, _Speaker] = {}

    def admit(self, peer: str, session: int, oldest: int, now: float) -> None:
        """Open the speech of this session of a peer from now on, from the number `oldest` on, which its hello named."""
        self._speakers[peer] = _Speaker(SessionKeys(self._secret, peer, session), oldest, now)

    def dismiss(self, peer: str) -> None:
        """Open nothing more of a peer."""
        self._speakers.pop(peer, None)

    def open(self, topic: Topic, sealed: bytes, now: float) -> BrokerSpeech:
        """Open a message of a peer that was admitted. Raises `SealError`, and nothing has changed, if it cannot be."""
        if not SPEECH_OVERHEAD <= len(sealed) <= SPEECH_OVERHEAD + MAX_PACKET_BYTES:
            raise SealError(f"has {len(sealed)} bytes, which no speech has here")
        if (speaker := self._speakers.get(topic.node)) is None:
            raise SealError("comes from no peer that is known to be here")
        number, plain = _opened(speaker, topic, sealed, now)
        speaker.at = now
        return BrokerSpeech(number, int.from_bytes(plain[:_TIME_BYTES]), plain[_TIME_BYTES:])


def _opened(speaker: _Speaker, topic: Topic, sealed: bytes, now: float) -> tuple[int, bytes]:
    refused: SealError | None = None
    bound = str(topic).encode()
    for number in speaker.numbers(_HINT.unpack_from(sealed)[0], now):
        try:
            return number, open_numbered(speaker.cipher, speaker.window, number, sealed[_HINT.size :], bound)
        except SealError as error:
            refused = refused or error
    assert refused is not None
    raise refused
