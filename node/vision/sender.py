"""The pictures of one node: its camera's scene goes out as words, its peers' words are painted.

Both ends drop the old for the new: a scene that changed again before it was captioned, and a picture that came while
another was being painted, replace what waits.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.call.stats import PicturesIn, PicturesOut
from node.captions.coder import Caption, CaptionCoder
from node.common.peer_faults import PeerFaults
from node.vision.look import NO_LOOK, encode_look
from node.vision.morph import Morph
from node.vision.presets import NOT_DRAWN
from node.vision.rgb import raw_bits
from node.vision.seeds import SeedChooser
from node.vision.types import Prompt
from protocol import frames, look
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.cameras import Camera
    from node.vision.gate import Gate
    from protocol.captions.registry import Coded

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
LONGEST_WORDS = frames.MAX_CAPTION_BYTES - 2  # of UTF-8: what a codec has no model for, it may lengthen by two bytes
HOLDS_A_PICTURE = 1000  # then the picture itself: a newcomer opens nothing 2^15 frames after it (protocol.sealing)
HOLD_EVERY_S = 30.0  # 120 bytes with TCP and IP: 32 bit/s to tell a listener that an old picture still holds

Publish = Callable[[bytes, bool, Caption | None], int]
"""Publishes a frame (payload, retained, a picture's words) and returns what it costs on the wire, in bytes."""


def _tell_nobody(snapshot: Image.Image, sequence: int, words: str) -> None:
    """Nobody looks on."""


def _knows_everything(snapshot: Image.Image) -> bool:
    """A captioner without a world of its own."""
    return True


@dataclass
class PictureSender:
    """Looks through the gate, captions what changed, and sends a frame when the words changed.

    ``knows`` tells whether a snapshot is of the world that the captioner was trained on; ``look_bytes`` is the size of
    the look that goes with the words (see `protocol.look`), 0 for none; ``captioned`` is told of each snapshot sent,
    its picture's number and its words. Whatever takes longer for some snapshots or words than for others runs beside
    the loop.
    """

    camera: Camera
    gate: Gate
    caption: Callable[[Image.Image], Awaitable[str]]
    publish: Publish
    codec: Callable[[], int]
    counts: PicturesOut
    clock: Callable[[], float]
    note: Callable[[str], None]
    coder: CaptionCoder
    seeds: SeedChooser = field(default_factory=SeedChooser)
    look_bytes: int = 0
    knows: Callable[[Image.Image], bool] = _knows_everything
    captioned: Callable[[Image.Image, int, str], None] = _tell_nobody
    _sequence: int = 0
    _picture: frames.Picture | None = None
    _frame: bytes = b""
    _caption: Caption | None = None
    _words: str = ""
    _warned: bool = False
    _holds: int = 0

    def __post_init__(self) -> None:
        self._started = self.clock()
        self._said = self._started

    async def run(self) -> None:
        """Watches the camera until cancelled, or until the camera is gone: the call goes on without it."""
        while True:
            began = self.clock()
            try:
                await self._look()
            except NodeError as error:
                self.note(f"no more pictures from here: {error}")
                return
            await asyncio.sleep(max(0.0, LOOK_EVERY_S - (self.clock() - began)))

    def again(self) -> None:
        """Publishes the newest picture once more: the broker was away and may have forgotten it."""
        if self._frame:
            self.counts.wire_bytes += self.publish(self._frame, True, self._caption)

    async def suit(self) -> None:
        """Codes the newest picture anew if someone came who cannot read it. Who painted it already sees its number."""
        picture, caption = self._picture, self._caption
        if picture is None or caption is None or self.codec() >= picture.codec:
            return
        coded = await self._coded(caption.words)
        if self._picture is picture:  # else a newer one is out, coded for everyone who was here by then
            self._keep(dataclasses.replace(picture, codec=coded.codec, caption=coded.data), caption.words, coded)
            self.again()

    async def _look(self) -> None:
        snapshot = await self.camera.snapshot()
        seen_at = self.clock()
        if await asyncio.to_thread(self.gate.changed, snapshot):
            await self._say(snapshot, seen_at)
        elif self._frame and self.clock() - self._said >= HOLD_EVERY_S:
            self._hold()
            self._said = self.clock()

    def _hold(self) -> None:
        self._holds += 1
        if self._holds % HOLDS_A_PICTURE == 0:
            self.again()
        else:
            self.counts.wire_bytes += self.publish(frames.encode(frames.Hold(self._sequence)), False, None)

    async def _say(self, snapshot: Image.Image, seen_at: float) -> None:
        try:
            words = _fitting(await self.caption(snapshot))
        except NodeError as error:
            self.gate.reset()
            self.note(str(error))
            return
        self.counts.captioned += 1
        await self._warn_once(snapshot)
        if words != self._words:
            self._words = words
            await self._send(words, snapshot, seen_at)

    async def _warn_once(self, snapshot: Image.Image) -> None:
        """Tells a person, the first time, that these words are of a picture that the captioner cannot know."""
        if not self._warned and not await asyncio.to_thread(self.knows, snapshot):
            self._warned = True
            self.note(NOT_DRAWN)

    async def _send(self, words: str, snapshot: Image.Image, seen_at: float) -> None:
        look = await asyncio.to_thread(encode_look, snapshot, self.look_bytes) if self.look_bytes else NO_LOOK
        seed = await self.seeds.choose(words, snapshot, look)
        coded = await self._coded(words)
        self._sequence += 1
        captured_ms = round((seen_at - self._started) * 10) * 100  # a frame has tenths of a second for free
        picture = frames.Picture(self._sequence, captured_ms, coded.codec, coded.data, seed, look)
        self._keep(picture, words, coded)
        self._said = self.clock()
        self.captioned(snapshot, self._sequence, words)
        cost = self.publish(self._frame, True, self._caption)
        self.counts.add(words, coded.bits, len(self._frame), cost, raw_bits(snapshot), len(look) * 8)

    async def _coded(self, words: str) -> Coded:
        """The words as all who are here by the time that is done can read them."""
        coded = await self.coder.encode(words, self.codec())
        while self.codec() < coded.codec:
            coded = await self.coder.encode(words, self.codec())
        return coded

    def _keep(self, picture: frames.Picture, words: str, coded: Coded) -> None:
        self._picture, self._frame = picture, frames.encode(picture)
        self._caption = Caption(words, coded.bits)


def _fitting(words: str) -> str:
    """As much of what a talkative captioner wrote as a frame carries."""
    return words.encode(errors="replace")[:LONGEST_WORDS].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class PaintedPicture:
    """A picture that a peer sent as words."""

    peer: str
    sequence: int
    caption: str
    seed: int
    image: Image.Image
    look: bytes = NO_LOOK


@dataclass
class PictureReceiver:
    """Paints the newest picture of each peer, one at a time; while none waits, the screen may move."""

    paint: Callable[[str, Prompt], Awaitable[Image.Image]]
    show: Callable[[PaintedPicture], Awaitable[None]]
    counts: PicturesIn
    clock: Callable[[], float]
    note: Callable[[str], None]
    morph: Morph | None = None
    faults: PeerFaults = field(default_factory=lambda: PeerFaults(logger.warning))
    _waiting: dict[str, tuple[frames.Picture, str]] = field(default_factory=dict)
    _something: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def waiting(self) -> int:
        """How many peers' pictures wait to be painted."""
        return len(self._waiting)

    def receive(self, peer: str, picture: frames.Picture, caption: str) -> None:
        """Takes a peer's picture, whose words were read; they are painted unless newer ones come before their turn."""
        self._waiting.pop(peer, None)
        self._waiting[peer] = (picture, caption)
        self._something.set()

    def forget(self, peer: str) -> None:
        """The peer left."""
        self._waiting.pop(peer, None)
        if self.morph is not None:
            self.morph.forget(peer)

    async def run(self) -> None:
        """Paints until cancelled, the peer that has waited longest first."""
        while True:
            while self._waiting:
                peer = next(iter(self._waiting))
                with self.faults.contained(peer, "a picture"):
                    await self._paint(peer, *self._waiting.pop(peer))
            self._something.clear()
            await self._move_until_something()

    async def _move_until_something(self) -> None:
        async with asyncio.TaskGroup() as group:
            moving = group.create_task(self._move(), name="morph")
            await self._something.wait()
            moving.cancel()

    async def _move(self) -> None:
        if self.morph is None:
            return
        try:
            with self.faults.contained("", "the way to a picture"):
                await self.morph.run()
        except NodeError as error:
            self.note(str(error))

    async def _paint(self, peer: str, frame: frames.Picture, caption: str) -> None:
        prompt = Prompt(caption, frame.seed, _readable(frame.look))
        began = self.clock()
        try:
            image = await self.paint(peer, prompt)
            painting_s = self.clock() - began
            await self.show(PaintedPicture(peer, frame.sequence, caption, frame.seed, image, prompt.look))
            if self.morph is not None:
                await self.morph.begin(peer, prompt, image, painting_s)
        except NodeError as error:
            self.note(str(error))
            return
        self.counts.painted += 1
        self.counts.last_caption = caption
        if self.counts.first_painted_at is None:
            self.counts.first_painted_at = self.clock()


def _readable(coded: bytes) -> bytes:
    """The look, if this version knows one of that length; the words are enough without."""
    return coded if len(coded) in look.SIZES else NO_LOOK
