"""A listener's membership: the members of a stage are its peers, and it publishes nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from node.call.membership import RoomMembership
from node.call.seat_words import NOT_OPENED, Distrust, standing_words
from node.call.shown_names import ShownNames
from node.common.tasks import first_error
from node.links import network_watch
from node.links.mqtt import Message, MqttLink
from node.links.peers import Peers
from node.links.wire_meter import WireMeter
from protocol import frames
from protocol.audience.live_rule import LiveState, Standing
from protocol.audience.proving import Doubtful
from protocol.audience.release import BUFFER_S, TimedPacket
from protocol.audience.seat import Announcing, Seat, SeatEvent, SeenFrame
from protocol.audience.speech_message import MESSAGE_MS, SAMPLES_PER_TICK, SPEECH_LETTER, TICK_MS
from protocol.captions.codebook_id import CodebookId
from protocol.errors import FrameError, RemoteError, SignatureError
from protocol.signalling import Carries, Hello
from protocol.speech import opus_packet

if TYPE_CHECKING:
    from node.call.endpoints import Rendezvous
    from protocol.captions.registry import CaptionCodecs

logger = logging.getLogger(__name__)

# The ids by which the rest of the node knows the members: such as nodes have.
MEMBER_IDS = ("sa", "sb", "sc", "sd", "se", "sf", "sg", "sh")
MEMBER_CARRIES = Carries.SPEECH_OUT | Carries.PICTURES_OUT | Carries.TEXT
# A stage that is not live any more leaves once what was said is played.
LEAVES_AFTER_S = BUFFER_S + 1.0
# What a broker keeps of a stage comes within this time over a slow link; without it, nobody seems to talk.
PATIENCE_S = 3.0


@dataclasses.dataclass(slots=True)
class _Member:
    """What a member's speech needs to look like a peer's RTP, and its lines like those of a `session` of a peer.

    Its lines are numbered from 0 on each time that it comes: what numbered them before is another session.
    """

    session: int
    sequence: int = 0
    end: int | None = None
    paused: bool = True
    lines: int = 0


class SeatPeers(Peers):
    """No links: what the members of a stage say comes by the broker, and waits to be proven."""

    def round_trip_seconds(self, peer: str) -> float:
        """Return twice what speech takes besides its packet: the rest of its message, and the wait."""
        return 2 * (BUFFER_S + (MESSAGE_MS - opus_packet.MAX_PACKET_MS) / 1000)


class SeatMembership(RoomMembership):
    """A listener of the audience that `seat` belongs to, at the broker of `place`. `note` gets lines for the user.

    `standing_changed` gets each standing; `distrust` counts what was not believed.
    """

    peers_class = SeatPeers

    def __init__(
        self,
        name: str,
        place: Rendezvous,
        carries: Carries,
        codecs: CaptionCodecs,
        *,
        seat: Seat,
        note: Callable[[str], None],
        meter: WireMeter | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        meter = meter or WireMeter()
        super().__init__(name, place, carries, codecs, note=note, meter=meter, clock=clock)
        self._shown = ShownNames("", note)  # nobody is shown a listener's own name
        self.distrust = Distrust(note, clock)
        self.standing_changed: Callable[[Standing], None] = lambda standing: None
        self._seat, self._wall, self._meter = seat, wall, meter
        self._members: dict[int, _Member] = {}
        self._sessions = itertools.count()
        self._said: dict[str, Hello] = {}
        self._codebooks: tuple[CodebookId, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._noted: LiveState | None = None
        self.link = MqttLink(
            place.broker,
            on_message=self.receive,
            on_up=self._link_up,
            on_down=self._link_down,
            on_refused=lambda topics: note(f"the broker refuses us {topics[0]!r}: its rules have to let listeners in"),
            note=note,
            waits=place.waits,
            meter=meter,
        )

    @property
    def standing(self) -> Standing:
        """Whether the stage is live."""
        return self._seat.standing

    async def run(self, work: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """Listen until cancelled, beside `work` by its names. Raises NodeError when the broker cannot be reached."""
        with first_error():
            try:
                async with asyncio.TaskGroup() as self._tasks:
                    await self.link.subscribe(self._seat.pattern)
                    own = {"broker": self.link.run, "addresses": self._watch_seat_addresses}
                    for task, run in (own | dict(work)).items():
                        self._tasks.create_task(run(), name=f"{self.name}: {task}")
            finally:
                self.left_at = self._clock()
                self._broker_notes.close()
                for timer in filter(None, (self._timer, self._leaving, self._waiting)):
                    timer.cancel()

    def post_picture(self, frame: bytes, retain: bool) -> int:
        """Publish nothing: a listener never does."""
        return 0

    def post_text(self, frame: bytes) -> None:
        """Publish nothing: a listener never does."""

    def link_state(self, peer: str) -> str:
        """Return `up` for members of a stage that is live."""
        if peer not in self.hellos:
            return "none"
        return "up" if self.broker_is_up and self.standing.live else "again"

    @property
    def rejected(self) -> int:
        """How many messages were dropped, whether bad or the cause of a fault."""
        return self.distrust.counts.total() + self.faults.count

    def receive(self, topic: str, payload: bytes) -> None:
        """Handle a message that the broker delivers. Raises LocalError if a part of the node does."""
        with self.faults.contained("", "a message"):
            try:
                events = self._seat.receive(topic, payload, self._clock(), round(self._wall() * 1000))
            except RemoteError as error:
                self.distrust.add("not signed by the speaker" if isinstance(error, SignatureError) else NOT_OPENED)
                logger.debug("refused on %.80r: %s", topic, error)
                return
            if topic.endswith(f"/{SPEECH_LETTER}"):
                self._meter.broker_speech("received", self.link.segment_cost(Message(topic, payload)), packets=0)
            self._handle(events)

    # -- what the seat makes of it

    def _handle(self, events: list[SeatEvent]) -> None:
        for event in events:
            match event:
                case Standing():
                    self._stand(event)
                case Announcing():
                    self._announced(event)
                case TimedPacket(member, start, packet):
                    self._speak(member, start, packet)
                case SeenFrame(letter, member, frame):
                    self._see(letter, member, frame)
                case Doubtful(_, _, doubt):
                    self.distrust.add(f"{doubt}, muted")
        self._arm()

    def _stand(self, standing: Standing) -> None:
        self._note_standing(standing)
        self.standing_changed(standing)
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
        if not standing.live and self.hellos:
            loop = asyncio.get_running_loop()
            self._leaving = loop.call_later(LEAVES_AFTER_S, self._vacate)

    def _note_standing(self, standing: Standing) -> None:
        """Note it unless it is what the last note said: with a wrong clock each announcement is another standing."""
        if standing.state is not self._noted:
            self._noted = standing.state
            self._note(standing_words(standing))

    def _vacate(self) -> None:
        for member in list(self._members):
            self._leave(member)

    def _announced(self, said: Announcing) -> None:
        self._codebooks = tuple(CodebookId(*codebook) for codebook in said.codebooks)
        present = {member: name for member, name in enumerate(said.names) if name}
        for member in [member for member in self._members if member not in present]:
            self._leave(member)
        for member, name in present.items():
            peer, is_new = MEMBER_IDS[member], member not in self._members
            if is_new:
                self._members[member] = _Member(next(self._sessions))
            hello = Hello(self._members[member].session, name, MEMBER_CARRIES, self._codecs.ids, self._codebooks)
            if hello != self._said.get(peer):
                self._said[peer] = hello
                self.joined(peer, hello)
            if is_new:
                self.link_opened(peer)
                self.link_up(peer)

    def _leave(self, member: int) -> None:
        del self._members[member]
        self._said.pop(MEMBER_IDS[member], None)
        self.link_ended(MEMBER_IDS[member])
        self.left(MEMBER_IDS[member])

    def _speak(self, member: int, start: int, packet: bytes) -> None:
        if (state := self._members.get(member)) is None:
            return
        gap = 0 if state.end is None else start - state.end
        length = max(1, round(opus_packet.duration_ms(packet) / TICK_MS))
        # A time line that jumps with the numbers is a loss; without them, a pause.
        lost = 0 if state.paused or gap <= 0 else max(1, round(gap / length))
        state.sequence = (state.sequence + 1 + lost) & 0xFFFF
        state.end, state.paused = start + length, opus_packet.begins_pause(packet)
        timestamp = start * SAMPLES_PER_TICK & 0xFFFF_FFFF
        self._meter.broker_speech("received", size=0, packets=1)  # what it took was counted when its message came
        self.speech_received(MEMBER_IDS[member], state.sequence, timestamp, packet, ())

    def _see(self, letter: str, member: int, frame: bytes) -> None:
        if (state := self._members.get(member)) is None:
            return
        try:
            if letter == "p":
                self.picture_received(MEMBER_IDS[member], frame, self._codebooks)
            elif isinstance(line := frames.decode(frame), frames.Line):
                line = dataclasses.replace(line, number=state.lines, behind=0)
                state.lines += 1
                self.text_received(MEMBER_IDS[member], frames.encode(line))
            else:
                raise FrameError("no line")
        except RemoteError as error:
            self.distrust.add("not readable")
            logger.debug("a frame of the stage: %s", error)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (due := self._seat.deadline()) is not None:
            delay = max(0.0, due - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay, self._timer_due)

    def _timer_due(self) -> None:
        with self.faults.contained("", "what is due"):
            self._handle(self._seat.handle_timer(self._clock()))

    # -- the broker

    def _link_up(self) -> None:
        self.broker_returns += self._broker_notes.up()
        self.broker_is_up = True
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(PATIENCE_S, self._note_waiting)

    def _note_waiting(self) -> None:
        if self.standing.state is LiveState.WAITING:
            self._note_standing(self.standing)

    def _link_down(self, reason: str) -> None:
        self.broker_is_up = False
        self._broker_notes.down(reason, "nothing is heard until it is back")

    async def _watch_seat_addresses(self) -> None:
        await network_watch.watch(lambda change: self.link.network_changed(change.gone))

    def joined(self, peer: str, hello: Hello) -> None:
        """Show a member of the stage; nothing is subscribed to for it."""
        hello = self._shown.joined(peer, hello)
        self.hellos[peer] = hello
        self._joined_at.setdefault(peer, self._clock())
        super(RoomMembership, self).joined(peer, hello)

    def left(self, peer: str) -> None:
        """Show a member of the stage as gone."""
        self.hellos.pop(peer, None)
        self._shown.left(peer)
        self._joined_at.pop(peer, None)
        self._linked.discard(peer)
        super(RoomMembership, self).left(peer)
