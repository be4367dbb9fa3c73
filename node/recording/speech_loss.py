"""Loss of a sender's speech: gaps in the RTP sequence numbers, link by link."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from protocol import log
from protocol.rtp.sequence import ReceivedSet, unwrap
from protocol.rtp.stream import MAX_DROPOUT
from protocol.speech.opus_packet import SAMPLES_PER_MS

SEQUENCE_BITS, TIMESTAMP_BITS = 16, 32

# A packet whose timestamp advances by this much more or less than the time belongs to another link: a new link begins
# with random numbers. Within a link the difference is jitter, and drift of clocks in a pause.
MAX_DRIFT_MS = 2_000.0

# Of a sender: a packet of the previous link may come late.
LINKS_REMEMBERED = 2


class _Link:
    """The packets of one link: a run of RTP sequence numbers and timestamps."""

    def __init__(self, packet: log.Speech) -> None:
        self._received = ReceivedSet(packet.sequence)
        self._timestamp, self._at_us = packet.timestamp, packet.at_us
        self._received.add(packet.sequence)

    @property
    def lost(self) -> int:
        return self._received.lost

    def add(self, packet: log.Speech) -> bool:
        """Count a packet, if it is of this link; return whether it is."""
        number = unwrap(packet.sequence, SEQUENCE_BITS, near=self._received.highest)
        timestamp = unwrap(packet.timestamp, TIMESTAMP_BITS, near=self._timestamp)
        drift_ms = (timestamp - self._timestamp) / SAMPLES_PER_MS - (packet.at_us - self._at_us) / 1000
        if abs(number - self._received.highest) > MAX_DROPOUT or abs(drift_ms) > MAX_DRIFT_MS:
            return False
        self._received.add(number)
        self._timestamp, self._at_us = timestamp, packet.at_us
        return True


@dataclass
class SpeechLoss:
    """Speech of one sender, which may have several node ids, each with one link after the other.

    `bytes` are those of Opus packets, `copies_bytes` those of the redundant copies beside them.
    """

    packets: int = 0
    bytes: int = 0
    copies_bytes: int = 0
    lost: int = 0
    kbps: float = 0.0
    _links: dict[str, deque[_Link]] = field(default_factory=dict)

    def add(self, packet: log.Speech) -> None:
        """Count a packet, and those lost before it."""
        self.packets += 1
        self.bytes += len(packet.payload)
        self.copies_bytes += sum(len(copy.payload) for copy in packet.copies)
        links = self._links.setdefault(packet.sender, deque(maxlen=LINKS_REMEMBERED))
        for link in reversed(links):
            before = link.lost
            if link.add(packet):
                self.lost += link.lost - before
                return
        links.append(_Link(packet))

    def left(self, sender: str) -> None:
        """Forget a node's links: its sequence numbers from now on are not compared with earlier ones."""
        self._links.pop(sender, None)

    @property
    def loss_percent(self) -> float:
        """The share of packets that were lost."""
        return 100 * self.lost / max(1, self.lost + self.packets)
