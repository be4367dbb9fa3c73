"""One run of RTP sequence numbers and timestamps: its arrivals, and whether a packet belongs to it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from protocol.rtp.sequence import ReceivedSet, unwrap
from protocol.speech.jitter import Arrivals
from protocol.speech.opus_packet import SAMPLES_PER_MS, OpusPacket, has_fec

__all__ = ["RtpArrival", "RtpStream"]

# RFC 3550, appendix A.1: a packet further off than this is another stream's. Six minutes of 120 ms packets.
MAX_DROPOUT = 3_000
# The longest of so many packets is what the sender's bundles are now.
RECENT_PACKETS = 32

_SEQUENCE_BITS = 16
_TIMESTAMP_BITS = 32


@dataclass(frozen=True, slots=True)
class RtpArrival:
    """An RTP packet as it arrived: 16-bit sequence, 32-bit timestamp at 48 kHz.

    `copies` are earlier packets that it brought along, each with how much earlier its timestamp is.
    """

    sequence: int
    timestamp: int
    packet: OpusPacket
    now_ms: float
    copies: tuple[tuple[int, OpusPacket], ...] = ()

    @property
    def reaches_back_ms(self) -> float:
        """How much earlier than the packet itself the oldest sound begins that came with it, in copies or in FEC."""
        oldest_ms = max((offset for offset, _ in self.copies), default=0) / SAMPLES_PER_MS
        return max(oldest_ms, self.packet.frame_ms if has_fec(self.packet) else 0)


class RtpStream:
    """A stream that began with the packet `first`, which is still to be accepted; `begin` is its timestamp."""

    def __init__(self, first: RtpArrival) -> None:
        self.received = ReceivedSet(first.sequence)
        self.arrivals = Arrivals(first.timestamp, first.now_ms)
        self.begin = first.timestamp
        self._lengths: deque[int] = deque(maxlen=RECENT_PACKETS)
        self._first = first
        self._timestamp = first.timestamp

    def accept(self, arrival: RtpArrival) -> tuple[int, int] | None:
        """Return unwrapped sequence and timestamp; None if the packet came before."""
        number, timestamp = self._unwrap(arrival)
        if not self.received.add(number):
            return None
        self._timestamp = timestamp
        samples = int(arrival.packet.duration_ms * SAMPLES_PER_MS)
        self._lengths.append(samples)
        # A bundle cut short leaves sooner after its first sample than a full one, and is not early for that.
        start = timestamp + samples - max(self._lengths)
        self.arrivals.receive(start, arrival.now_ms, arrival.reaches_back_ms)
        return number, timestamp

    def is_related(self, arrival: RtpArrival) -> bool:
        """Tell whether the packet's numbers fit this stream."""
        number, timestamp = self._unwrap(arrival)
        near = abs(number - self.received.highest) <= MAX_DROPOUT
        return near and self.arrivals.is_related(timestamp, arrival.now_ms)

    def is_confirmed_by(self, arrival: RtpArrival) -> bool:
        """Tell whether the packet is a second one of this stream, not the first repeated."""
        return arrival.sequence != self._first.sequence and self.is_related(arrival)

    def _unwrap(self, arrival: RtpArrival) -> tuple[int, int]:
        number = unwrap(arrival.sequence, _SEQUENCE_BITS, near=self.received.highest)
        return number, unwrap(arrival.timestamp, _TIMESTAMP_BITS, near=self._timestamp)
