"""From captured frames to Opus packets, ready for RTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.speech.opus import Encoder
from node.speech.profiles import LEAN, Profile
from node.speech.sound import SAMPLE_RATE, level_dbfs
from node.speech.sources import Captured, Source
from protocol.speech import opus
from protocol.speech.copies import Copies
from protocol.speech.red import Copy

if TYPE_CHECKING:
    from node.speech.coding import SpeechEncoder

RTP_RATE = 48_000
"""Opus always counts RTP time at 48 kHz, whatever it carries (RFC 7587, section 4.1)."""

VOICED_DBFS = -45.0
"""A frame at or above this level counts as talking. Speech frames lie some 20 dB above it and a quiet room
below; it only serves to state rates "while talking" and switches nothing."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet's worth of speech.

    `timestamp` counts 48 kHz samples from 0 at the first packet, over dropped sound too; the RTP layer adds
    its random offset and wraps it. `captured_at` is the monotonic time at which the first sample was
    captured; `voiced` says whether someone talks in it; `duration_ms` is the sound it carries. `copies` are of earlier
    packets, for peers who can take them.
    """

    payload: bytes
    timestamp: int
    captured_at: float
    voiced: bool
    duration_ms: int
    copies: tuple[Copy, ...] = ()


class Talker:
    """Encodes a source and bundles the frames as the profile says: an asynchronous iterator of packets.

    `source` must yield frames of `profile.frame_samples`. `encoder` is Opus's, unless another one is given.
    `redundancy` may be set while it runs and holds from the next packet on: 0 sends no copies, 1 and 2 copies of what
    was said about so many packets earlier.
    """

    def __init__(self, source: Source, profile: Profile = LEAN, encoder: Encoder | SpeechEncoder | None = None) -> None:
        self.profile = profile
        self._source = source
        self._encoder = encoder or Encoder(profile)
        self._copies = Copies()

    @property
    def redundancy(self) -> int:
        """See `protocol.speech.copies`; ValueError if set to anything but 0, 1 or 2."""
        return self._copies.redundancy

    @redundancy.setter
    def redundancy(self, distance: int) -> None:
        self._copies.redundancy = distance

    @property
    def lookahead_ms(self) -> float:
        """What the encoder adds to mouth-to-ear besides the packet's duration."""
        return self._encoder.lookahead_ms

    async def __aiter__(self) -> AsyncIterator[Packet]:
        """Yield each packet as soon as its last frame is captured.

        Frames before a gap, or before another codec, travel alone.
        """
        bundle: list[tuple[Captured, bytes]] = []
        position = 0
        async for captured in self._source:
            encoded = self._encoder.encode(captured.pcm)
            if bundle and (captured.skipped or opus.parse(encoded).toc != opus.parse(bundle[-1][1]).toc):
                yield self._packet(bundle, position)
                bundle = []
            position += captured.skipped + len(captured.pcm)
            bundle.append((captured, encoded))
            if len(bundle) == self.profile.frames_per_packet:
                yield self._packet(bundle, position)
                bundle = []
        if bundle:
            yield self._packet(bundle, position)

    def _packet(self, bundle: list[tuple[Captured, bytes]], end: int) -> Packet:
        samples = len(bundle) * self.profile.frame_samples
        payload = opus.join([encoded for _, encoded in bundle])
        timestamp = (end - samples) * RTP_RATE // SAMPLE_RATE
        return Packet(
            payload=payload,
            timestamp=timestamp,
            captured_at=bundle[0][0].at,
            voiced=any(level_dbfs(captured.pcm) >= VOICED_DBFS for captured, _ in bundle),
            duration_ms=len(bundle) * self.profile.frame_ms,
            copies=self._copies.beside(timestamp, payload),
        )
