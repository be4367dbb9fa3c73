"""One page, put together: what it shows, who listens to it, who speaks from it, and its server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry

from node.common.tasks import first_error
from node.web import metrics, playback
from node.web.broadcast import DEFAULT_LINES, MAX_LINES, Broadcast, Listener
from node.web.browser_camera import PageCamera, SwitchableCamera
from node.web.browser_link import BrowserLink
from node.web.browser_microphone import PageMicrophone
from node.web.connections import Connections
from node.web.fault_containment import ContainedTasks, Failures, TaskOwner
from node.web.metrics import NodeCollector
from node.web.page_address import PageAddress
from node.web.page_observers import CallFeeder
from node.web.playback import Playing
from node.web.server import Certificate, serving
from node.web.sessions import WhipSession, WhipSessions
from node.web.state import OwnState, PageState
from node.web.timing import TimedModels, model_seconds

if TYPE_CHECKING:
    from PIL import Image

    from node.call.endpoints import Models
    from node.call.observers import Observers
    from node.call.stats import CallStats
    from node.speech.profiles import Profile
    from node.vision.cameras import Camera
    from node.vision.morph import Screen

MAX_LISTENERS = 8
"""Listeners at once: a household. Each costs some 50 packets a second and a connection of its own."""

MAX_SPEAKERS = 1
"""One voice a node: who else wants to speak starts another node."""

TICK_S = 1.0


class ObservedNode(Protocol):
    """A node, as far as a page needs it (see `node.call.node.Node`)."""

    name: str
    witnesses: Observers
    broker_is_up: bool

    @property
    def id(self) -> str: ...

    @property
    def muted(self) -> bool: ...

    def toggle_mute(self) -> None: ...

    def link(self, peer: str) -> str: ...

    def count(self) -> CallStats: ...

    def delay_ms(self) -> float | None: ...

    def peers(self) -> list[str]: ...

    def queues(self) -> dict[str, int]: ...


class Page:
    """What is served at `address`, or at one of the next ports if that is taken and `or_next`.

    A page from which somebody takes part has a `microphone` or a `camera`, to be given to the node that is watched
    first. `profile` is the speech that is asked of browsers. `link` is what to open, once it is served.
    """

    def __init__(
        self,
        kind: str,
        address: PageAddress,
        profile: Profile,
        *,
        microphone: bool = False,
        camera: bool = False,
        certificate: Certificate | None = None,
        or_next: bool = False,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.board = PageState(kind, DEFAULT_LINES, morphs=kind != "replay", replay=self._replay)
        self.sound = Broadcast(self.board.clock)
        self.microphone = PageMicrophone(profile.frame_samples) if microphone else None
        self.camera = PageCamera() if camera else None
        self._shutter: SwitchableCamera | None = None
        self.player: Playing | None = None
        self.link = ""
        self.connections = Connections()
        self.failures = Failures(note)
        self._address, self._certificate, self._or_next = address, certificate, or_next
        self._profile, self._note = profile, note
        self._nodes: list[tuple[ObservedNode, CallFeeder]] = []
        self._registry = CollectorRegistry()
        self._model_seconds = model_seconds(self._registry)
        self.listeners: WhipSessions
        self.speakers: WhipSessions
        self._browsers: TaskOwner

    # -- what is shown

    def watch(self, *nodes: ObservedNode) -> None:
        """Show the call of this node; of several, the call among them."""
        takes_part = self.microphone is not None or self.camera is not None
        for node in nodes:
            prefix = f"{node.name}: " if len(nodes) > 1 else ""
            onlooker = CallFeeder(self.board, self.sound, node.id, is_seen=len(nodes) > 1, prefix=prefix)
            node.witnesses.add(onlooker)
            self._nodes.append((node, onlooker))
        if len(nodes) == 1 or takes_part:
            self._take_part_as(nodes[0], alone=len(nodes) == 1)
        self._registry.register(NodeCollector(nodes, self._gauges))

    def show(self, player: Playing, started_s: float = 0.0) -> None:
        """Show the recording that is played, in its own time: it began then, in seconds since 1970.

        What happens in it is told to the board by a `node.web.spectator.ReplayFeeder`, which is the player's witness.
        """
        self.player = player
        self.board.keep_time(lambda: player.position_s, lambda: started_s + player.position_s)
        self._registry.register(NodeCollector((), self._gauges))

    def timed(self, models: Models) -> TimedModels:
        """Return the models as the call should use them, so that their times are known."""
        return TimedModels(models, self._model_seconds)

    def shutter(self, camera: Camera) -> Camera:
        """Return a camera of the node's own as the call should use it, so that it can be switched off from here.

        That is so for the first one only: in a demo there are two.
        """
        if self.camera is not None or self._shutter is not None:
            return camera
        self._shutter = SwitchableCamera(camera)
        return self._shutter

    def screen(self, also: Screen | None = None) -> Screen:
        """Return what shows peers' pictures, and the ones in between, on this page and on another screen."""

        async def show(peer: str, image: Image.Image) -> None:
            self.board.screen(peer, image)
            if also is not None:
                await also(peer, image)

        return show

    # -- its server

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Serve while in this context; yields the link to open. NodeError if the address cannot be had."""
        with first_error():
            async with asyncio.TaskGroup() as tasks:
                self._browsers = ContainedTasks(tasks, self.failures)
                self.listeners = WhipSessions(MAX_LISTENERS, self._media_address, self._browsers)
                self.speakers = WhipSessions(MAX_SPEAKERS, self._media_address, self._browsers)
                where = (self._address, self._certificate, self._or_next)
                async with serving(self, *where, self._note, tasks) as self.link:
                    work = [tasks.create_task(one, name=name) for name, one in self._background()]
                    try:
                        yield self.link
                    finally:
                        for task in work:
                            task.cancel()
                        self.board.feed.close()
                        await self.listeners.close()
                        await self.speakers.close()

    # -- what its routes do

    async def listen(self, offer: str) -> tuple[WhipSession, str]:
        """Take a listener's offer; see :meth:`WhipSessions.open`."""

        async def answer(link: BrowserLink) -> tuple[str, Callable[[], None]]:
            text, pushes = await link.listen(MAX_LINES)
            listening = Listener(pushes, self._browsers, self.sound.clock)
            self.sound.add(listening)
            return text, lambda: self.sound.remove(listening)

        return await self.listeners.open(offer, answer)

    async def speak(self, offer: str) -> tuple[WhipSession, str]:
        """Take a speaker's offer, when nobody speaks any more; see :meth:`WhipSessions.open`."""
        microphone = self.microphone
        if microphone is None:
            raise web.HTTPConflict(text="nobody speaks from the page in this call; start it with --speech page\n")

        async def answer(link: BrowserLink) -> tuple[str, Callable[[], None]]:
            text = await link.hear(self._profile, microphone.packet)
            microphone.begin()
            return text, microphone.end

        if not microphone.is_taken:
            await self.speakers.close()
        return await self.speakers.open(offer, answer)

    def mute(self, muted: bool) -> bool:
        """Keep back what is said, or let it out; False if nothing is said from here."""
        if self.board.you is None or not self._nodes:
            return False
        node = self._nodes[0][0]
        if node.muted != muted:
            node.toggle_mute()
        self._look_at_you()
        return node.muted == muted

    def switch_camera(self, on: bool) -> bool:
        """Look at the camera, or do not; False if nothing is seen from here."""
        camera = self.camera or self._shutter
        if self.board.you is None or camera is None:
            return False
        camera.on = on
        self._look_at_you()
        return True

    def problem(self) -> str:
        """What is wrong, in words; nothing if all is well."""
        return "the broker is gone" if self.board.broker == "down" else ""

    def metrics(self) -> tuple[bytes, str]:
        """Return what Prometheus reads, and its type."""
        return metrics.exposition(self._registry)

    # -- behind the scenes

    def _background(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield "page: pictures", self.board.darkroom.run()
        yield "page: meters", self._tick()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            with self.failures.contained():
                self._look_around()
                if self.player is None or not self.player.paused:
                    self.board.tick()
                self.board.tell_replay()

    def _look_around(self) -> None:
        """See what nobody tells: links, delays, the broker."""
        for node, onlooker in self._nodes:
            delay_ms, overhead = node.delay_ms(), onlooker.measure(node.count().meter)
            for person in list(self.board.people.values()):
                if person.id in onlooker.met:
                    self.board.linked(person.id, node.link(person.id))
                    person.meters.delay_ms = delay_ms
                    person.meters.overhead = overhead or person.meters.overhead
        if self._nodes:
            up = all(node.broker_is_up for node, _ in self._nodes)
            self.board.tell_broker("up" if up else "down")
        self._look_at_you()

    def _look_at_you(self) -> None:
        you = self.board.you
        if you is None:
            return
        before = self.board.told_you()
        you.muted = self._nodes[0][0].muted
        you.speaking = self.microphone is not None and self.microphone.is_taken
        camera = self.camera or self._shutter
        you.camera_on = camera is None or camera.on
        you.showing = self.camera is not None and self.camera.is_showing
        if self.board.told_you() != before:
            self.board.tell_you()

    def _take_part_as(self, node: ObservedNode, alone: bool) -> None:
        speaks, shows = self.microphone is not None, self.camera is not None
        self.board.you = OwnState(node.id, node.name, may_speak=speaks, may_show=shows)
        self.sound.unheard = node.id
        if alone:
            self.board.came(node.id, node.name, speaks=True, shows=True, you=True)

    @property
    def _media_address(self) -> str | None:
        """Where browsers' media comes in: as little as the page itself is it to be had from elsewhere."""
        if self._address.is_loopback:
            return "127.0.0.1"
        return None if self._address.is_everywhere or not self._address.is_number else self._address.host

    def _replay(self) -> dict[str, object] | None:
        return None if self.player is None else playback.playback_state(self.player)

    def _gauges(self) -> Iterator[tuple[str, str, float]]:
        yield "page_connections", "Connections of browsers.", len(self.connections)
        yield "page_failures", "Errors of the node's own in browsers' requests.", self.failures.total
        yield "page_readers", "Pages that follow the call.", len(self.board.feed)
        yield "page_listeners", "Browsers that listen.", len(self.sound)
        yield "page_queue_events", "Events waiting for the slowest reader.", self.board.feed.waiting
        yield "page_queue_pictures", "Pictures waiting to be encoded for the page.", self.board.darkroom.waiting
        yield "page_pictures_bytes", "Pictures kept for the page.", self.board.album.size
