"""Plays a session into a witness and a sink, as if its call were held now.

How to drive it, from a terminal or a page, in the event loop:

    player = Player(session, codecs, witness, sink, paint=paint, note=note)
    task = group.create_task(player.run())    # ends at the end of the session; never with `loop`
    player.pause(); player.resume(); player.toggle()
    player.seek(75.0)                         # seconds since the session began
    player.speed = 1.5                        # 0.25 to 8; ValueError beyond
    player.loop = True
    player.position_s, player.start_s, player.end_s, player.duration_s, player.paused, player.speed, player.loop

The witness hears what a witness of the live call would (`node.call.observers`): `joined`, `left`, `speech_came`,
`frame_came`, `painted`, `noted`; and of the node that recorded, `speech_sent`, `frame_sent`, `captioned`. Its own
pictures are painted too, with its id as `PaintedPicture.peer`. After `seek` it gets only what changed: who is no longer
here, who is, and the newest picture of each. `sink` sets the pace: the player has no clock of its own, so that a test
that turns the sink's clock never waits.

Reading a file takes as long as it takes: it is done beside the loop, some seconds ahead. Until what was sought is read,
and where a disk does not keep up, nothing is heard and the replay stands.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from node.common.notes import NoteOnce
from node.replay.decoder import Recorded, SessionDecoder, first_needed
from node.replay.dispatch import RecordDispatcher
from node.replay.pictures import LatestPainter, Paint, PictureReader, ReadFrame, RecordedPicture
from node.replay.read_ahead import AHEAD_S, ReadAhead
from node.replay.tempo import Tempo
from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm, silence
from node.speech.receive_stream import mix
from protocol.errors import RemoteError
from protocol.log import Frame, Left, Record

if TYPE_CHECKING:
    from node.call.observers import CallObserver
    from node.speech.audio_io import Sink
    from node.vision.sender import PaintedPicture
    from protocol.captions.registry import CaptionCodecs


Beside: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs what may take long where it holds nobody up."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A moment of a session made ready to be played: what holds there, and what comes then."""

    holds: Sequence[Record]
    ahead: ReadAhead
    reel: SessionDecoder


