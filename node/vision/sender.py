"""Sends what a camera sees as captions: snapshots pass a gate, are captioned, coded, and published in the room.

A scene that changed again before it was captioned replaces the earlier one. What the captioner makes of one snapshot
goes through a narrator, whose words change only when the scene does.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from node.captions.coder import Caption, CaptionCoder
from node.common.notes import NoteOnce
from node.links.peer_events import PeerEvents
from node.vision.likeness import of_seen
from node.vision.look_transfer import NO_LOOK
from node.vision.people.narrator import Narrator
from node.vision.portrait_look import look_of
from node.vision.seeds import SeedChooser
from node.vision.stats import RAW_BITS
from protocol import frames
from protocol.errors import NodeError

if TYPE_CHECKING:
    from PIL import Image

    from node.vision.cameras import Camera
    from node.vision.gate import Gate
    from node.vision.stats import PicturesOut
    from node.vision.types import SeenPicture
    from protocol.captions.registry import Coded
    from protocol.signalling import Hello

# Between two snapshots.
POLL_EVERY_S = 0.5

# Between two attempts at a camera that is gone: one that is plugged in again is in use soon.
AGAIN_S = 3.0

# Bytes of UTF-8: a codec may lengthen by two bytes what it has no model for.
MAX_WORDS_BYTES = frames.MAX_CAPTION_BYTES - 2

# Every so many holds the picture itself is sent: a newcomer opens nothing 2^15 frames after it (`protocol.sealing`).
HOLDS_A_PICTURE = 1000

# 120 bytes with TCP and IP: 32 bit/s to tell a receiver that an old picture is still valid.
HOLD_EVERY_S = 30.0


class PictureRoom(Protocol):
    """The room, as far as a picture sender needs it (see `node.call.membership.RoomMembership`)."""

    def post_picture(self, frame: bytes, retain: bool) -> int:
        """Publish the frame of a picture, and return its cost on the wire in bytes."""

    def caption_codec(self) -> int:
        """Return the newest caption codec that every peer that takes pictures can read."""

    def start(self, name: str, peer: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start work that an event of a peer asks for."""


class SentPictures(Protocol):
    """What observes the pictures that are sent (see `node.call.observers.CallObserver`)."""

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None: ...

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None: ...


class CaptionModel(Protocol):
    """What captions snapshots."""

    async def see(self, image: Image.Image) -> SeenPicture:
        """Return what a snapshot shows. Raises NodeError if that failed."""


