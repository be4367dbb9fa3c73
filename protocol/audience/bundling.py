"""Packets of each member of the stage, gathered into messages of 240 ms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from protocol.audience.speech_message import MESSAGE_MS, MOST_PACKETS, TICK_MS, SpeechMessage
from protocol.speech import opus_packet

__all__ = ["LONGEST_WAIT_S", "Bundler"]

# A packet that no other follows waits no longer: one packet, and what a loaded machine is late.
LONGEST_WAIT_S: Final = 0.4


@dataclass(slots=True)
class _Bundle:
    """Packets in a row that wait for more."""

    since: float
    start: int
    packets: list[bytes] = field(default_factory=list)
    duration_ms: float = 0.0

    @property
    def is_full(self) -> bool:
        return self.duration_ms >= MESSAGE_MS or len(self.packets) >= MOST_PACKETS

    def followed_by(self, start: int) -> bool:
        return start == self.start + round(self.duration_ms / TICK_MS)

    def add(self, packet: bytes) -> None:
        self.packets.append(packet)
        self.duration_ms += opus_packet.duration_ms(packet)


class Bundler:
    """What of the speech is not yet in a message, of all members. `now` is in seconds, `start` in units of 10 ms."""

    def __init__(self) -> None:
        self._bundles: dict[int, _Bundle] = {}

    def add(self, member: int, start: int, packet: bytes, now: float) -> list[SpeechMessage]:
        """Take a packet, and return the messages that are full; raise `PacketError` for what is no Opus."""
        opus_packet.parse(packet)
        full, bundle = list[SpeechMessage](), self._bundles.get(member)
        if bundle is not None and not bundle.followed_by(start):
            full.append(self._take(member))
            bundle = None
        if bundle is None:
            bundle = self._bundles[member] = _Bundle(now, start)
        bundle.add(packet)
        if bundle.is_full or opus_packet.begins_pause(packet):
            full.append(self._take(member))
        return full

    def due(self, now: float) -> list[SpeechMessage]:
        """Return the messages that wait no longer."""
        late = [member for member, bundle in self._bundles.items() if now >= bundle.since + LONGEST_WAIT_S]
        return [self._take(member) for member in late]

    def rest(self) -> list[SpeechMessage]:
        """Return all that waits."""
        return [self._take(member) for member in list(self._bundles)]

    def deadline(self) -> float | None:
        """Return when something is `due`."""
        return min((bundle.since + LONGEST_WAIT_S for bundle in self._bundles.values()), default=None)

    def _take(self, member: int) -> SpeechMessage:
        bundle = self._bundles.pop(member)
        return SpeechMessage(member, bundle.start, tuple(bundle.packets))
