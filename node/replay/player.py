"""Plays a session to an observer and a sink, as its call was. All but reading happens in the event loop.

    player = Player(session, codecs, observer, sink, PlaybackOptions(start=30.0), paint=paint, note=note)
    task = group.create_task(player.run())    # ends at the end of the session; never with `loop`
    player.seek(75.0)                         # seconds since the session began

The observer gets what one of the live call got (`node.call.observers`): `joined`, `left`, `speech_received`,
`frame_received`, `painted`, `noted`; and of the recording node `speech_sent`, `frame_sent`, `captioned`. That node's
own pictures are painted too, with its id as `PaintedPicture.peer`. After `seek` the observer gets only the difference:
peers that left, peers that joined, and the newest picture of each. `sink` sets the pace: the player has no clock of its
own, so that a test that turns the sink's clock never waits.

The file is read in a thread, some seconds ahead. Until a sought position is read, and while a disk is too slow, the
replay is silent.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from node.common.notes import NoteOnce
from node.recording.reader import Recorded
from node.replay.dispatch import RecordDispatcher
from node.replay.pictures import LatestPainter, Paint, ReadFrame, RecordedPicture
from node.replay.read_ahead import PlaybackPosition, PositionReader
from node.replay.tempo import Tempo
from node.speech.pcm import SAMPLE_RATE, Pcm, silence
from protocol.errors import RemoteError
from protocol.log import Left, Record

if TYPE_CHECKING:
    from node.call.observers import CallObserver
    from node.speech.audio_io import Sink
    from node.vision.types import PaintedPicture
    from protocol.captions.registry import CaptionCodecs

# Runs a function that may block, beside the event loop.
InThread: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class PlaybackOptions:
    """What is played: from `start` to `end` (seconds), the speech of the node ids `voices`, by default everything.

    With `pause_at_end` the player pauses at its end instead of returning, and begins again when resumed. `lyra_folder`
    has Lyra's models, for sessions spoken in it.
    """

    start: float = 0.0
    end: float | None = None
    speed: float = 1.0
    loop: bool = False
    pause_at_end: bool = False
    voices: Collection[str] | None = None
    lyra_folder: Path | None = None


class Player:
    """Plays a session, its captions decoded with `codecs`, to an observer and a sink.

    `paint` paints a picture from its prompt; without it pictures are captions alone. `note` gets lines for the user,
    `on_picture` every picture's caption and prompt, `on_painted` every painted picture, after the observer. `on_seek`
    is called when playback continues at another position, before the observer gets the state there. `in_thread` runs
    what reads the session.
    """

    def __init__(
        self,
        session: Recorded,
        codecs: CaptionCodecs,
        observer: CallObserver,
        sink: Sink,
        options: PlaybackOptions = PlaybackOptions(),
        *,
        paint: Paint | None = None,
        on_picture: Callable[[RecordedPicture], None] = lambda picture: None,
        on_painted: Callable[[PaintedPicture], Awaitable[None]] | None = None,
        on_seek: Callable[[], None] = lambda: None,
        note: Callable[[str], None] = lambda text: None,
        in_thread: InThread = asyncio.to_thread,
    ) -> None:
        self.loop = options.loop
        self._duration_s, self._observer, self._sink = session.duration_s, observer, sink
        self._start, self._end, self._pause_at_end = options.start, options.end, options.pause_at_end
        self._note_once = NoteOnce(note)
        self._in_thread = in_thread
        voices, lyra = options.voices, options.lyra_folder
        self._reader = PositionReader(session, codecs, options.end, voices, lyra, self._dispatch, self._note)
        self._dispatcher = RecordDispatcher(session.header, observer)
        self._on_picture, self._on_painted, self._on_seek = on_picture, on_painted, on_seek
        self._painter = None if paint is None else LatestPainter(paint, self._show, note)
        self._tempo = Tempo(options.speed)
        self._paused = False
        self._silent_samples = 0
        self._has_ended = asyncio.Event()
        self._position: PlaybackPosition | None = None  # until it runs
        self._sought: float | None = None  # until that position is read
        self._is_sought, self._needs_reading = asyncio.Event(), asyncio.Event()
        self._event_loop: asyncio.AbstractEventLoop
        self._thread = threading.get_ident()

    # -- its state

    @property
    def position_s(self) -> float:
        """The present position, in seconds since the session began."""
        if self._position is None or self._sought is not None:
            return self._start if self._sought is None else self._sought
        return min(self._position.decoder.position, self.end_s)

    @property
    def start_s(self) -> float:
        """Where playback begins, and begins again with `loop`."""
        return self._start

    @property
    def end_s(self) -> float:
        """Where playback ends."""
        return self.duration_s if self._end is None else min(self._end, self.duration_s)

    @property
    def duration_s(self) -> float:
        """The session's duration."""
        return self._duration_s

    @property
    def paused(self) -> bool:
        """Whether playback is paused."""
        return self._paused

    @property
    def speed(self) -> float:
        """The speed, 1 for that of the call."""
        return self._tempo.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """Change the speed. Raises ValueError for one beyond the limits of `Tempo`."""
        self._tempo = Tempo(speed)

    # -- control

    def pause(self) -> None:
        """Pause: the sink gets silence, the observer nothing."""
        self._paused = True

    def resume(self) -> None:
        """Resume after a pause."""
        if self._paused and self._pause_at_end and self._position is not None and self._position.decoder.ended:
            self.seek(self._start)
        self._paused = False

    def toggle(self) -> None:
        """Pause or resume."""
        (self.resume if self._paused else self.pause)()

    def seek(self, seconds: float) -> None:
        """Continue at another position, at least the start, at most the end."""
        self._has_ended.clear()
        self._silent_samples = 0
        self._tempo = Tempo(self._tempo.speed)
        self._request_position(min(max(seconds, self._start), self.end_s))

    async def run(self) -> None:
        """Play until the end is heard, or until cancelled.

        Raises NodeError when the sink fails, LogError when the session cannot be read where it begins.
        """
        self._event_loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        if self._sought is None:
            self._request_position(self._start)
        while self._position is None:
            await self._read_position()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._sink.run(self._pull), name="player: sink"),
                group.create_task(self._follow_seeks(), name="player: seek"),
                group.create_task(self._read_ahead(), name="player: read"),
            ]
            if self._painter is not None:
                tasks.append(group.create_task(self._painter.run(), name="player: painter"))
            await self._has_ended.wait()
            for task in tasks:
                task.cancel()

    # -- reading

    def _request_position(self, at: float) -> None:
        self._sought = at
        self._is_sought.set()

    async def _follow_seeks(self) -> None:
        """Read and take each position that is sought."""
        while True:
            await self._is_sought.wait()
            try:
                await self._read_position()
            except RemoteError as error:
                self._end_early(error)

    async def _read_position(self) -> None:
        """Read the sought position and continue there, unless another one is sought meanwhile."""
        self._is_sought.clear()
        at = self._sought
        if at is not None:
            position = await self._in_thread(partial(self._reader.read, at))
            if self._sought == at:
                self._continue_at(position)

    async def _read_ahead(self) -> None:
        """Read on whenever too little is ready."""
        while True:
            await self._needs_reading.wait()
            self._needs_reading.clear()
            if self._position is not None:
                await self._in_thread(self._position.read)

    # -- playing

    def _continue_at(self, position: PlaybackPosition) -> None:
        """Dispatch the difference to the state at a position, and continue there."""
        for left in self._dispatcher.departed(position.state):
            self._dispatch(left)
        if self._painter is not None:
            self._painter.clear()
        self._on_seek()
        for record in position.state:
            self._dispatch(record)
        self._position, self._sought = position, None

    def _pull(self, samples: int) -> Pcm:
        """Return the next sound for the sink, int16 `(samples,)`."""
        position = self._position
        if self._paused or position is None:
            return silence(samples)
        if self._sought is None:
            try:
                self._fill_tempo(position, samples)
            except RemoteError as error:  # the session is damaged from here on
                self._end_early(error)
        pcm = self._tempo.take(samples)
        missing = samples - len(pcm)
        if missing and self._sought is None and position.decoder.ended:
            self._drain_sink(missing)
        return np.concatenate([pcm, silence(missing)])

    def _fill_tempo(self, position: PlaybackPosition, samples: int) -> None:
        """Play until so many samples are ready, or nothing more is read or left."""
        while len(self._tempo) < samples and position.has_next:
            self._tempo.put(position.play())
        if position.decoder.ended and self.loop and position.decoder.end > self._start:
            self._request_position(self._start)
        elif position.needs_reading:
            self._needs_reading.set()

    def _end_early(self, error: RemoteError) -> None:
        self._note(f"the session cannot be read any further: {error}")
        self.loop, self._sought = False, None
        if self._position is not None:
            self._position.decoder.end = self._position.decoder.position

    def _drain_sink(self, samples: int) -> None:
        """End, or pause, once the sink has played what it buffers."""
        self._silent_samples += samples
        if self._silent_samples * 1000 / SAMPLE_RATE <= self._sink.latency_ms:
            return
        (self.pause if self._pause_at_end else self._has_ended.set)()

    def _note(self, text: str) -> None:
        """Note a line once, from any thread."""
        if threading.get_ident() == self._thread:
            self._note_once(text)
        else:
            self._event_loop.call_soon_threadsafe(self._note_once, text)

    async def _show(self, painted: PaintedPicture) -> None:
        self._observer.painted(painted)
        if self._on_painted is not None:
            await self._on_painted(painted)

    def _dispatch(self, record: Record) -> None:
        """Report a record to the observer, and its picture to the painter."""
        picture = record.recorded if isinstance(record, ReadFrame) else None
        self._dispatcher.dispatch(record, "" if picture is None else picture.prompt.text)
        if picture is not None:
            self._on_picture(picture)
            if self._painter is not None:
                self._painter.request(picture)
        elif isinstance(record, Left) and self._painter is not None:
            self._painter.forget(record.peer)
