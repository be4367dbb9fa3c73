"""Pictures of a session, painted again from their words: the same model, words, seed and look make the same picture."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.vision.look import NO_LOOK
from node.vision.sender import PaintedPicture
from node.vision.types import Prompt
from protocol import frames, look
from protocol.captions.codebook_id import CodebookId
from protocol.captions.history import History
from protocol.captions.registry import CaptionCodecs
from protocol.errors import CaptionError, FrameError, NodeError, VersionError
from protocol.log import Frame

if TYPE_CHECKING:
    from PIL import Image

MOST_REMEMBERED = 32
"""Pictures: a minute of a lively call, and 25 MB where they are of 512 x 512."""

_MOST_BYTES = frames.MAX_CAPTION_BYTES - 2
_MOST_LETTERS = _MOST_BYTES // 4

Paint = Callable[[str, Prompt], Awaitable["Image.Image"]]
"""Paints a picture for a sender's tile."""


@dataclass(frozen=True, slots=True)
class RecordedPicture:
    """A picture in words, as a session holds it: the frame that was sent, and what is to be painted of it. It came
    `at_s` seconds after the session began."""

    sender: str
    picture: frames.Picture
    prompt: Prompt
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReadFrame(Frame):
    """A frame whose picture was read already; `told` is None if it has none that can be."""

    told: RecordedPicture | None = None


class PictureReader:
    """Reads the pictures among a session's frames, which were coded with these codebooks.

    What cannot be read is noted once for each sender.
    """

    def __init__(self, codecs: CaptionCodecs, codebooks: Collection[CodebookId], note: Callable[[str], None]) -> None:
        self._codecs, self._codebooks, self._note = codecs, codebooks, note
        self._histories: dict[str, History] = {}
        self._warned: set[str] = set()

    def read(self, record: Frame) -> RecordedPicture | None:
        """Return the picture of this frame; None if it is no picture, or has no words that can be read."""
        try:
            frame = frames.decode(record.frame)
            if not isinstance(frame, frames.Picture):
                return None
            words = self._words(record, frame)
        except (FrameError, VersionError, CaptionError) as error:
            if record.sender not in self._warned:
                self._warned.add(record.sender)
                self._note(f"a picture of {record.sender} cannot be read: {error}")
            return None
        readable = frame.look if len(frame.look) in look.SIZES else NO_LOOK
        return RecordedPicture(record.sender, frame, Prompt(words, frame.seed, readable), record.at_us / 1e6)

    def read_frame(self, record: Frame) -> ReadFrame:
        """Return the frame with its picture."""
        return ReadFrame(record.at_us, record.sender, record.frame, record.caption, self.read(record))

    def _words(self, record: Frame, picture: frames.Picture) -> str:
        """The words as the recorder read them: no codebook is needed for those."""
        if record.caption is not None:
            return fitting_words(record.caption)
        self._codecs.check_codebook(picture.codec, self._codebooks)
        words = self._histories.setdefault(record.sender, History()).read(picture, self._codecs)
        try:
            words.encode()
        except UnicodeEncodeError:
            raise CaptionError("words that are no text") from None
        return words


def fitting_words(words: str) -> str:
    """Return as much of recorded words as a frame carries: files that were made up have more."""
    return (
        words if len(words) <= _MOST_LETTERS else words.encode(errors="replace")[:_MOST_BYTES].decode(errors="ignore")
    )


def cached(paint: Paint, most: int = MOST_REMEMBERED) -> Paint:
    """Return what paints the same, with the last pictures at hand: who seeks back and forth waits for none twice."""
    painted: OrderedDict[Prompt, Image.Image] = OrderedDict()

    async def paint_once(sender: str, prompt: Prompt) -> Image.Image:
        image = painted.pop(prompt, None) or await paint(sender, prompt)
        painted[prompt] = image
        while len(painted) > most:
            painted.popitem(last=False)
        return image

    return paint_once


@dataclass
class LatestPainter:
    """Paints the newest picture of each sender, one at a time, and shows it; who waits longest comes first."""

    paint: Paint
    show: Callable[[PaintedPicture], Awaitable[None]]
    note: Callable[[str], None]
    _waiting: dict[str, RecordedPicture] = field(default_factory=dict)
    _at_work: RecordedPicture | None = None
    _something: asyncio.Event = field(default_factory=asyncio.Event)

    def want(self, told: RecordedPicture) -> None:
        """Paint this, unless something newer of the same sender comes before its turn."""
        self._waiting.pop(told.sender, None)
        self._waiting[told.sender] = told
        self._something.set()

    def forget(self, sender: str) -> None:
        """Nobody wants to see this sender any more."""
        self._waiting.pop(sender, None)

    def forget_all(self) -> None:
        """Nobody wants to see any more what waits, or what is being painted."""
        self._waiting.clear()
        self._at_work = None

    async def run(self) -> None:
        """Paint until cancelled."""
        while True:
            while self._waiting:
                await self._paint(self._waiting.pop(next(iter(self._waiting))))
            self._something.clear()
            await self._something.wait()

    async def _paint(self, told: RecordedPicture) -> None:
        self._at_work = told
        try:
            image = await self.paint(told.sender, told.prompt)
            if self._at_work is not told:
                return
            prompt = told.prompt
            await self.show(
                PaintedPicture(told.sender, told.picture.sequence, prompt.text, prompt.seed, image, prompt.look)
            )
        except NodeError as error:
            self.note(str(error))
