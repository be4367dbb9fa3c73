"""Pictures of a session, painted again from their words: the same model, words, seed and look make the same picture."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.recording import provenance
from node.recording.participants import fitting_caption
from node.vision.look import NO_LOOK
from node.vision.presets import choose
from node.vision.sender import PaintedPicture
from node.vision.types import Prompt
from node.vision.worker import Worker
from protocol import frames, look
from protocol.captions import registry
from protocol.captions.history import History
from protocol.captions.identity import Codebook
from protocol.errors import CaptionError, FrameError, NodeError, VersionError
from protocol.log import Frame, Header

if TYPE_CHECKING:
    from PIL import Image

# Pictures: a minute of a lively call, and 25 MB where they are of 512 x 512.
MOST_REMEMBERED = 32


# Paints a picture for a sender's tile.
Paint = Callable[[str, Prompt], Awaitable["Image.Image"]]


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

    def __init__(self, codebooks: Collection[Codebook], note: Callable[[str], None]) -> None:
        self._codebooks, self._note = codebooks, note
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
            return fitting_caption(record.caption)
        registry.check_codebook(picture.codec, self._codebooks)
        words = self._histories.setdefault(record.sender, History()).read(picture)
        try:
            words.encode()
        except UnicodeEncodeError:
            raise CaptionError("words that are no text") from None
        return words


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


EMBEDDED = "embedded"


@contextlib.asynccontextmanager
async def session_painter(
    header: Header, models: str | None, generator: str | None, note: Callable[[str], None]
) -> AsyncIterator[Paint | None]:
    """Yields what paints, ready: the session's own generator unless `models` or `generator` names another.

    If that cannot be had, a line says so and None is yielded: everything else can still be played. Raises NodeError for
    a preset that there is not.
    """
    chosen = chosen_generator(header, models, generator)
    async with contextlib.AsyncExitStack() as stack:
        worker = await _ready(stack, chosen, note)
        if worker is None:
            yield None
            return
        if remark := await asyncio.to_thread(_other_version, header, chosen):
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
    """The folder or hub id of the generator that is asked for, or else of the recorded one."""
    if models is None and generator is None:
        generator = header.models.get("generator")
    return choose(models or EMBEDDED, generator=generator).generator


def _other_version(header: Header, generator: str) -> str:
    """What a person is told if the same pictures cannot be expected of the model that bears the recorded name."""
    recorded = header.versions.get("generator", "")
    if not recorded or chosen_generator(header, None, None) != generator:
        return ""
    if provenance.version_of(generator) == recorded:
        return ""
    return "the generator is another version than the recorded one: its pictures may differ"
