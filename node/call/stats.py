"""Counts of one node in one call, joined from its parts: the live table and the summary are both read from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.common.loop_lag import LoopLag
from node.links.wire_meter import WireMeter
from node.speech.level_meter import LevelMeter
from node.speech.stats import SpeechIn, SpeechOut
from node.vision.stats import PicturesIn, PicturesOut

if TYPE_CHECKING:
    from node.call.membership import RoomMembership


@dataclass(slots=True)
class FloorCounts:
    """Of one call: how often this node asked, and was granted or refused; `held_s` is the seconds of each by name.

    `holder` has the floor now, since the monotonic time `since`; "" stands for nobody.
    """

    asked: int = 0
    granted: int = 0
    refused: int = 0
    held_s: dict[str, float] = field(default_factory=dict)
    holder: str = ""
    since: float = 0.0

    def pass_to(self, holder: str, now: float) -> None:
        """Note who has the floor from now on."""
        if self.holder:
            self.held_s[self.holder] = self.held_s.get(self.holder, 0.0) + now - self.since
        self.holder, self.since = holder, now

    def seconds(self, now: float) -> dict[str, float]:
        """Return for how long each had the floor by now, by name."""
        running = {self.holder: self.held_s.get(self.holder, 0.0) + now - self.since} if self.holder else {}
        return self.held_s | running


@dataclass(slots=True)
class CallStats:
    """The counts of one node in one call. Times are on the monotonic clock.

    `calls_again` counts links that came up after a loss, `broker_again` the broker's returns, `broker_speech_dropped`
    messages of speech that could not leave at once. With `spoken_with` peers there was a way for speech; for each of
    those with which there never was one, `never_spoken_with` says why. `floor` is for those who push to talk.
    """

    started: float
    profile: str
    meter: WireMeter = field(default_factory=WireMeter)
    pictures_out: PicturesOut = field(default_factory=PicturesOut)
    pictures_in: PicturesIn = field(default_factory=PicturesIn)
    speech_out: SpeechOut = field(default_factory=SpeechOut)
    speech_in: SpeechIn = field(default_factory=SpeechIn)
    sent_level: LevelMeter = field(default_factory=LevelMeter)
    received_level: LevelMeter = field(default_factory=LevelMeter)
    loop_lag: LoopLag = field(default_factory=LoopLag)
    bad_messages: int = 0
    peer_faults: int = 0
    broker_speech_dropped: int = 0
    calls_again: int = 0
    broker_again: int = 0
    never_spoken_with: list[str] = field(default_factory=list)
    spoken_with: int = 0
    floor: FloorCounts | None = None
    setup_ms: float | None = None
    ended: float | None = None

    def join(self, room: RoomMembership, speech_in: SpeechIn, pictures_received: int) -> None:
        """Take over what the room and the receiving parts have counted by now."""
        self.speech_in, self.pictures_in.received = speech_in, pictures_received
        self.broker_speech_dropped = room.channel.speech.dropped
        self.bad_messages, self.peer_faults = room.rejected, room.faults.count
        self.calls_again, self.broker_again = room.links_again, room.broker_returns
        self.setup_ms, self.ended = room.setup_ms, room.left_at

    def seconds(self, now: float) -> float:
        """Return how long the call has run, or ran."""
        return max((self.ended if self.ended is not None else now) - self.started, 1e-9)

    def speech_payload_kbps(self) -> float | None:
        """Return the rate of Opus bytes while talking: over the packets that have a voice in them."""
        return self._kbps_while_talking(0.0)

    def speech_wire_kbps(self) -> float | None:
        """Return the same with all overhead of a packet, as measured on the datagrams and messages that were sent."""
        sent = self.meter.speech("sent")
        if not sent.packets or not self.speech_out.packets:
            return None
        overhead = sent.bytes / sent.packets - self.speech_out.payload / self.speech_out.packets
        return self._kbps_while_talking(overhead)

    def _kbps_while_talking(self, overhead: float) -> float | None:
        out = self.speech_out
        if not out.voiced_packets:
            return None
        return (out.voiced_payload + out.voiced_packets * overhead) * 8 / out.voiced_ms
