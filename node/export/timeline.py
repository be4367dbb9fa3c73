"""A session told from beginning to end at the speed of the machine, for files: sound, and what everybody looks like."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from node.common.notes import NoteOnce
from node.export.video_frame import Tile
from node.recording.roster import Attendance
from node.replay.decoder import STEP_S, Recorded, SessionDecoder
from node.replay.pictures import Paint, PictureReader, RecordedPicture
from node.speech.pcm import BLOCK_SAMPLES, Pcm, level_dbfs
from node.speech.receive_stream import mix
from node.speech.send_stream import VOICED_DBFS
from protocol.captions.registry import CaptionCodecs
from protocol.errors import NodeError, RemoteError
from protocol.log import Frame, Record

if TYPE_CHECKING:
    from PIL import Image

SPEAKS_ON_S = 0.4
"""Who paused between two words still speaks."""


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """20 ms from `at` on (seconds since the story began): what is heard, int16 16 kHz, and what is to be seen of all.

    The people are the same tuple for as long as nothing about them changes.
    """

    at: float
    sound: Pcm
    people: tuple[Tile, ...]


class ExportTimeline:
    """The session from `start` to `end`. Without `paint` there are words and no pictures.

    A picture that came at some moment is shown when what was said at that moment is heard: later by the delay of the
    jitter buffer.
    """

    def __init__(
        self,
        session: Recorded,
        codecs: CaptionCodecs,
        *,
        start: float = 0.0,
        end: float | None = None,
        paint: Paint | None = None,
        lyra_folder: Path | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.roster = Attendance(session)
        self.start = start
        self._paint, self._note = paint, NoteOnce(note)
        self._reading = PictureReader(codecs, session.header.codebooks, note)
        self._shown: deque[tuple[float, RecordedPicture]] = deque()
        self._people = [Tile(member.name) for member in self.roster.members]
        self._spoke = [float("-inf")] * len(self._people)
        self._heard: Collection[str] | None = None
        holds = session.state(start)
        self._reel = SessionDecoder(session, start, end, tell=self._tell, lyra_folder=lyra_folder, note=self._note)
        for record in holds:
            self._tell(record)

    def hear_only(self, senders: Collection[str]) -> None:
        """Leave out what others than these node ids say."""
        self._heard = senders

    @property
    def seconds(self) -> float:
        """How long it lasts, as far as the session can be read."""
        return max(self._reel.end - self.start, 0.0)

    async def moments(self) -> AsyncIterator[TimelineStep]:
        """Yield one moment after the other."""
        people = tuple(self._people)
        while not self._reel.over:
            at = self._reel.position
            try:
                voices = self._reel.step()
            except RemoteError as error:
                self._note(f"the session cannot be read any further: {error}")
                self._reel.end = at
                return
            await self._show(at)
            self._look(at, voices)
            if tuple(self._people) != people:
                people = tuple(self._people)
            yield TimelineStep(at - self.start, mix(self._audible(voices), BLOCK_SAMPLES), people)

    def _audible(self, voices: dict[str, Pcm]) -> list[Pcm]:
        return [pcm for sender, pcm in voices.items() if self._heard is None or sender in self._heard]

    def _tell(self, record: Record) -> None:
        if not isinstance(record, Frame) or self.roster.place(record.sender) is None:
            return
        if (told := self._reading.read(record)) is not None:
            self._shown.append((record.at_us / 1e6, told))

    async def _show(self, at: float) -> None:
        """Paint what is due, the newest of each alone."""
        due: dict[str, RecordedPicture] = {}
        waiting: deque[tuple[float, RecordedPicture]] = deque()
        for came, told in self._shown:
            if came + self._reel.delay_s(told.sender) < at + STEP_S:
                due[told.sender] = told
            else:
                waiting.append((came, told))
        self._shown = waiting
        for told in due.values():
            image = None if self._paint is None else await self._painted(self._paint, told)
            self._change(self.roster.place(told.sender), words=told.prompt.text, image=image)

    async def _painted(self, paint: Paint, told: RecordedPicture) -> Image.Image | None:
        try:
            return await paint(told.sender, told.prompt)
        except NodeError as error:
            self._note(str(error))
            return None

    def _look(self, at: float, voices: dict[str, Pcm]) -> None:
        """Note who is here and who speaks."""
        for sender, pcm in voices.items():
            place = self.roster.place(sender)
            if place is not None and level_dbfs(pcm) >= VOICED_DBFS:
                self._spoke[place] = at
        for place, member in enumerate(self.roster.members):
            here = member.is_here(at)
            self._change(place, here=here, speaking=here and at - self._spoke[place] < SPEAKS_ON_S)

    def _change(self, place: int | None, **news: object) -> None:
        if place is None:
            return
        changed = dataclasses.replace(self._people[place], **news)  # type: ignore[arg-type]
        if changed != self._people[place]:
            self._people[place] = changed