class PictureSender(PeerEvents):
    """Polls the camera, captions what changed, and publishes a frame when the words changed.

    `narrator` makes the words, of nobody in particular unless another is set. `look_bytes` is the size of the look that
    is sent with the words (see `protocol.look`), 0 for none. Whatever takes longer for some snapshots or words than for
    others runs beside the loop.
    """

    def __init__(
        self,
        camera: Camera,
        gate: Gate,
        captioner: CaptionModel,
        room: PictureRoom,
        observer: SentPictures,
        counts: PicturesOut,
        coder: CaptionCoder,
        *,
        clock: Callable[[], float],
        note: Callable[[str], None],
        seeds: SeedChooser | None = None,
        look_bytes: int = 0,
    ) -> None:
        self.coder, self.narrator = coder, Narrator()
        self._camera, self._gate, self._captioner = camera, gate, captioner
        self._room, self._observer, self._counts = room, observer, counts
        self._clock, self._note, self._note_once = clock, note, NoteOnce(note)
        self._seeds, self._look_bytes = seeds or SeedChooser(), look_bytes
        self._sequence = 0
        self._picture: frames.Picture | None = None
        self._frame = b""
        self._caption: Caption | None = None
        self._words = ""
        self._holds = 0
        self._started = self._sent_at = clock()

    async def run(self) -> None:
        """Send until cancelled. A camera that is gone is tried again: the call goes on without it."""
        gone = False
        while True:
            began = self._clock()
            try:
                await self.poll_camera()
            except NodeError as error:
                if not gone:
                    self._note(f"no pictures from here until the camera is back: {error}")
                gone = True
                await asyncio.sleep(AGAIN_S)
                continue
            if gone:
                self._note("the camera is back, and pictures go on")
                gone = False
            await asyncio.sleep(max(0.0, POLL_EVERY_S - (self._clock() - began)))

    def joined(self, peer: str, hello: Hello) -> None:
        """Code the newest picture so that the newcomer can read it."""
        self._room.start(f"picture for {peer}", peer, self.recode)

    def picture_wanted(self, peer: str) -> None:
        """Publish the newest picture again: the broker did not serve it to a newcomer."""
        self.republish()

    def broker_returned(self) -> None:
        """Publish the newest picture again: the broker may have forgotten it."""
        self.republish()

    def republish(self) -> None:
        """Publish the newest picture again, if there is one."""
        if self._frame:
            self._counts.wire_bytes += self._publish(self._frame, retain=True, caption=self._caption)

    async def recode(self) -> None:
        """Code the newest picture by an older codec if a peer cannot read it; its number stays."""
        picture, caption = self._picture, self._caption
        if picture is None or caption is None or self._room.caption_codec() >= picture.codec:
            return
        coded = await self._coded(caption.words)
        if self._picture is picture:  # else a newer one is out, coded for every peer that was present by then
            self._retain(dataclasses.replace(picture, codec=coded.codec, caption=coded.data), caption.words, coded)
            self.republish()

    async def poll_camera(self) -> None:
        """Take one snapshot, and send its words or a hold if it is time for either. Raises NodeError if it fails."""
        snapshot = await self._camera.snapshot()
        captured_at = self._clock()
        changed = await asyncio.to_thread(self._gate.changed, snapshot, self.narrator.sees_real_pictures)
        if changed or self.narrator.wants(captured_at):
            await self._caption_and_send(snapshot, captured_at)
        elif self._frame and self._clock() - self._sent_at >= HOLD_EVERY_S:
            self._send_hold()
            self._sent_at = self._clock()

    def _send_hold(self) -> None:
        self._holds += 1
        if self._holds % HOLDS_A_PICTURE == 0:
            self.republish()
        else:
            self._counts.wire_bytes += self._publish(frames.encode(frames.Hold(self._sequence)), retain=False)

    async def _caption_and_send(self, snapshot: Image.Image, captured_at: float) -> None:
        try:
            seen = await self._captioner.see(snapshot)
        except NodeError as error:
            self._gate.reset()
            self._note(str(error))
            return
        self._counts.captioned += 1
        for remark in self.narrator.remarks(seen):
            self._note_once(remark)
        self._seeds.notice(of_seen(seen))
        words = _fitting(self.narrator.words(seen, captured_at))
        if words and words != self._words:
            self._words = words
            look = await self._look(snapshot, seen)
            await self._send(words, snapshot, look, captured_at)

    async def _look(self, snapshot: Image.Image, seen: SeenPicture) -> bytes:
        if not self._look_bytes:
            return NO_LOOK
        return await asyncio.to_thread(look_of, snapshot, seen.observation, self._look_bytes)

    async def _send(self, words: str, snapshot: Image.Image, look: bytes, captured_at: float) -> None:
        seed = await self._seeds.choose(words, snapshot, look)
        coded = await self._coded(words)
        self._sequence += 1
        captured_ms = round((captured_at - self._started) * 10) * 100  # a frame has tenths of a second for free
        self._retain(frames.Picture(self._sequence, captured_ms, coded.codec, coded.data, seed, look), words, coded)
        self._sent_at = self._clock()
        self._observer.captioned(snapshot, self._sequence, words)
        cost = self._publish(self._frame, retain=True, caption=self._caption)
        self._counts.add(words, coded.bits, len(self._frame), cost, RAW_BITS, len(look) * 8)

    async def _coded(self, words: str) -> Coded:
        """Code the words so that all peers that are present by the time that is done can read them."""
        coded = await self.coder.encode(words, self._room.caption_codec())
        while self._room.caption_codec() < coded.codec:
            coded = await self.coder.encode(words, self._room.caption_codec())
        return coded

    def _retain(self, picture: frames.Picture, words: str, coded: Coded) -> None:
        self._picture, self._frame = picture, frames.encode(picture)
        self._caption = Caption(words, coded.bits)

    def _publish(self, frame: bytes, *, retain: bool, caption: Caption | None = None) -> int:
        self._observer.frame_sent(frame, caption)
        return self._room.post_picture(frame, retain)


def _fitting(words: str) -> str:
    """Return as much of a long caption as a frame carries."""
    return words.encode(errors="replace")[:MAX_WORDS_BYTES].decode(errors="ignore")
