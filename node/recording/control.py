"""Starts and stops recordings of a node while it takes part in a call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from node.recording.meters import read
from node.recording.recorder import Recorder
from node.recording.standing import CallSnapshot
from protocol.log.sealing import recording_secret

if TYPE_CHECKING:
    from node.call.node import Node
    from node.common.config import Settings
    from protocol.log import Header
    from protocol.room_secret import RoomSecret

METERS_EVERY_S = 10.0
"""They cost 240 bytes each time."""

PATIENCE_S = 5.0
"""How long the end of a call waits for the disk to take the last two seconds."""


def of(node: Node, settings: Settings, header: Header, note: Callable[[str], None], room: RoomSecret) -> Recording:
    """The recordings of a node in this room, as the settings have it."""
    secret = recording_secret(room) if settings.seal_recording else None
    return Recording(node, header, note, path=settings.record, secret=secret, keep_snapshots=settings.keep_snapshots)


class Recording:
    """A node's recordings, one at a time, for the length of the context.

    ``path`` is recorded to from the beginning, if there is one; ``header`` is what every recording says of itself
    (`node.recording.provenance.recording_header`). ``note`` gets a line at both ends. Entered in the event loop; raises
    UsageError or NodeError if the file of the first one cannot be made.
    """

    def __init__(
        self,
        node: Node,
        header: Header,
        note: Callable[[str], None],
        *,
        path: Path | None = None,
        secret: bytes | None = None,
        keep_snapshots: bool = False,
    ) -> None:
        self._node, self._note, self._first = node, note, path
        self._header = replace(header, node=node.id)
        self._secret, self._keeps = secret, keep_snapshots
        self._standing = CallSnapshot(node.id)
        self._recorder: Recorder | None = None
        self._is_announced = False
        self._meters: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._node.witnesses.add(self._standing)
        if self._first is not None:
            self._announce(self._begin(self._first))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._node.witnesses.remove(self._standing)
        if (recorder := self._recorder) is not None:
            self._measure()
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
        """Begin to record, by default to a file here that is named by the time. Says why not, if it cannot be.

        The file is made beside the call: a disk that does not answer costs the recording, and not the call.
        """
        if self._recorder is not None:
            self._note(f"already recording to {self._recorder.path}; /stop ends that")
            return
        self._begin(path or Path(time.strftime("call-%Y%m%d-%H%M%S.mcap")), beside=True)

    def stop(self) -> None:
        """End the recording. What became of it is noted once it is written."""
        if self._recorder is None:
            self._note("not recording")
        else:
            self._measure()
            self._recorder.stop()

    def toggle(self) -> None:
        """Begin to record, or end that."""
        if self._recorder is None:
            self.start()
        else:
            self.stop()

    def _begin(self, path: Path, beside: bool = False) -> Recorder:
        recorder: Recorder

        def soon(work: Callable[[Recorder], None]) -> None:
            with suppress(RuntimeError):  # the loop is gone: nobody waits for it any more
                self._loop.call_soon_threadsafe(lambda: work(recorder))

        recorder = Recorder(
            path,
            self._header,
            already=self._standing.records(),
            secret=self._secret,
            keep_snapshots=self._keeps,
            opened=(lambda: soon(self._announce)) if beside else None,
            ended=lambda: soon(self._finish),
        )
        self._recorder, self._is_announced = recorder, False
        self._node.witnesses.add(recorder)
        self._meters = self._loop.call_later(METERS_EVERY_S, self._measure_again)
        return recorder

    def _announce(self, recorder: Recorder) -> None:
        """Tell that the recording has begun, once."""
        if self._recorder is recorder and not self._is_announced:
            self._is_announced = True
            self._note(f"recording to {recorder.path}{', sealed' if self._secret else ''}")

    def _finish(self, recorder: Recorder) -> None:
        """The recorder has ended, by itself or because it was told to."""
        if self._recorder is not recorder:
            return
        if recorder.was_opened:
            self._announce(recorder)
        self._recorder = None
        if self._meters is not None:
            self._meters.cancel()
        self._node.witnesses.remove(recorder)
        if recorder.outcome:
            self._note(recorder.outcome)

    def _measure_again(self) -> None:
        self._measure()
        self._meters = self._loop.call_later(METERS_EVERY_S, self._measure_again)

    def _measure(self) -> None:
        if self._recorder is not None:
            self._recorder.measured(read(self._node))
