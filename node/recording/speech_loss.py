"""What of a sender's speech was lost: the gaps in the RTP sequence numbers, link by link."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from protocol import log
from protocol.rtp.sequence import ReceivedSet, unwrap
from protocol.rtp.stream import MAX_DROPOUT
from protocol.speech.opus_packet import SAMPLES_PER_MS

SEQUENCE_BITS, TIMESTAMP_BITS = 16, 32
MAX_DRIFT_MS = 2_000.0
"""A packet whose timestamp went on by so much more or less than the time that went by belongs to another link: one that
is made again begins with any numbers. Between packets of one link that is jitter, and drift of clocks in a pause."""

LINKS_REMEMBERED = 2
"""Of a sender: a packet of the link before may come late."""


class _Link:
    """The packets that came over one link: a run of RTP sequence numbers and timestamps."""

    def __init__(self, packet: log.Speech) -> None:
        self._received = ReceivedSet(packet.sequence)
        self._timestamp, self._at_us = packet.timestamp, packet.at_us
        self._received.add(packet.sequence)

    @property
    def lost(self) -> int:
        return self._received.lost

    def add(self, packet: log.Speech) -> bool:
        """Count a packet; whether it is one of this link's."""
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
    """Speech of one sender, who may have come again under other node ids, each over one link after the other.

    `bytes` are Opus packets, `copies_bytes` what was sent again beside them.
    """

    packets: int = 0
    bytes: int = 0
    copies_bytes: int = 0
    lost: int = 0
    kbps: float = 0.0
    _links: dict[str, deque[_Link]] = field(default_factory=dict)

    def add(self, packet: log.Speech) -> None:
        """Count a packet, and what must have been lost before it."""
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
        """Numbers that this node sends from now on have nothing to do with those before."""
        self._links.pop(sender, None)

    @property
    def loss_percent(self) -> float:
        return 100 * self.lost / max(1, self.lost + self.packets)
