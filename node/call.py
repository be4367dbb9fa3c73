"""One node of a call, put together: links, speech and pictures, and what keeps them running."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from node.calls import Calls, LinkSettings
from node.codec_choice import CodecChoice
from node.links import addresses
from node.mailbox import Mailbox
from node.morph import Morph, Screen
from node.parts import Parts, Place
from node.pictures import Painted, PictureReceiver, PictureSender
from node.seeds import Seeds
from node.speech.profiles import CUSTOM
from node.speech.steering import Steering
from node.talk import Ears, Mouth
from node.tally import Tally
from node.tasks import begin, first_error
from node.witness import Witnesses
from protocol import topics
from protocol.captions import registry
from protocol.signalling import Carries, Hello, Outgoing, Room
from protocol.topics import Letter, Topic

if TYPE_CHECKING:
    from PIL import Image

    from node.links.reports import Report
    from node.speech.coding import SpeechEncoder
    from node.speech.ends import Said
    from node.speech.profiles import Profile
    from node.speech.talker import Packet, Talker
    from node.vision.prompt import Prompt
    from protocol.speech.red import Copy

logger = logging.getLogger(__name__)

GOODBYE_S = 1.0  # how long the end of a call may wait for the broker to take the goodbye


async def _show_nothing(painted: Painted) -> None:
    """A node without a screen or folder."""


class Node:
    """One participant. ``show`` gets every painted picture, ``screen`` what is to be seen of a peer at any moment,
    ``note`` a line about what a person should know. ``witnesses`` are told of all that crosses the wire, and may come
    and go.
    """

    def __init__(
        self,
        name: str,
        place: Place,
        parts: Parts,
        *,
        show: Callable[[Painted], Awaitable[None]] = _show_nothing,
        screen: Screen | None = None,
        note: Callable[[str], None] = logger.info,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.witnesses = Witnesses()
        self._tell, self._clock = note, clock
        self._place, self._parts = place, parts
        self._id, self._session = topics.node_id(secrets.token_bytes(3)), secrets.randbits(64)
        self._tally = Tally(clock(), parts.profile.name)
        self._hellos: dict[str, Hello] = {}
        self._met_at: dict[str, float] = {}
        self._connected: set[str] = set()
        self._was_up = False
        self.broker_is_up = False
        self._in_lyra = False
        self._choice = CodecChoice(self._note)
        self._mailbox = self._make_mailbox()
        self._ears = self._make_ears()
        self._said = self._make_said()
        self._sender = self._make_sender()
        self._receiver = self._make_receiver(show, screen)
        self._talker = self._make_talker()
        limit = parts.max_kbps if parts.adapts else None
        self._steering = Steering(parts.profile, limit, clock(), self._takes_copies)
        self._tasks: asyncio.TaskGroup
        self._calls: Calls

    @property
    def id(self) -> str:
        """What the others know it by; new at every start."""
        return self._id

    def link(self, peer: str) -> str:
        """How speech with a peer stands: `up`, `connecting`, `again` (it was up before) or `none`."""
        hello = self._hellos.get(peer)
        if hello is None or not hello.carries & (Carries.SPEECH_IN | Carries.SPEECH_OUT):
            return "none"
        if self._calls.is_up(peer):
            return "up"
        return "again" if peer in self._connected else "connecting"

    def count(self) -> Tally:
        """What was counted up to now."""
        if self._ears is not None:
            self._tally.speech_in = self._ears.snapshot()
        self._tally.bad_messages = self._mailbox.bad
        return self._tally

    def peers(self) -> list[str]:
        """The names of those who are here."""
        return [hello.name or peer for peer, hello in self._hellos.items()]

    def queues(self) -> dict[str, int]:
        """How much waits now: pictures to be painted, messages for the broker."""
        pictures = self._receiver.waiting if self._receiver is not None else 0
        return {"pictures": pictures, "broker": self._mailbox.link.waiting}

    def delay_ms(self) -> float | None:
        """Mouth to ear, now; None while nobody is heard."""
        return self._ears.delay_ms() if self._ears is not None else None

    @property
    def muted(self) -> bool:
        """Whether nothing that is said goes out."""
        return self._said is not None and self._said.muted

    def toggle_mute(self) -> None:
        """Keeps back what is said from now on, or lets it out again, and says so."""
        if self._said is not None:
            self._said.muted = not self._said.muted
            self._note("muted: nobody hears you" if self._said.muted else "no longer muted")

    async def run(self) -> None:
        """Takes part until cancelled, then says goodbye. Raises NodeError when a part cannot go on."""
        with first_error():
            async with asyncio.TaskGroup() as links:
                broker = links.create_task(self._mailbox.link.run(), name=f"{self.name}: broker")
                try:
                    async with asyncio.TaskGroup() as self._tasks:
                        await self._start()
                finally:
                    await self._say_goodbye()
                    broker.cancel()

    async def _start(self) -> None:
        self._calls = self._make_calls()
        await self._mailbox.enter()
        self._calls.start()
        for name, work in self._background():
            self._tasks.create_task(work, name=f"{self.name}: {name}")

    def _background(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield "watch", self._calls.watch()
        yield "addresses", addresses.watch(self._network_changed)
        if self._ears is not None:
            yield "ears", self._ears.run()
        if self._talker is not None:
            yield "mouth", Mouth(self._talker, self._say, self._tally.speech_out, self._clock).run()
        if self._sender is not None:
            yield "camera", self._sender.run()
        if self._receiver is not None:
            yield "painter", self._receiver.run()

    async def _say_goodbye(self) -> None:
        self._tally.ended = self._clock()
        self.count()
        await self._calls.leave()
        if self._sender is not None:
            self._mailbox.post(Letter.PICTURE, b"", retain=True)
        await self._mailbox.link.flush(GOODBYE_S)
        if self._parts.camera is not None:
            await self._parts.camera.close()

    # -- the parts

    def _make_mailbox(self) -> Mailbox:
        return Mailbox(
            self._place.room,
            self._id,
            self._session,
            self._place.broker,
            deliver=self._deliver,
            meter=self._tally.meter,
            on_up=self._broker_up,
            on_down=self._broker_down,
            note=self._note,
            waits=self._place.waits,
        )

    def _make_calls(self) -> Calls:
        def post(outgoing: Outgoing) -> None:
            self._mailbox.post(outgoing.letter, outgoing.payload, outgoing.retain, outgoing.to)

        hello = Hello(self._session, self.name, self._parts.carries, registry.CODECS, registry.codebooks())
        place = self._place
        links = LinkSettings(self._tally.meter, place.ice_servers, place.address, place.observer)
        room = Room(self._id, hello, oldest=self._mailbox.oldest)
        return Calls(room, self._parts.carries, self, post, links, self._tasks, self._mailbox.link.probe)

    def _say(self, packet: Packet) -> bool:
        heard = self._calls.send(packet.timestamp, packet.payload, packet.copies)
        if heard:
            self.witnesses.speech_sent(packet)
        return heard

    def _make_talker(self) -> Talker | None:
        if self._said is None:
            return None
        from node.speech.talker import Talker

        return Talker(self._said, self._parts.profile, self._make_encoder())

    def _make_ears(self) -> Ears | None:
        if self._parts.sink is None:
            return None
        from node.speech.ends import Heard
        from node.speech.opus import Encoder

        sink = Heard(self._parts.sink, self._tally.heard)
        lookahead_ms = Encoder(self._parts.profile).lookahead_ms
        folder = self._parts.lyra.folder if self._parts.lyra is not None else None
        return Ears(sink, lookahead_ms, self._round_trip, self._tally.speech_in, self._clock, folder)

    def _make_said(self) -> Said | None:
        if self._parts.source is None:
            return None
        from node.speech.ends import Said

        return Said(self._parts.source, self._tally.said)

    def _make_encoder(self) -> SpeechEncoder | None:
        """Opus and Lyra; None for Opus alone."""
        if self._parts.lyra is None:
            return None
        from node.speech.coding import SpeechEncoder

        return SpeechEncoder(self._parts.profile, self._parts.lyra, self._all_take_lyra)

    def _note_lyra(self) -> None:
        """Tell, whenever that changes, which codec what is said goes in; one without Lyra knows no other."""
        if self._parts.lyra is None or self._parts.source is None or self._all_take_lyra() == self._in_lyra:
            return
        self._in_lyra = not self._in_lyra
        self._note("you are heard in Lyra" if self._in_lyra else "you are heard in Opus: not everyone has Lyra")

    def _all_take_lyra(self) -> bool:
        """Whether there are listeners, and all of them have Lyra: they all get the same packets."""
        listeners = [hello.carries for hello in self._hellos.values() if Carries.SPEECH_IN in hello.carries]
        return bool(listeners) and all(Carries.LYRA_IN in carries for carries in listeners)

    def _make_sender(self) -> PictureSender | None:
        if (camera := self._parts.camera) is None:
            return None
        from node.vision.drawn import looks_drawn
        from node.vision.gate import Gate

        async def caption(image: Image.Image) -> str:
            return await self._parts.models.caption(image, client=self._id)

        def publish(frame: bytes, retain: bool) -> int:
            self.witnesses.frame_sent(frame)
            return self._mailbox.post(Letter.PICTURE, frame, retain)

        out = self._tally.pictures_out
        seeds = Seeds(self._parts.tries, self._try_out)
        sender = PictureSender(camera, Gate(), caption, publish, self._codec, out, self._clock, self._note, seeds)
        sender.captioned = self.witnesses.captioned
        sender.look_bytes = self._parts.look_bytes
        if self._parts.only_drawings:
            sender.knows = looks_drawn
        return sender

    def _make_receiver(
        self, show: Callable[[Painted], Awaitable[None]], screen: Screen | None
    ) -> PictureReceiver | None:
        if not self._parts.paints:
            return None

        async def show_all(painted: Painted) -> None:
            self.witnesses.painted(painted)
            await show(painted)

        morph = None if screen is None else Morph(self._parts.morph_fps, self._paint_between, screen, self._clock)
        return PictureReceiver(self._paint, show_all, self._tally.pictures_in, self._clock, self._note, morph)

    # -- the generator, for others' pictures and for our own

    async def _paint(self, peer: str, prompt: Prompt) -> Image.Image:
        client = f"{self._id}<{peer}"
        return await self._parts.models.paint(prompt.text, prompt.seed, client=client, look=prompt.look)

    async def _paint_between(self, peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        return await self._parts.models.paint_between(before, after, share, client=f"{self._id}<{peer}")

    async def _try_out(self, prompt: Prompt) -> Image.Image:
        return await self._parts.models.paint(
            prompt.text, prompt.seed, client=f"{self._id} tries", look=prompt.look, extra=True
        )

    # -- the broker

    def _deliver(self, topic: Topic, payload: bytes) -> None:
        match topic.letter:
            case Letter.PRESENCE | Letter.SIGNAL:
                self._calls.receive(topic.node, topic.letter, payload)
            case Letter.PICTURE if payload and self._receiver is not None and topic.node in self._hellos:
                self._receiver.receive(topic.node, payload, self._hellos[topic.node].codebooks)
                self.witnesses.frame_came(topic.node, payload)

    def _broker_up(self) -> None:
        self.broker_is_up = True
        if self._was_up:
            self._tally.broker_again += 1
            self._note("the broker is back")
            self._calls.broker_is_back()
            if self._sender is not None:
                self._sender.again()
        self._was_up = True

    def _broker_down(self, reason: str) -> None:
        self.broker_is_up = False
        self._note(f"the broker is gone ({reason}); pictures wait for it, speech goes on")

    def _network_changed(self, change: addresses.Change) -> None:
        self._mailbox.link.network_changed(change.gone)  # first: what the links say goes by the new connection
        self._calls.network_changed(change)

    def _codec(self) -> int:
        """The newest lossless caption codec that everyone here who takes pictures can read."""
        return self._choice.choose(self._hellos.values())

    # -- the company (see node.calls.Company)

    def joined(self, peer: str, hello: Hello) -> None:
        self._mailbox.admit(peer, hello.session, hello.proof.oldest)
        self._hellos[peer] = hello
        self._met_at.setdefault(peer, self._clock())
        self.witnesses.joined(peer, hello)
        self._note(f"{hello.name or peer} is here")
        self._note_lyra()
        if self._sender is not None:
            self._sender.suit()
        if self._receiver is not None and hello.carries & Carries.PICTURES_OUT:
            begin(self._tasks, f"{self.name}: follow {peer}", self._mailbox.follow(peer, Letter.PICTURE))

    def left(self, peer: str) -> None:
        self._mailbox.dismiss(peer)
        hello = self._hellos.pop(peer, None)
        self._met_at.pop(peer, None)
        self._connected.discard(peer)
        self.witnesses.left(peer)
        self._note(f"{hello.name if hello and hello.name else peer} has left")
        self._note_lyra()
        if self._receiver is not None:
            self._receiver.forget(peer)
            begin(self._tasks, f"{self.name}: unfollow {peer}", self._mailbox.unfollow(peer, Letter.PICTURE))

    def opened(self, peer: str) -> None:
        if self._ears is not None:
            self._ears.open(peer)

    def connected(self, peer: str) -> None:
        self._tally.calls_again += peer in self._connected
        self._connected.add(peer)
        if self._tally.setup_ms is None and peer in self._met_at:
            self._tally.setup_ms = (self._clock() - self._met_at[peer]) * 1000
        if self._steering.adapts:
            self._calls.want_reports(True)

    def ended(self, peer: str) -> None:
        self._steering.forget(peer)
        if self._ears is not None:
            self._ears.close(peer)

    def packet(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.witnesses.speech_came(peer, sequence, timestamp, payload, copies)
        if self._ears is not None:
            self._ears.receive(peer, sequence, timestamp, payload, copies)

    def reported(self, peer: str, report: Report) -> None:
        now = self._clock()
        self._change(self._steering.report(peer, report, now))
        if self._steering.adapts:
            self._calls.want_reports(self._steering.is_trying(now))

    def change(self, profile: Profile) -> None:
        """Talks by other settings from now on, whatever the link does to them."""
        if profile.name == CUSTOM == self._steering.profile.name:
            self._note("speech goes by other options now")
        self._change(self._steering.choose(profile))
        if self._hellos:
            self._calls.want_reports(False)

    def follow_the_link(self) -> None:
        """Talks by what the link carries from now on, as far as the settings let it."""
        profile = self._steering.follow(self._parts.max_kbps, self._clock())
        self._note(f"speech follows the link now, within {self._parts.max_kbps:g} kbit/s")
        self._change(profile)
        if self._hellos:
            self._calls.want_reports(True)

    def _takes_copies(self) -> bool:
        return self._calls.take_copies()

    def _change(self, profile: Profile) -> None:
        if self._talker is None or profile == (before := self._talker.profile):
            return
        self._talker.change(profile)
        self._tally.profile = profile.name
        if (profile.name, bool(profile.redundancy)) != (before.name, bool(before.redundancy)):
            self._note(f"speech goes by {profile.name} now{', with copies' if profile.redundancy else ''}")

    def _note(self, text: str) -> None:
        self.witnesses.noted(text)
        self._tell(text)

    def _round_trip(self, peer: str) -> float:
        return self._calls.round_trip_seconds(peer)
