"""The endpoints of a node, and where its call is; `node.call.build` makes both from the settings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from node.call.speech_models import NO_MODELS, SpeechModels
from node.captions.coder import CaptionCoder
from node.links.address import BrokerAddress
from node.speech.audio_io import Pull, Underruns
from node.vision.likeness import of_seen
from node.vision.people.identity import Identity
from protocol.errors import NodeError
from protocol.room_secret import RoomSecret
from protocol.signalling import Carries, RoutePolicy

if TYPE_CHECKING:
    from PIL import Image

    from node.links.webrtc import Observer
    from node.speech.audio_io import Captured, Sink, Source
    from node.speech.codec import LyraChoice, SpeechDecoder
    from node.speech.opus_libraries import DecoderLibrary
    from node.speech.profiles import Profile
    from node.vision.cameras import Camera
    from node.vision.morph import Screen
    from node.vision.scenes import Variation
    from node.vision.types import Prompt, SeenPicture


class Models(Protocol):
    """What captions and paints. A newer request of the same `client` replaces an older one."""

    async def see(self, image: Image.Image, client: str = "", painted: bool = False) -> SeenPicture: ...

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image: ...

    async def paint_between(self, before: Prompt, after: Prompt, share: float, client: str = "") -> Image.Image: ...


@dataclass(frozen=True, slots=True)
class NodeModels:
    """The models, as the node of this id uses them: a newer request for a peer's picture replaces an older one."""

    models: Models
    node: str

    async def see(self, image: Image.Image) -> SeenPicture:
        """Return what our own picture shows."""
        return await self.models.see(image, client=self.node)

    async def paint(self, peer: str, prompt: Prompt) -> Image.Image:
        """Return a peer's picture."""
        return await self.models.paint(prompt.text, prompt.seed, client=f"{self.node}<{peer}", look=prompt.look)

    async def paint_between(self, peer: str, before: Prompt, after: Prompt, share: float) -> Image.Image:
        """Return what is between two pictures of a peer."""
        return await self.models.paint_between(before, after, share, client=f"{self.node}<{peer}")

    async def preview(self, prompt: Prompt) -> Image.Image:
        """Return what the peers see of our own picture: it gives way to all other pictures."""
        return await self.models.paint(
            prompt.text, prompt.seed, client=f"{self.node} own", look=prompt.look, extra=True
        )

    async def try_out(self, prompt: Prompt) -> Image.Image:
        """Return what the peers would see for this prompt: it gives way to all other pictures."""
        return await self.models.paint(
            prompt.text, prompt.seed, client=f"{self.node} tries", look=prompt.look, extra=True
        )

    async def look_at(self, painting: Image.Image) -> tuple[str, Variation | None]:
        """Return what a picture tried out shows."""
        seen = await self.models.see(painting, client=f"{self.node} tries", painted=True)
        return seen.words, of_seen(seen)


class PageInputs(Protocol):
    """A page whose browser may be a node's microphone or camera (see `node.web.page.Page`)."""

    @property
    def microphone(self) -> Source | None: ...

    @property
    def camera(self) -> Camera | None: ...

    def shutter(self, camera: Camera) -> Camera:
        """Return the camera so that it can be switched off from the page."""

    def screen(self, also: Screen | None = None) -> Screen:
        """Return a screen that shows pictures on the page, and on the other one."""

    def timed(self, models: Models) -> Models:
        """Return the models so that the page knows their times."""


class NoSource:
    """The source of a node that sends no speech."""

    async def __aiter__(self) -> AsyncIterator[Captured]:
        frames: tuple[Captured, ...] = ()
        for frame in frames:
            yield frame


class NoSink:
    """The sink of a node that plays nothing: it never pulls."""

    latency_ms = 0.0

    def __init__(self) -> None:
        self.underruns = Underruns()

    async def run(self, pull: Pull) -> None:
        """Do nothing until cancelled."""
        await asyncio.Event().wait()


class NoCamera:
    """The camera of a node that sends no pictures: it never sees anything."""

    name = "none"

    async def snapshot(self) -> Image.Image:
        """Wait until cancelled."""
        await asyncio.Event().wait()
        raise NodeError("there is no camera")

    async def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The endpoints of one node. A receiver has no source, a sender no sink: they are None."""

    profile: Profile
    models: Models
    # Codes the words of pictures, beside the loop.
    captions: CaptionCoder
    source: Source | None = None
    sink: Sink | None = None
    camera: Camera | None = None
    # Whether the peers' pictures are painted.
    paints: bool = False
    # Who is before the camera; None if nothing was said.
    identity: Identity | None = None
    # Pictures painted for a new scene, the seed of the best of which is sent.
    tries: int = 1
    # Bytes of the look that is sent with each caption.
    look_bytes: int = 0
    # Whether the profile follows the links.
    adapts: bool = False
    # Of speech on the wire, when the profile follows the links.
    max_kbps: float = 16.0
    # Pictures a second of a morph from one picture to the next.
    morph_fps: float = 0.0
    # For speech with peers that have its models, too.
    lyra: LyraChoice | None = None
    # The libopus that decodes; None: the one that encodes.
    library: DecoderLibrary | None = None
    # What writes our own speech, and what reads lines aloud.
    words: SpeechModels = NO_MODELS
    # For how many seconds the floor is kept at most; None if it is not asked for before speech is sent.
    floor_limit_s: float | None = None

    @property
    def carries(self) -> Carries:
        """What the hello says that this node sends and takes. Everybody can write and read lines.

        A node that sends text alone needs no link for its speech.
        """
        is_heard = self.source is not None and not self.profile.text_only
        return (
            Carries.TEXT
            | (Carries.SPEECH_OUT if is_heard else Carries.NOTHING)
            | (Carries.SPEECH_IN if self.sink is not None else Carries.NOTHING)
            | (Carries.PICTURES_OUT if self.camera is not None else Carries.NOTHING)
            | (Carries.PICTURES_IN if self.paints else Carries.NOTHING)
            | (Carries.HIGH_BAND_IN if self.sink is not None else Carries.NOTHING)
            | (Carries.ENHANCED_IN if self.sink is not None and self._enhances else Carries.NOTHING)
            | (Carries.PUSH_TO_TALK if is_heard and self.floor_limit_s is not None else Carries.NOTHING)
            | (Carries.LYRA_IN if self.sink is not None and self.lyra is not None else Carries.NOTHING)
        )

    @property
    def _enhances(self) -> bool:
        return self.library is not None and self.library.enhances

    def new_decoder(self) -> SpeechDecoder:
        """Return a decoder for what one peer says."""
        from node.speech.codec import SpeechDecoder

        return SpeechDecoder(self.lyra.folder if self.lyra else None, self.library)

    @property
    def lyra_sent(self) -> LyraChoice | None:
        """Lyra, if speech is sent and may be coded so."""
        return self.lyra if self.source is not None else None


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """Where a call is: the room, its broker, and how media may travel (see `node.links.webrtc.PeerLink`)."""

    room: RoomSecret
    broker: BrokerAddress
    ice_servers: tuple[str, ...] = ()
    address: str | None = None
    observer: Observer | None = None
    # Whether the start waits for broker and network.
    waits: bool = False
    # The way that speech takes.
    route: RoutePolicy = RoutePolicy.AUTO
