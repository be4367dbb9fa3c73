"""Starts and stops recordings of a node while it takes part in a call."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from node.call.observers import CallObserver
from node.recording.reader import picture_of
from node.recording.recorder import Recorder, caption_text
from protocol import log
from protocol.log.sealing import recording_secret

if TYPE_CHECKING:
    from node.call.node import Node
    from node.captions.coder import Caption
    from node.common.config import Settings
    from protocol.room_secret import RoomSecret
    from protocol.signalling import Hello

# They take 240 bytes each time.
METERS_EVERY_S = 10.0

# How long the end of a call waits for the disk to take the last two seconds.
PATIENCE_S = 5.0

UNSEALED = "a recording of an audience is not sealed: leave it out, or set seal_recording = false"


def recording_control(
    node: Node, settings: Settings, header: log.Header, note: Callable[[str], None], room: RoomSecret | None
) -> RecordingControl:
    """Return the control of a node's recordings in this room, by the settings; without a room nothing is sealed."""
    return RecordingControl(
        node,
        header,
        note,
        path=settings.record,
        secret=recording_secret(room) if room is not None and settings.seal_recording else None,
        keep_snapshots=settings.keep_snapshots,
        refusal=UNSEALED if settings.seal_recording and room is None else None,
    )


class RecordingControl:
    """A node's recordings, one at a time, for the length of the context.

    A `path` is recorded to from the beginning; `header` is that of every recording
    (`node.recording.provenance.recording_header`). `note` gets a line at the begin and the end of each, or the
    `refusal`, with which `start` makes none. Enter it in the event loop; that raises UsageError or NodeError if the
    file at `path` cannot be made.
    """

    def __init__(
        self,
        node: Node,
        header: log.Header,
        note: Callable[[str], None],
        *,
        path: Path | None = None,
        secret: bytes | None = None,
        keep_snapshots: bool = False,
        refusal: str | None = None,
    ) -> None:
        self._node, self._note, self._first, self._refusal = node, note, path, refusal
        self._header = replace(header, node=node.id)
        self._secret, self._keep_snapshots = secret, keep_snapshots
        self._snapshot = CallSnapshot(node.id)
        self._recorder: Recorder | None = None
        self._is_announced = False
        self._meters: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._node.observers.add(self._snapshot)
        if self._first is not None:
            self._announce(self._begin(self._first))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._node.observers.remove(self._snapshot)
        if (recorder := self._recorder) is not None:
            self._record_meters()
            recorder.stop()
            if not recorder.join(PATIENCE_S):
                self._note(f"the disk is too slow for the recording: the end of {recorder.path} may be missing")
            if error is not None and recorder.empty:
                recorder.discard()  # the call never began, and its file is wanted the next time
            self._finish(recorder)

    @property
    def path(self) -> Path | None:
        """The file that is being recorded to; None if there is none."""
        return None if self._recorder is None else self._recorder.path

    def start(self, path: Path | None = None) -> None:
        """Begin to record, by default to a file in the current folder that is named by the time.

        The file is made in a thread: a disk that does not answer costs the recording, and not the call. A failure is
        noted.
        """
        if self._refusal is not None:
            self._note(self._refusal)
            return
        if self._recorder is not None:
            self._note(f"already recording to {self._recorder.path}; /stop ends that")
            return
        self._begin(path or Path(time.strftime("call-%Y%m%d-%H%M%S.mcap")), in_thread=True)

    def stop(self) -> None:
        """End the recording. Its outcome is noted once it is written."""
        if self._recorder is None:
            self._note("not recording")
        else:
            self._record_meters()
            self._recorder.stop()

    def toggle(self) -> None:
        """Start recording, or stop it."""
        if self._recorder is None:
            self.start()
        else:
            self.stop()

    def _begin(self, path: Path, in_thread: bool = False) -> Recorder:
        recorder: Recorder

        def in_loop(work: Callable[[Recorder], None]) -> None:
            with suppress(RuntimeError):  # the loop has ended: nothing waits for it any more
                self._loop.call_soon_threadsafe(lambda: work(recorder))

        recorder = Recorder(
            path,
            self._header,
            already=self._snapshot.records(),
            secret=self._secret,
            keep_snapshots=self._keep_snapshots,
            opened=(lambda: in_loop(self._announce)) if in_thread else None,
            ended=lambda: in_loop(self._finish),
        )
        self._recorder, self._is_announced = recorder, False
        self._node.observers.add(recorder)
        self._meters = self._loop.call_later(METERS_EVERY_S, self._record_meters_again)
        return recorder

    def _announce(self, recorder: Recorder) -> None:
        """Note that the recording has begun, once."""
        if self._recorder is recorder and not self._is_announced:
            self._is_announced = True
            self._note(f"recording to {recorder.path}{', sealed' if self._secret else ''}")

    def _finish(self, recorder: Recorder) -> None:
        """Note the outcome of a recorder that has ended, by itself or by `stop`."""
        if self._recorder is not recorder:
            return
        if recorder.was_opened:
            self._announce(recorder)
        self._recorder = None
        if self._meters is not None:
            self._meters.cancel()
        self._node.observers.remove(recorder)
        if recorder.outcome:
            self._note(recorder.outcome)

    def _record_meters_again(self) -> None:
        self._record_meters()
        self._meters = self._loop.call_later(METERS_EVERY_S, self._record_meters_again)

    def _record_meters(self) -> None:
        if self._recorder is not None:
            self._recorder.record_meters(read_meters(self._node))


def read_meters(node: Node) -> dict[str, float]:
    """Return a node's counts of this moment, by name, without unknown ones. Bytes are those on the wire."""
    stats = node.count()
    speech_in = stats.speech_in
    values = {
        "sent_bytes": stats.meter.total("sent"),
        "received_bytes": stats.meter.total("received"),
        "lost": speech_in.lost,
        "late": speech_in.late,
        "concealed_ms": round(speech_in.concealed_ms),
        "underruns": speech_in.underruns,
        "delay_ms": _rounded(node.delay_ms()),
        "said_dbfs": _rounded(stats.sent_level.shown_dbfs),
        "heard_dbfs": _rounded(stats.received_level.shown_dbfs),
    }
    return {name: value for name, value in values.items() if value is not None}


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 1)


class CallSnapshot(CallObserver):
    """Who is present in a call, and the newest picture frame of each: the state at which a recording begins."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._joined: dict[str, log.Record] = {}
        self._pictures: dict[str, log.Record] = {}

    def records(self) -> list[log.Record]:
        """Return the state as records of a session's beginning."""
        return [*self._joined.values(), *self._pictures.values()]

    def joined(self, peer: str, hello: Hello) -> None:
        self._joined[peer] = log.Joined(0, peer, hello.name, int(hello.carries))

    def left(self, peer: str) -> None:
        self._joined.pop(peer, None)
        self._pictures.pop(peer, None)

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self._add(self._own, frame, caption)

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._add(peer, frame, caption)

    def _add(self, sender: str, frame: bytes, caption: Caption | None) -> None:
        if picture_of(frame) is not None:
            self._pictures[sender] = log.Frame(0, sender, frame, caption_text(caption))
