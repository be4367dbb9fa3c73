"""One page and everything behind it: its state, its listeners, its browser's microphone and camera, its counters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CollectorRegistry

from node.web import metrics, page_floor
from node.web.broadcast import DEFAULT_LINES, MAX_LINES, Broadcast, Listener
from node.web.browser_camera import PageCamera, SwitchableCamera
from node.web.browser_microphone import PageMicrophone
from node.web.chat_texts import ChatTexts
from node.web.connections import Connections
from node.web.fault_containment import ContainedTasks, Failures, TaskOwner
from node.web.metrics import NodeCollector, TimedModels, model_seconds
from node.web.own_painting import OwnPainting
from node.web.page_address import PageAddress
from node.web.page_observers import CallFeeder
from node.web.person_state import OwnState
from node.web.replay_audio import playback_state
from node.web.said_identity import KeptIdentity, keep_nothing
from node.web.state import PageState
from node.web.whip import WhipSession, WhipSessions

if TYPE_CHECKING:
    from PIL import Image

    from node.call.endpoints import Models
    from node.links.broker import Certificate
    from node.replay.player import Player
    from node.speech.profiles import Profile
    from node.vision.cameras import Camera
    from node.vision.morph import Screen
    from node.web.browser_link import BrowserLink
    from node.web.observed_node import ObservedNode

# Listeners at once: a household. Each costs some 50 packets a second and a connection of its own.
MAX_LISTENERS = 8
# One voice a node; another speaker needs another node.
MAX_SPEAKERS = 1
# How often nodes are polled, and live rates sent.
POLL_S = 1.0


class Page:
    """What `node.web.server.serve` serves at `address`, or at one of the next ports if that is taken and `or_next`.

    `microphone` and `camera` say whether a browser is the microphone and the camera of the node that is watched first.
    `profile` is the speech that browsers are asked for. `keep_me` keeps who is before the camera for later calls.
    `links` are what to open, once the page is served, `link` being the first: elsewhere than on loopback each has the
    token.
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
        keep_me: Callable[[str], object] = keep_nothing,
    ) -> None:
        self.address, self.certificate, self.or_next, self.note = address, certificate, or_next, note
        self.link, self.links = "", list[str]()
        self.state = PageState(kind, DEFAULT_LINES, morphs=kind != "replay", replay=self._playback)
        self.broadcast = Broadcast(self.state.clock)
        self.microphone = PageMicrophone(profile.frame_samples) if microphone else None
        self.camera = PageCamera() if camera else None
        self.player: Player | None = None
        self.floor: page_floor.PageFloor | None = None
        self.connections = Connections()
        self.failures = Failures(note)
        self.listeners: WhipSessions
        self.speakers: WhipSessions
        self._profile, self._keep_me = profile, keep_me
        self._own_camera: SwitchableCamera | None = None
        self._own_painting: OwnPainting | None = None
        self._identity: KeptIdentity | None = None
        self._nodes: list[tuple[ObservedNode, CallFeeder]] = []
        self._registry = CollectorRegistry()
        self._model_seconds = model_seconds(self._registry)
        self._browser_tasks: TaskOwner
        self._tasks: list[asyncio.Task[None]] = []

    # -- what is shown

    def watch(self, *nodes: ObservedNode) -> None:
        """Show the call of this node; of several nodes, the call among them."""
        if nodes:
            self.state.texts = ChatTexts(self.state.events, nodes[0].id, nodes[0].chat)
        takes_part = self.microphone is not None or self.camera is not None
        for node in nodes:
            prefix = f"{node.name}: " if len(nodes) > 1 else ""
            feeder = CallFeeder(self.state, self.broadcast, node.id, is_seen=len(nodes) > 1, prefix=prefix)
            node.observers.add(feeder)
            self._nodes.append((node, feeder))
        if len(nodes) == 1 or takes_part:
            self._take_part_as(nodes[0], alone=len(nodes) == 1)
        self.floor = page_floor.watched(nodes, self.state)
        self._registry.register(NodeCollector(nodes, self._gauges))

    def show(self, player: Player, started_s: float = 0.0) -> None:
        """Show a recording in its own time; it began at `started_s` in Unix time.

        Its events come from a `node.web.page_observers.ReplayFeeder`, which observes the player.
        """
        self.player, self.state.texts = player, ChatTexts(self.state.events)
        self.state.use_clocks(lambda: player.position_s, lambda: started_s + player.position_s)
        self._registry.register(NodeCollector((), self._gauges))

    def timed(self, models: Models) -> TimedModels:
        """Return the models so that the page measures how long they take."""
        self.state.timed = TimedModels(models, self._model_seconds)
        return self.state.timed

    def shutter(self, camera: Camera) -> Camera:
        """Return the node's own camera so that the page can switch it off; the second one, of a demo, as it is."""
        if self.camera is not None or self._own_camera is not None:
            return camera
        self._own_camera = SwitchableCamera(camera)
        return self._own_camera

    def screen(self, also: Screen | None = None) -> Screen:
        """Return a screen that shows peers' pictures, and the ones in between, on the page and on another screen."""

        async def show(peer: str, image: Image.Image) -> None:
            self.state.set_screen(peer, image)
            if also is not None:
                await also(peer, image)

        return show

    # -- while it is served

    def start(self, tasks: TaskOwner) -> None:
        """Begin to encode pictures, to poll the nodes and to accept sessions, in `tasks`."""
        self._browser_tasks = ContainedTasks(tasks, self.failures)
        self.listeners = WhipSessions(MAX_LISTENERS, self._media_address, self._browser_tasks)
        self.speakers = WhipSessions(MAX_SPEAKERS, self._media_address, self._browser_tasks)
        self._tasks = [tasks.create_task(work, name=name) for name, work in self._background()]

    async def stop(self) -> None:
        """Stop what `start` began, and end all sessions."""
        for task in self._tasks:
            task.cancel()
        self.state.events.close()
        await self.listeners.close()
        await self.speakers.close()

    # -- what its routes do

    async def listen(self, offer: str) -> tuple[WhipSession, str]:
        """Open a listener's session; see `WhipSessions.open`."""

        async def answer(link: BrowserLink) -> tuple[str, Callable[[], None]]:
            text, pushes = await link.send_audio(MAX_LINES)
            listener = Listener(pushes, self._browser_tasks, self.broadcast.clock)
            self.broadcast.add(listener)
            return text, lambda: self.broadcast.remove(listener)

        return await self.listeners.open(offer, answer)

    async def speak(self, offer: str) -> tuple[WhipSession, str]:
        """Open a speaker's session in place of one that is silent; see `WhipSessions.open`."""
        microphone = self.microphone
        if microphone is None:
            raise web.HTTPConflict(text="nobody speaks from the page in this call; start it with --speech page\n")

        async def answer(link: BrowserLink) -> tuple[str, Callable[[], None]]:
            text = await link.receive_audio(self._profile, microphone.receive)
            microphone.begin()
            return text, microphone.end

        if not microphone.is_active:
            await self.speakers.close()
        return await self.speakers.open(offer, answer)

    def mute(self, muted: bool) -> bool:
        """Mute or unmute the node's speech; return False if it sends none."""
        if self.state.own is None or not self._nodes:
            return False
        node = self._nodes[0][0]
        if node.muted != muted:
            node.toggle_mute()
        self._refresh_own_state()
        return node.muted == muted

    def switch_camera(self, on: bool) -> bool:
        """Switch the node's camera on or off; return False if it has none that can be switched."""
        camera = self.camera or self._own_camera
        if self.state.own is None or camera is None:
            return False
        camera.on = on
        self._refresh_own_state()
        return True

    async def change_me(self, text: str) -> list[str] | None:
        """Change who is before the node's camera; return how that is read, None where nothing is drawn by it."""
        if self._identity is None:
            return None
        lines = await self._identity.change(text)
        self._refresh_own_state()
        return lines

    def problem(self) -> str:
        """Return what is wrong, in words; "" if nothing is."""
        return "the broker is gone" if self.state.broker == "down" else ""

    def metrics(self) -> tuple[bytes, str]:
        """Return the metrics for Prometheus, and their content type."""
        return metrics.exposition(self._registry)

    # -- behind the scenes

    def _background(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield "page: pictures", self.state.encoder.run()
        yield "page: meters", self._poll()
        if self._own_painting is not None:
            yield "page: own picture", self._own_painting.run()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            with self.failures.contained():
                self._poll_nodes()
                if self.player is None or not self.player.paused:
                    self.state.send_rates()
                self.state.send_replay()

    def _poll_nodes(self) -> None:
        """Update what no observer is notified of: links, delays, the broker."""
        for node, feeder in self._nodes:
            delay_ms, overhead = node.delay_ms(), feeder.speech_overhead(node.count().meter)
            for person in list(self.state.people.values()):
                if person.id in feeder.peers:
                    self.state.set_facts(person.id, link=node.link(person.id), route=node.route(person.id))
                    person.rates.delay_ms = delay_ms
                    person.rates.overhead = overhead or person.rates.overhead
        if self._nodes:
            up = all(node.broker_is_up for node, _ in self._nodes)
            self.state.set_broker("up" if up else "down")
        self._refresh_own_state()

    def _refresh_own_state(self) -> None:
        own = self.state.own
        if own is None:
            return
        before = self.state.own_json()
        node = self._nodes[0][0]
        own.muted, own.sight = node.muted, node.sight
        own.me = self._me
        own.speaking = self.microphone is not None and self.microphone.is_active
        camera = self.camera or self._own_camera
        own.camera_on = camera is None or camera.on
        own.showing = self.camera is not None and self.camera.is_showing
        if self.state.own_json() != before:
            self.state.send_own()

    def _take_part_as(self, node: ObservedNode, alone: bool) -> None:
        speaks, shows = self.microphone is not None, self.camera is not None
        if self.state.kind != "receive":
            self._identity = KeptIdentity(node.identity, self._keep_me)
        self.state.own = OwnState(node.id, node.name, may_speak=speaks, may_show=shows, me=self._me)
        self.broadcast.excluded = node.id
        if alone and self._identity is not None:  # who only receives shows nothing
            self._own_painting = OwnPainting(node, self.state, self.failures)
            node.observers.add(self._own_painting)
            self.state.joined(node.id, node.name, speaks=True, shows=True, you=True)

    @property
    def _me(self) -> str | None:
        return None if self._identity is None else self._identity.text

    @property
    def _media_address(self) -> str | None:
        """The local address for browsers' media, reachable from no further away than the page itself."""
        if self.address.is_loopback:
            return "127.0.0.1"
        return None if self.address.is_everywhere or not self.address.is_number else self.address.host

    def _playback(self) -> dict[str, object] | None:
        return None if self.player is None else playback_state(self.player)

    def _gauges(self) -> Iterator[tuple[str, str, float]]:
        yield "page_connections", "Connections of browsers.", len(self.connections)
        yield "page_failures", "Errors of the node's own in browsers' requests.", self.failures.total
        yield "page_readers", "Pages that follow the call.", len(self.state.events)
        yield "page_listeners", "Browsers that listen.", len(self.broadcast)
        yield "page_queue_events", "Events waiting for the slowest reader.", self.state.events.longest_queue
        yield "page_queue_pictures", "Pictures waiting to be encoded for the page.", self.state.encoder.waiting
        yield "page_pictures_bytes", "Pictures kept for the page.", self.state.pictures.size
