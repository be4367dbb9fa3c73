"""Hands on to an audience what a node on stage says and shows, and what the other members of its room do."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call.membership import GOODBYE_S
from node.call.observers import CallObserver, ChatLine
from node.call.stage_echo import StageEcho
from node.call.stage_speech import StageSpeech
from node.common.tasks import first_error
from node.links import network_watch
from node.links.broker_notes import BrokerNotes
from node.links.mqtt import Message, MqttLink
from node.links.wire_meter import WireMeter
from protocol import frames
from protocol.audience import signed_frame
from protocol.audience.announcement import MAX_MEMBERS
from protocol.audience.speech_message import SAMPLES_PER_TICK
from protocol.audience.stage import Posting, Stage
from protocol.errors import FrameError, PacketError, VersionError
from protocol.speech import opus_packet

if TYPE_CHECKING:
    from node.captions.coder import Caption
    from node.links.address import BrokerAddress
    from node.speech.send_stream import SpeechPacket
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

logger = logging.getLogger(__name__)

# Messages that wait for the broker while speech still goes out: half a second of two who talk. What is dropped is
# concealed, what waited would be late for ever.
MOST_WAITING = 4


@dataclass(slots=True)
class RelayCounts:
    """What went to the audience, and what could not."""

    announcements: int = 0
    speech: int = 0
    pictures: int = 0
    lines: int = 0
    dropped: int = 0
    speech_bytes: int = 0
    said_ms: float = 0.0

    @property
    def speech_kbps(self) -> float:
        """The rate of speech on the wire while somebody talks, proofs and acknowledgements included."""
        return self.speech_bytes * 8 / self.said_ms if self.said_ms else 0.0


class StageRelay(CallObserver):
    """A node's observer that speaks to an audience through a broker of its own connection; `run` it beside the node.

    `node` is the id of the node itself, which is the first member of the stage under its `name`; peers that join its
    room become the others, as far as there are places. `came_up(is_up)` says whether the broker is there.
    """

    name = "audience"

    def __init__(
        self,
        stage: Stage,
        node: str,
        own_name: str,
        broker: BrokerAddress,
        *,
        note: Callable[[str], None],
        meter: WireMeter | None = None,
        waits: bool = False,
        came_up: Callable[[bool], None] = lambda is_up: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.counts = RelayCounts()
        self._stage, self._came_up = stage, came_up
        self._clock, self._wall, self._meter = clock, wall, meter or WireMeter()
        self._members, self._names = {node: 0}, [own_name]
        self._speech: dict[str, StageSpeech] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._broker_notes = BrokerNotes(note, "the audience's broker")
        self._echo = StageEcho(stage, broker, note)
        self.link = MqttLink(
            broker,
            on_message=lambda topic, payload: self._echo.receive(payload),
            on_refused=lambda topics: self._echo.refused(),
            on_up=self._up,
            on_down=self._down,
            note=note,
            waits=waits,
            meter=self._meter,
        )

    async def run(self) -> None:
        """Speak to the audience until cancelled, then say that this was all. Raises NodeError without a broker."""
        with first_error():
            async with asyncio.TaskGroup() as tasks:
                await self.link.subscribe(self._echo.pattern)
                broker = tasks.create_task(self.link.run(), name="audience: broker")
                try:
                    await network_watch.watch(lambda change: self.link.network_changed(change.gone))
                finally:
                    if self._timer is not None:
                        self._timer.cancel()
                    self._publish(self._stage.end(*self._now()))
                    await self.link.flush(GOODBYE_S)
                    broker.cancel()
                    self._echo.down()
                    self._broker_notes.close()

    def picture_cost(self, frame: bytes) -> int:
        """Return what a picture costs on the wire that goes to the audience in this frame, in bytes."""
        topic = f"{self._stage.audience}/{signed_frame.PICTURE_LETTER}0"
        return self.link.message_cost(Message(topic, bytes(len(frame) + signed_frame.OVERHEAD)))

    # -- what happens on stage

    def joined(self, peer: str, hello: Hello) -> None:
        if peer not in self._members:
            free = (place for place in range(1, MAX_MEMBERS) if place not in self._members.values())
            if (place := next(free, None)) is None:
                return
            self._members[peer] = place
        place = self._members[peer]
        self._names += [""] * (place + 1 - len(self._names))
        if self._names[place] != (hello.name or peer):
            self._names[place] = hello.name or peer
            self._announce()

    def left(self, peer: str) -> None:
        if (place := self._members.pop(peer, None)) is None:
            return
        self._speech.pop(peer, None)
        self._names[place] = ""
        while self._names[-1] == "":
            self._names.pop()
        self._publish(self._stage.picture(place, b"", *self._now()))
        self._announce()

    def speech_sent(self, packet: SpeechPacket) -> None:
        self._say(0, packet.timestamp // SAMPLES_PER_TICK, packet.payload)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        if (place := self._members.get(peer)) is None:
            return
        speech = self._speech.setdefault(peer, StageSpeech())
        try:
            packets = speech.receive(timestamp, payload, copies, self._clock())
        except PacketError as error:
            logger.debug("a packet of %s is no speech: %s", peer, error)
            return
        for packet in packets:
            self._say(place, *packet)

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self._show(0, frame)

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        if caption is not None and (place := self._members.get(peer)) is not None:
            self._show(place, frame)

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        if (place := self._members.get(line.author)) is None:
            return
        try:
            known = frames.decode(frame)
        except (FrameError, VersionError):
            return
        if isinstance(known, frames.Line):
            self.counts.lines += 1
            self._publish(self._stage.text(place, frames.encode(_alone(known)), *self._now()))

    # -- what goes out

    def _say(self, place: int, start: int, packet: bytes) -> None:
        try:
            self.counts.said_ms += opus_packet.duration_ms(packet)
            self._publish(self._stage.speech(place, start, packet, *self._now()))
        except PacketError as error:
            logger.debug("no speech for an audience: %s", error)

    def _show(self, place: int, frame: bytes) -> None:
        if isinstance(frames.decode(frame), frames.Picture):
            self.counts.pictures += 1
            self._publish(self._stage.picture(place, frame, *self._now()))

    def _announce(self) -> None:
        self._stage.rename(self._names)
        self._publish(self._stage.announce(*self._now()))

    def _publish(self, postings: Sequence[Posting]) -> None:
        for posting in postings:
            self._post(posting)
        self._arm()

    def _post(self, posting: Posting) -> None:
        message = Message(posting.topic, posting.payload, posting.retain)
        if not posting.now_or_never:
            self.link.publish(message)
            self.counts.announcements += posting.topic.endswith("/a")
        elif not self._sent_now(message):
            self.counts.dropped += 1
            return
        else:
            self.counts.speech += 1
            self.counts.speech_bytes += self.link.message_cost(message)
            self._meter.broker_speech("sent", self.link.segment_cost(message), posting.packets)

    def _sent_now(self, message: Message) -> bool:
        """Send speech if it can leave at once; what announces it, and waits still, goes first."""
        return self.link.waiting <= MOST_WAITING and self.link.send_now(message)

    def _arm(self) -> None:
        """Come back when the stage, or the order of somebody's packets, asks for it."""
        times = [self._stage.deadline(), *(speech.deadline() for speech in self._speech.values())]
        due = min((at for at in times if at is not None), default=None)
        if self._timer is not None:
            self._timer.cancel()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, due - self._clock()), self._timer_due)

    def _timer_due(self) -> None:
        for peer, speech in list(self._speech.items()):
            for packet in speech.due(self._clock()):
                self._say(self._members[peer], *packet)
        self._publish(self._stage.handle_timer(*self._now()))

    def _now(self) -> tuple[float, int]:
        return self._clock(), round(self._wall() * 1000)

    def _up(self) -> None:
        self._broker_notes.up()
        self._came_up(True)
        self._echo.up(self._now()[1])
        self._publish(self._stage.again(*self._now()))

    def _down(self, reason: str) -> None:
        self._came_up(False)
        self._echo.down()
        self._broker_notes.down(reason, "nobody hears until it is back")


def _alone(line: frames.Line) -> frames.Line:
    """Return the line without what only its delivery in a room needs; when it was spoken stays."""
    return frames.Line(line.number, line.coded, line.codec, spoken=line.spoken, after=line.after)
