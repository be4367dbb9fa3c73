"""Paints a session's pictures again: the same model, caption, seed and look make the same picture."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.recording import provenance
from node.recording.participants import fitting_caption
from node.vision.job_queue import LatestOfEach
from node.vision.look_transfer import NO_LOOK
from node.vision.presets import choose
from node.vision.types import PaintedPicture, Prompt
from node.vision.worker import Worker
from protocol import frames, look
from protocol.captions.codebook_id import CodebookId
from protocol.captions.history import History
from protocol.captions.registry import CaptionCodecs
from protocol.errors import CaptionError, FrameError, NodeError, VersionError
from protocol.log import Frame, Header

if TYPE_CHECKING:
    from PIL import Image

# Pictures in the cache: a minute of a lively call, and 25 MB where they are of 512 x 512.
MAX_CACHED = 32

# The preset that needs no other model.
EMBEDDED = "embedded"

# Paints a picture of this sender from a prompt.
Paint = Callable[[str, Prompt], Awaitable["Image.Image"]]


@dataclass(frozen=True, slots=True)
class RecordedPicture:
    """A picture of a session: the frame that was sent, and the prompt to paint it from. It was sent or received
    `at_s` seconds after the session began."""

    sender: str
    picture: frames.Picture
    prompt: Prompt
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ReadFrame(Frame):
    """A frame with its decoded picture; `recorded` is None if it has none, or it cannot be decoded."""

    recorded: RecordedPicture | None = None


class PictureReader:
    """Decodes with `codecs` the pictures among a session's frames, which were coded with these codebooks.

    A picture that cannot be decoded is noted, once for each sender.
    """

    def __init__(self, codecs: CaptionCodecs, codebooks: Collection[CodebookId], note: Callable[[str], None]) -> None:
        self._codecs, self._codebooks, self._note = codecs, codebooks, note
        self._histories: dict[str, History] = {}
        self._warned: set[str] = set()

    def read(self, record: Frame) -> RecordedPicture | None:
        """Decode a frame's picture; None if it is no picture, or its caption cannot be decoded."""
        try:
            frame = frames.decode(record.frame)
            if not isinstance(frame, frames.Picture):
                return None
            caption = self._caption(record, frame)
        except (FrameError, VersionError, CaptionError) as error:
            if record.sender not in self._warned:
                self._warned.add(record.sender)
                self._note(f"a picture of {record.sender} cannot be read: {error}")
            return None
        readable = frame.look if len(frame.look) in look.SIZES else NO_LOOK
        return RecordedPicture(record.sender, frame, Prompt(caption, frame.seed, readable), record.at_us / 1e6)

    def read_frame(self, record: Frame) -> ReadFrame:
        """Decode a frame."""
        return ReadFrame(record.at_us, record.sender, record.frame, record.caption, self.read(record))

    def _caption(self, record: Frame, picture: frames.Picture) -> str:
        """Return the caption that the recorder decoded, for which no codebook is needed; else decode it."""
        if record.caption is not None:
            return fitting_caption(record.caption)
        self._codecs.check_codebook(picture.codec, self._codebooks)
        caption = self._histories.setdefault(record.sender, History()).read(picture, self._codecs)
        try:
            caption.encode()
        except UnicodeEncodeError:
            raise CaptionError("words that are no text") from None
        return caption


def cached(paint: Paint, most: int = MAX_CACHED) -> Paint:
    """Cache the last pictures that `paint` painted, so that seeking back and forth paints none twice."""
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
    """Paints and shows the newest picture of each sender, one at a time, in the order of the requests."""

    paint: Paint
    show: Callable[[PaintedPicture], Awaitable[None]]
    note: Callable[[str], None]
    _queue: LatestOfEach[RecordedPicture] = field(default_factory=LatestOfEach)
    _current: RecordedPicture | None = None

    def request(self, picture: RecordedPicture) -> None:
        """Queue a picture for painting, in place of an older one of the same sender."""
        self._queue.put(picture.sender, picture)

    def forget(self, sender: str) -> None:
        """Drop the waiting picture of a sender."""
        self._queue.discard(sender)

    def clear(self) -> None:
        """Drop all waiting pictures, and the one that is being painted."""
        self._queue.clear()
        self._current = None

    async def run(self) -> None:
        """Paint requested pictures until cancelled."""
        while True:
            await self._queue.wait()
            _, picture = self._queue.take()
            await self._paint(picture)

    async def _paint(self, picture: RecordedPicture) -> None:
        self._current, prompt = picture, picture.prompt
        try:
            image = await self.paint(picture.sender, prompt)
            if self._current is not picture:
                return
            sequence = picture.picture.sequence
            await self.show(PaintedPicture(picture.sender, sequence, prompt.text, prompt.seed, image, prompt.look))
        except NodeError as error:
            self.note(str(error))


@contextlib.asynccontextmanager
async def session_painter(
    header: Header, models: str | None, generator: str | None, note: Callable[[str], None]
) -> AsyncIterator[Paint | None]:
    """Load the session's own generator, or that of `models` or `generator`, and yield what paints with it.

    If it cannot be loaded, that is noted and None yielded: everything else can still be played. Raises NodeError for an
    unknown preset.
    """
    chosen = chosen_generator(header, models, generator)
    async with contextlib.AsyncExitStack() as stack:
        worker = await _ready(stack, chosen, note)
        if worker is None:
            yield None
            return
        if remark := await asyncio.to_thread(version_remark, header, chosen):
            note(remark)

        async def paint(sender: str, prompt: Prompt) -> Image.Image:
            return await worker.paint(prompt.text, prompt.seed, client=sender, look=prompt.look)

        yield paint


async def _ready(stack: contextlib.AsyncExitStack, generator: str, note: Callable[[str], None]) -> Worker | None:
    try:
        worker = await stack.enter_async_context(Worker(generator=generator))
        await worker.ready()
    except NodeError as error:
        note(f"no pictures: {error}")
        return None
    return worker


def chosen_generator(header: Header, models: str | None, generator: str | None) -> str:
    """Return the folder or hub id of the generator that is asked for, by default the recorded one."""
    if models is None and generator is None:
        generator = header.models.get("generator")
    return choose(models or EMBEDDED, generator=generator).generator


def version_remark(header: Header, generator: str) -> str:
    """Return a line for the user if the model of the recorded name is another version; else an empty one."""
    recorded = header.versions.get("generator", "")
    if not recorded or chosen_generator(header, None, None) != generator:
        return ""
    if provenance.version_of(generator) == recorded:
        return ""
    return "the generator is another version than the recorded one: its pictures may differ"
