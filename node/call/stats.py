"""What one node counts while a call runs; the live table and the summary are both read from here."""

from __future__ import annotations

from dataclasses import dataclass, field

from node.common.loop_lag import LoopLag
from node.common.recent_values import RecentValues
from node.links.wire_meter import WireMeter
from node.speech.levels import LevelMeter

MAX_DELAYS = 60_000  # one for each 60 ms frame: percentiles cover the last hour of a longer call


@dataclass(slots=True)
class PicturesOut:
    """Pictures on their way out, as words."""

    captioned: int = 0
    sent: int = 0
    caption_bits: int = 0
    frame_bytes: int = 0
    wire_bytes: int = 0
    raw_bits: int = 0
    last_caption: str = ""
    last_bits: int = 0
    look_bits: int = 0

    def add(
        self, caption: str, bits: int, frame_bytes: int, wire_bytes: int, raw_bits: int, look_bits: int = 0
    ) -> None:
        """One picture frame was handed to MQTT."""
        self.sent += 1
        self.caption_bits += bits
        self.look_bits += look_bits
        self.frame_bytes += frame_bytes
        self.wire_bytes += wire_bytes
        self.raw_bits += raw_bits
        self.last_caption, self.last_bits = caption, bits

    @property
    def ratio(self) -> float | None:
        """Bits of the raw pictures against bits of their coded captions, the article's measure, and of their looks."""
        coded = self.caption_bits + self.look_bits
        return self.raw_bits / coded if coded else None


@dataclass(slots=True)
class PicturesIn:
    """Pictures that came as words, and were painted."""

    received: int = 0
    painted: int = 0
    first_painted_at: float | None = None
    last_caption: str = ""


@dataclass(slots=True)
class SpeechOut:
    """Speech packets handed to the links: all of them, those with a voice in them, and those that left late or after
    sound that never left."""

    packets: int = 0
    payload: int = 0
    voiced_packets: int = 0
    voiced_payload: int = 0
    voiced_ms: float = 0.0
    late: int = 0

    def add(self, payload: int, voiced: bool, duration_ms: float, late: bool = False) -> None:
        self.packets += 1
        self.payload += payload
        self.late += late
        if voiced:
            self.voiced_packets += 1
            self.voiced_payload += payload
            self.voiced_ms += duration_ms


@dataclass(slots=True)
class SpeechIn:
    """What the listeners of all peers have counted."""

    received: int = 0
    lost: int = 0
    late: int = 0
    bad_packets: int = 0
    concealed_ms: float = 0.0
    underruns: int = 0
    mouth_to_ear_ms: RecentValues = field(default_factory=lambda: RecentValues(MAX_DELAYS))
    stall_ms_max: float = 0.0
    underruns_after_5s: int = 0


@dataclass(slots=True)
class CallStats:
    """One node's counts of one call. Times are on the monotonic clock. What happened `again` was lost before."""

    started: float
    profile: str
    meter: WireMeter = field(default_factory=WireMeter)
    pictures_out: PicturesOut = field(default_factory=PicturesOut)
    pictures_in: PicturesIn = field(default_factory=PicturesIn)
    speech_out: SpeechOut = field(default_factory=SpeechOut)
    speech_in: SpeechIn = field(default_factory=SpeechIn)
    said: LevelMeter = field(default_factory=LevelMeter)
    heard: LevelMeter = field(default_factory=LevelMeter)
    loop_lag: LoopLag = field(default_factory=LoopLag)
    bad_messages: int = 0
    peer_faults: int = 0
    calls_again: int = 0
    broker_again: int = 0
    setup_ms: float | None = None
    ended: float | None = None

    def seconds(self, now: float) -> float:
        """How long the call has run, or ran."""
        return max((self.ended if self.ended is not None else now) - self.started, 1e-9)

    def speech_payload_kbps(self) -> float | None:
        """Opus bytes while talking: over the packets that have a voice in them."""
        return self._kbps_while_talking(0.0)

    def speech_wire_kbps(self) -> float | None:
        """The same with all that an RTP packet carries besides, as measured on the datagrams that left."""
        rtp = self.meter.sent["rtp"]
        if not rtp.packets or not self.speech_out.packets:
            return None
        overhead = rtp.bytes / rtp.packets - self.speech_out.payload / self.speech_out.packets
        return self._kbps_while_talking(overhead)

    def _kbps_while_talking(self, overhead: float) -> float | None:
        out = self.speech_out
        if not out.voiced_packets:
            return None
        return (out.voiced_payload + out.voiced_packets * overhead) * 8 / out.voiced_ms
