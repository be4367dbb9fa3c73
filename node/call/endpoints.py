"""What a node is made of and where it calls from; ``node.call.build`` makes these from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from node.captions.coder import CaptionCoder
from node.links.address import BrokerAddress
from protocol.room_secret import RoomSecret
from protocol.signalling import Carries

if TYPE_CHECKING:
    from PIL import Image

    from node.links.webrtc import Observer
    from node.speech.audio_io import Sink, Source
    from node.speech.codec import LyraChoice
    from node.speech.profiles import Profile
    from node.vision.cameras import Camera
    from node.vision.types import Prompt


class Models(Protocol):
    """What captions and paints. ``client`` tells whose newer request replaces whose."""

    async def caption(self, image: Image.Image, client: str = "") -> str: ...

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image: ...

    async def paint_between(self, before: Prompt, after: Prompt, share: float, client: str = "") -> Image.Image: ...


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The ends of one node. What is None is not there: a receiver has no source, a sender no sink."""

    profile: Profile
    models: Models
    captions: CaptionCoder  # codes the words of pictures, beside the loop
    source: Source | None = None
    sink: Sink | None = None
    camera: Camera | None = None
    paints: bool = False
    only_drawings: bool = False  # its captioner knows nothing else: a person is told when the camera shows a photo
    tries: int = 1  # pictures painted for a new scene, the seed of the best of which is sent
    look_bytes: int = 0  # of the look that goes with each caption
    adapts: bool = False  # the profile follows the link
    max_kbps: float = 16.0  # of speech on the wire, when the profile follows the link
    morph_fps: float = 0.0  # pictures a second on the way from one to the next
    lyra: LyraChoice | None = None  # for talking with those who have its models, too

    @property
    def carries(self) -> Carries:
        """What goes in the hello."""
        return (
            (Carries.SPEECH_OUT if self.source is not None else Carries.NOTHING)
            | (Carries.SPEECH_IN if self.sink is not None else Carries.NOTHING)
            | (Carries.PICTURES_OUT if self.camera is not None else Carries.NOTHING)
            | (Carries.PICTURES_IN if self.paints else Carries.NOTHING)
            | (Carries.LYRA_IN if self.sink is not None and self.lyra is not None else Carries.NOTHING)
        )


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """Where the call is: the room, its broker, and how media may travel (see ``node.links.webrtc.PeerLink``)."""

    room: RoomSecret
    broker: BrokerAddress
    ice_servers: tuple[str, ...] = ()
    address: str | None = None
    observer: Observer | None = None
    waits: bool = False  # for broker and network at the start
