"""The send stream: captured sound is encoded and bundled into Opus packets, ready for RTP."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from node.speech.audio_io import Captured, Source
from node.speech.band_extension import HighBandMeter
from node.speech.libopus import OpusEncoder
from node.speech.pcm import SAMPLE_RATE, Pcm, level_dbfs, seconds_of, silence
from node.speech.profiles import LEAN, Profile
from node.speech.voice_activity import DtxDecision, DtxGate, VoiceDetector
from protocol.rtp.red import Copy
from protocol.speech import high_band, opus_packet
from protocol.speech.opus_packet import OPUS_RATE
from protocol.speech.redundancy import MAX_REDUNDANCY, RedundancyEncoder

if TYPE_CHECKING:
    from node.speech.codec import SpeechEncoder

# A frame at or above this level counts as talking. Speech frames lie some 20 dB above it and a quiet room below; it
# only serves to state rates "while talking" and switches nothing.
VOICED_DBFS = -45.0


@dataclass(frozen=True, slots=True)
class SpeechPacket:
    """One RTP packet's worth of speech.

    `timestamp` counts 48 kHz samples from 0 at the first packet, over dropped and unsent sound too; the RTP layer
    adds its random offset and wraps it. `captured_at` is the monotonic time at which the first sample was captured;
    `voiced` says whether the packet is loud enough for speech; `duration_ms` is the sound it carries. `copies` are of
    earlier packets, for peers that can use them; `begins` marks the first packet after a pause (the marker bit of
    RFC 3551, section 4.1).
    """

    payload: bytes
    timestamp: int
    captured_at: float
    voiced: bool
    duration_ms: int
    copies: tuple[Copy, ...] = ()
    begins: bool = False


@dataclass(slots=True)
class _Bundle:
    """Frames that will share a packet, the profile to encode them with, and the position at which they end."""

    profile: Profile
    frames: list[Captured] = field(default_factory=list)
    end: int = 0

    def add(self, frame: Captured, end: int) -> None:
        self.frames.append(frame)
        self.end = end

    @property
    def full(self) -> bool:
        return len(self.frames) == self.profile.frames_per_packet


class Reframer:
    """A buffer that cuts captured sound into frames of another length, which may change from frame to frame.

    What remains waits for the next piece. A frame that is recut is no longer the one that came encoded.
    """

    def __init__(self) -> None:
        self._rest = silence(0)
        self._at = 0.0
        self._skipped = 0
        self._encoded: bytes | None = None

    def put(self, captured: Captured) -> None:
        """Add a piece. After a gap, the incomplete frame before it becomes part of the gap."""
        if captured.skipped:
            self._skipped += captured.skipped + len(self._rest)
            self._rest = silence(0)
        self._encoded = None
        if not len(self._rest):
            self._at, self._encoded = captured.at, captured.encoded
        self._rest = np.concatenate([self._rest, captured.pcm])

    def take(self, samples: int) -> Captured | None:
        """Return the next frame of this length, or None until there is enough for it."""
        if len(self._rest) < samples:
            return None
        pcm: Pcm = self._rest[:samples]
        complete = len(self._rest) == samples
        frame = Captured(pcm, self._at, self._skipped, self._encoded if complete else None)
        self._rest = self._rest[samples:]
        self._at += seconds_of(samples)
        self._skipped, self._encoded = 0, None
        return frame


class SendStream:
    """A source's sound, encoded and bundled with a profile's settings: an asynchronous iterator of packets.

    A source whose frames are not of the profile's length is reframed, which delays it by no more than its own frames.
    With the profile's `dtx` there are no packets in a pause, and text alone is one long pause. `voice_at` is when sound
    with a voice was last captured, on the source's clock. `encoder` is an OpusEncoder, unless another is given. With
    the profile's `high_band` the gains go along for as long as `fills` says that a listener wants them, but for tones,
    that noise is no likeness of. While it is not `open` there are no packets, whatever the profile.
    """

    def __init__(
        self,
        source: Source,
        profile: Profile = LEAN,
        encoder: OpusEncoder | SpeechEncoder | None = None,
        fills: Callable[[], bool] = lambda: True,
    ) -> None:
        self.profile = profile
        self._source = source
        self._reframer = Reframer()
        self._encoder = encoder or OpusEncoder(profile)
        self._copies = RedundancyEncoder()
        self._fills, self._high_band = fills, HighBandMeter()
        self._voice_detector = VoiceDetector()
        self._dtx = DtxGate()
        self._position = 0
        self.open = True
        self._silent = True
        self.voice_at = -math.inf

    @property
    def redundancy(self) -> int:
        """The profile's copy distance: 0 sends no copies, 1 and 2 copies of the sound so many packets earlier.

        A new one takes effect with the next packet. Raises ValueError if it is none of these.
        """
        return self.profile.redundancy

    @redundancy.setter
    def redundancy(self, distance: int) -> None:
        if not 0 <= distance <= MAX_REDUNDANCY:
            raise ValueError(f"redundancy is 0, 1 or 2, not {distance}")
        self.change(replace(self.profile, redundancy=distance))

    @property
    def lookahead_ms(self) -> float:
        """The encoder's part of the mouth-to-ear delay, besides the packet's duration."""
        return self._encoder.lookahead_ms

    def change(self, profile: Profile) -> None:
        """Use another profile from the next packet on."""
        self.profile = profile

    async def __aiter__(self) -> AsyncIterator[SpeechPacket]:
        """Yield each packet as soon as its last frame is captured. Frames before a gap travel alone."""
        bundle = _Bundle(self.profile)
        async for captured in self._source:
            self._reframer.put(captured)
            while (frame := self._reframer.take(bundle.profile.frame_samples)) is not None:
                if frame.skipped:
                    for packet in self._packets(bundle):
                        yield packet
                    bundle = _Bundle(bundle.profile)
                self._position += frame.skipped + len(frame.pcm)
                bundle.add(frame, self._position)
                if bundle.full:
                    for packet in self._packets(bundle):
                        yield packet
                    bundle = _Bundle(self.profile)
            if not bundle.frames:
                bundle = _Bundle(self.profile)
        for packet in self._packets(bundle):
            yield packet

    def _packets(self, bundle: _Bundle) -> Iterator[SpeechPacket]:
        """Yield what is to be sent of a bundle, encoded. Frames of different Opus modes cannot share a packet."""
        if not bundle.frames:
            return
        match self._decide(bundle):
            case DtxDecision.SKIP:
                self._silent = True
            case DtxDecision.SEND:
                yield from self._joined(bundle, [self._encode(bundle, frame) for frame in bundle.frames])
            case DtxDecision.SEND_LAST:
                first = self._encode(bundle, bundle.frames[0])
                empty = opus_packet.empty_like(first)
                yield from self._joined(bundle, [first, empty] if len(bundle.frames) > 1 else [empty])

    def _decide(self, bundle: _Bundle) -> DtxDecision:
        voices = [self._voice_detector.detects(frame.pcm) for frame in bundle.frames]
        if any(voices):
            self.voice_at = bundle.frames[-1].at
        if not self.open:
            return self._dtx.cut()
        profile = bundle.profile
        if not (profile.dtx or profile.text_only):
            voices = [True]
        return self._dtx.decide(any(voices) and not profile.text_only, len(bundle.frames) * profile.frame_ms)

    def _encode(self, bundle: _Bundle, frame: Captured) -> bytes:
        self._encoder.change(bundle.profile)
        if frame.encoded is not None and self._encoder.accepts(frame.encoded):
            return frame.encoded
        return self._encoder.encode(frame.pcm)

    def _joined(self, bundle: _Bundle, encoded: list[bytes]) -> Iterator[SpeechPacket]:
        same_mode = len({opus_packet.configuration(one) for one in encoded}) == 1
        for first, parts in [(0, encoded)] if same_mode else [(n, [one]) for n, one in enumerate(encoded)]:
            yield self._packet(bundle, first, parts)

    def _packet(self, bundle: _Bundle, first: int, encoded: list[bytes]) -> SpeechPacket:
        profile, frames = bundle.profile, bundle.frames[first : first + len(encoded)]
        start = bundle.end - (len(bundle.frames) - first) * profile.frame_samples
        payload, timestamp = self._filled(profile, frames, encoded), start * OPUS_RATE // SAMPLE_RATE
        begins, self._silent = self._silent, False
        self._copies.redundancy = profile.redundancy
        return SpeechPacket(
            payload=payload,
            timestamp=timestamp,
            captured_at=bundle.frames[0].at + seconds_of(first * profile.frame_samples),
            voiced=any(level_dbfs(frame.pcm) >= VOICED_DBFS for frame in frames),
            duration_ms=len(encoded) * profile.frame_ms,
            copies=self._copies.beside(timestamp, payload),
            begins=begins,
        )

    def _filled(self, profile: Profile, frames: list[Captured], encoded: list[bytes]) -> bytes:
        """Return the frames as one packet, with the gains of the high band if they go along."""
        payload = opus_packet.join(encoded)
        if not profile.sends_high_band:
            return payload
        gains = [self._levels(frame) for frame in frames]
        if not (self._fills() and self._high_band.helps and high_band.blocks_in(opus_packet.parse(payload))):
            return payload
        empty = (high_band.NOTHING,) * len(gains[0])
        sent = [empty if opus_packet.is_dtx(one) else own for one, own in zip(encoded, gains, strict=True)]
        return high_band.beside(payload, [block for own in sent for block in own])

    def _levels(self, frame: Captured) -> high_band.Gains:
        if frame.skipped:
            self._high_band.reset()
        return self._high_band.levels(frame.pcm)
