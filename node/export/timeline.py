"""A session from begin to end at the speed of the machine, for files: the sound, and the tile of each participant."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from node.common.notes import NoteOnce
from node.export.video_frame import Tile
from node.recording.participants import Attendance
from node.recording.reader import Recorded
from node.replay.decoder import STEP_S, SessionDecoder
from node.replay.pictures import Paint, PictureReader, RecordedPicture
from node.speech.pcm import BLOCK_SAMPLES, Pcm, level_dbfs
from node.speech.receive_stream import mix
from node.speech.send_stream import VOICED_DBFS
from protocol.captions.registry import CaptionCodecs
from protocol.errors import NodeError, RemoteError
from protocol.log import Frame, Record

if TYPE_CHECKING:
    from PIL import Image

# A participant that pauses between two words is still shown as speaking.
SPEAKS_ON_S = 0.4


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """20 ms from `at` on (seconds since the export's start): the sound, int16 of 16 kHz, and each participant's tile.

    `tiles` is the same tuple for as long as nothing in it changes.
    """

    at: float
    sound: Pcm
    tiles: tuple[Tile, ...]


class ExportTimeline:
    """The session from `start` to `end`, in seconds. Without `paint` tiles have captions and no pictures.

    A picture is shown when the speech that arrived with it is heard: later by the delay of the jitter buffer.
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
        self.attendance = Attendance(session)
        self.start = start
        self._paint, self._note = paint, NoteOnce(note)
        self._reader = PictureReader(codecs, session.header.codebooks, note)
        self._due: deque[tuple[float, RecordedPicture]] = deque()
        self._tiles = [Tile(participant.name) for participant in self.attendance.participants]
        self._spoke_at = [float("-inf")] * len(self._tiles)
        self._audible: Collection[str] | None = None
        self._visible: Collection[str] | None = None
        state = session.state(start)
        self._decoder = SessionDecoder(
            session, start, end, on_record=self._queue_picture, lyra_folder=lyra_folder, note=self._note
        )
        for record in state:
            self._queue_picture(record)

    def hear_only(self, senders: Collection[str]) -> None:
        """Leave out the speech of other node ids than these."""
        self._audible = senders

    def follow_only(self, index: int) -> None:
        """Leave out the speech and the pictures of all participants but this one."""
        self._audible = self._visible = self.attendance.participants[index].ids

    @property
    def seconds(self) -> float:
        """The duration in seconds, as far as the session can be read."""
        return max(self._decoder.end - self.start, 0.0)

    async def steps(self) -> AsyncIterator[TimelineStep]:
        """Yield step after step."""
        tiles = tuple(self._tiles)
        while not self._decoder.ended:
            at = self._decoder.position
            try:
                voices = self._decoder.step()
            except RemoteError as error:
                self._note(f"the session cannot be read any further: {error}")
                self._decoder.end = at
                return
            await self._show_due(at)
            self._update_tiles(at, voices)
            if tuple(self._tiles) != tiles:
                tiles = tuple(self._tiles)
            yield TimelineStep(at - self.start, mix(self._heard(voices), BLOCK_SAMPLES), tiles)

    def _heard(self, voices: dict[str, Pcm]) -> list[Pcm]:
        return [pcm for sender, pcm in voices.items() if self._audible is None or sender in self._audible]

    def _queue_picture(self, record: Record) -> None:
        if not isinstance(record, Frame) or self.attendance.index(record.sender) is None:
            return
        if (picture := self._reader.read(record)) is not None:
            self._due.append((record.at_us / 1e6, picture))

    async def _show_due(self, at: float) -> None:
        """Paint and show the pictures that are due, only the newest of each sender."""
        due: dict[str, RecordedPicture] = {}
        waiting: deque[tuple[float, RecordedPicture]] = deque()
        for arrived, picture in self._due:
            if self._visible is not None and picture.sender not in self._visible:
                continue
            if arrived + self._decoder.delay_s(picture.sender) < at + STEP_S:
                due[picture.sender] = picture
            else:
                waiting.append((arrived, picture))
        self._due = waiting
        for picture in due.values():
            image = None if self._paint is None else await self._painted(self._paint, picture)
            self._change(self.attendance.index(picture.sender), words=picture.prompt.text, image=image)

    async def _painted(self, paint: Paint, picture: RecordedPicture) -> Image.Image | None:
        try:
            return await paint(picture.sender, picture.prompt)
        except NodeError as error:
            self._note(str(error))
            return None

    def _update_tiles(self, at: float, voices: dict[str, Pcm]) -> None:
        """Mark who is present and who speaks."""
        for sender, pcm in voices.items():
            index = self.attendance.index(sender)
            if index is not None and level_dbfs(pcm) >= VOICED_DBFS:
                self._spoke_at[index] = at
        for index, participant in enumerate(self.attendance.participants):
            present = participant.is_present(at)
            self._change(index, present=present, speaking=present and at - self._spoke_at[index] < SPEAKS_ON_S)

    def _change(self, index: int | None, **fields: object) -> None:
        if index is None:
            return
        changed = dataclasses.replace(self._tiles[index], **fields)  # type: ignore[arg-type]
        if changed != self._tiles[index]:
            self._tiles[index] = changed