class Player:
    """Plays from `start` to `end`, in seconds (the whole session unless told).

    `paint` paints a picture from its prompt; without it pictures are words alone. `voices` are the ids of those to be
    heard, everybody unless told; `lyra_folder` has Lyra's models, for sessions that were spoken in it. `note` is told
    what a person should know, a line each, `told` every picture's words (which need no codebook: the recorder read
    them), and `keep` gets every painted picture, after the witness. `sought` is called whenever it goes on elsewhere,
    before it is told what holds there. One that `stays` does not end at its end but stands still; to resume it there is
    to begin again. `beside` runs what reads the session.
    """

    def __init__(
        self,
        session: Recorded,
        codecs: CaptionCodecs,
        witness: CallObserver,
        sink: Sink,
        *,
        paint: Paint | None = None,
        start: float = 0.0,
        end: float | None = None,
        speed: float = 1.0,
        loop: bool = False,
        stays: bool = False,
        voices: Collection[str] | None = None,
        lyra_folder: Path | None = None,
        told: Callable[[RecordedPicture], None] = lambda told: None,
        keep: Callable[[PaintedPicture], Awaitable[None]] | None = None,
        sought: Callable[[], None] = lambda: None,
        note: Callable[[str], None] = lambda text: None,
        beside: Beside = asyncio.to_thread,
    ) -> None:
        self.loop = loop
        self._session, self._codecs, self._witness, self._sink = session, codecs, witness, sink
        self._start, self._end = start, end
        self._voices, self._lyra_folder, self._say = voices, lyra_folder, NoteOnce(note)
        self._beside = beside
        self._teller = RecordDispatcher(session.header, witness)
        self._told, self._keep, self._went = told, keep, sought
        self._stays = stays
        self._painter = None if paint is None else LatestPainter(paint, self._show, note)
        self._tempo = Tempo(speed)
        self._paused = False
        self._silent_samples = 0
        self._over = asyncio.Event()
        self._place: _Place | None = None  # until it runs: nothing is told before
        self._sought: float | None = None  # until what holds there was read and told
        self._is_sought, self._is_hungry = asyncio.Event(), asyncio.Event()
        self._event_loop: asyncio.AbstractEventLoop
        self._thread = threading.get_ident()

    # -- what is seen of it

    @property
    def position_s(self) -> float:
        """Where it is, in seconds since the session began."""
        if self._place is None or self._sought is not None:
            return self._start if self._sought is None else self._sought
        return min(self._place.reel.position, self.end_s)

    @property
    def start_s(self) -> float:
        """Where it begins, and begins again with `loop`."""
        return self._start

    @property
    def end_s(self) -> float:
        """Where it ends."""
        return self.duration_s if self._end is None else min(self._end, self.duration_s)

    @property
    def duration_s(self) -> float:
        """How long the session is."""
        return self._session.duration_s

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused

    @property
    def speed(self) -> float:
        """How much faster than in the call it goes."""
        return self._tempo.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """Go on at another speed; ValueError for one that is no speed for speech."""
        self._tempo = Tempo(speed)

    # -- what is done with it

    def pause(self) -> None:
        """Stand still: nothing is heard, nothing is told."""
        self._paused = True

    def resume(self) -> None:
        """Go on from where it stands."""
        if self._paused and self._stays and self._place is not None and self._place.reel.over:
            self.seek(self._start)
        self._paused = False

    def toggle(self) -> None:
        """Pause, or go on."""
        if self._paused:
            self.resume()
        else:
            self.pause()

    def seek(self, seconds: float) -> None:
        """Go on from there; before the beginning is the beginning, after the end the end."""
        self._over.clear()
        self._silent_samples = 0
        self._tempo = Tempo(self._tempo.speed)
        self._go_on_from(min(max(seconds, self._start), self.end_s))

    async def run(self) -> None:
        """Play until the end is heard, or until cancelled.

        Raises NodeError when the sink fails, LogError when the session cannot be read where it begins.
        """
        self._event_loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        if self._sought is None:
            self._go_on_from(self._start)
        while self._place is None:
            await self._go()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._sink.run(self._pull), name="player: sink")]
            tasks.append(group.create_task(self._follow(), name="player: seek"))
            tasks.append(group.create_task(self._feed(), name="player: read"))
            if self._painter is not None:
                tasks.append(group.create_task(self._painter.run(), name="player: painter"))
            await self._over.wait()
            for task in tasks:
                task.cancel()

    # -- where it is read

    def _go_on_from(self, at: float) -> None:
        self._sought = at
        self._is_sought.set()

    async def _follow(self) -> None:
        """Go wherever it is sought."""
        while True:
            await self._is_sought.wait()
            try:
                await self._go()
            except RemoteError as error:
                self._end_early(error)

    async def _go(self) -> None:
        """Go where it was sought last, unless it is sought elsewhere meanwhile."""
        self._is_sought.clear()
        at = self._sought
        if at is not None:
            place = await self._beside(partial(self._read, at))
            if self._sought == at:
                self._begin(place)

    def _read(self, at: float) -> _Place:
        """Read what holds at a moment, and what comes then; in a thread."""
        reading = PictureReader(self._codecs, self._session.header.codebooks, self._note)
        holds = [reading.read_frame(one) if isinstance(one, Frame) else one for one in self._session.state(at)]
        ahead = ReadAhead(self._session, reading, first_needed(at), self._end)
        ahead.read(at + AHEAD_S)
        reel = SessionDecoder(
            self._session,
            at,
            self._end,
            tell=self._tell,
            voices=self._voices,
            lyra_folder=self._lyra_folder,
            note=self._note,
            records=ahead,
        )
        return _Place(holds, ahead, reel)

    async def _feed(self) -> None:
        """Keep what comes ready some seconds before its time."""
        while True:
            await self._is_hungry.wait()
            self._is_hungry.clear()
            if self._place is not None:
                await self._beside(partial(self._place.ahead.read, self._place.reel.position + AHEAD_S))

    # -- how it plays

    def _begin(self, place: _Place) -> None:
        """Go on there, after everything was told that holds."""
        for leaver in self._teller.leavers(place.holds):
            self._tell(leaver)
        if self._painter is not None:
            self._painter.forget_all()
        self._went()
        for record in place.holds:
            self._tell(record)
        self._place, self._sought = place, None

    def _pull(self, samples: int) -> Pcm:
        if self._paused or self._place is None:
            return silence(samples)
        if self._sought is None:
            try:
                self._play(self._place, samples)
            except RemoteError as error:  # a session that is damaged from here on
                self._end_early(error)
        pcm = self._tempo.take(samples)
        missing = samples - len(pcm)
        if missing and self._sought is None and self._place.reel.over:
            self._ring_out(missing)
        return np.concatenate([pcm, silence(missing)])

    def _play(self, place: _Place, samples: int) -> None:
        """Play so many samples, fewer where it is over or not read yet."""
        reel = place.reel
        while len(self._tempo) < samples and not reel.over and place.ahead.has(reel.position):
            self._tempo.put(mix(reel.step().values(), BLOCK_SAMPLES))
        if reel.over and self.loop and reel.end > self._start:
            self._go_on_from(self._start)
        elif not place.ahead.has(reel.position + AHEAD_S / 2):
            self._is_hungry.set()

    def _end_early(self, error: RemoteError) -> None:
        self._note(f"the session cannot be read any further: {error}")
        self.loop, self._sought = False, None
        if self._place is not None:
            self._place.reel.end = self._place.reel.position

    def _ring_out(self, samples: int) -> None:
        """What the sink still holds is heard before the end."""
        self._silent_samples += samples
        if self._silent_samples * 1000 / SAMPLE_RATE <= self._sink.latency_ms:
            return
        if self._stays:
            self.pause()
        else:
            self._over.set()

    def _note(self, text: str) -> None:
        """Say something once, from whatever thread."""
        if threading.get_ident() == self._thread:
            self._say(text)
        else:
            self._event_loop.call_soon_threadsafe(self._say, text)

    async def _show(self, painted: PaintedPicture) -> None:
        self._witness.painted(painted)
        if self._keep is not None:
            await self._keep(painted)

    def _tell(self, record: Record) -> None:
        told = record.told if isinstance(record, ReadFrame) else None
        self._teller.tell(record, "" if told is None else told.prompt.text)
        if told is not None:
            self._told(told)
        if self._painter is None:
            return
        if told is not None:
            self._painter.want(told)
        elif isinstance(record, Left):
            self._painter.forget(record.peer)
