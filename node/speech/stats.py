"""Counts of one node's speech in a call, sent and received."""

from __future__ import annotations

from dataclasses import dataclass, field

from node.common.recent_values import RecentValues

# One for each 60 ms frame: percentiles cover the last hour of a longer call.
MAX_DELAYS = 60_000


@dataclass(slots=True)
class SpeechOut:
    """Counts of the packets that were handed to the links. The voiced ones have a voice in them; the late ones waited,
    or follow sound that was never sent.
    """

    packets: int = 0
    payload: int = 0
    voiced_packets: int = 0
    voiced_payload: int = 0
    voiced_ms: float = 0.0
    late: int = 0

    def add(self, payload: int, voiced: bool, duration_ms: float, late: bool = False) -> None:
        """Count a packet of `payload` bytes."""
        self.packets += 1
        self.payload += payload
        self.late += late
        if voiced:
            self.voiced_packets += 1
            self.voiced_payload += payload
            self.voiced_ms += duration_ms


@dataclass(slots=True)
class SpeechIn:
    """Counts of the receive streams of all peers."""

    received: int = 0
    lost: int = 0
    late: int = 0
    bad_packets: int = 0
    concealed_ms: float = 0.0
    underruns: int = 0
    mouth_to_ear_ms: RecentValues = field(default_factory=lambda: RecentValues(MAX_DELAYS))
    stall_ms_max: float = 0.0
    underruns_after_5s: int = 0
