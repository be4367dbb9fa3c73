"""A WAV file that grows during a call, written in a thread of its own: a slow or full disk costs no speech."""

from __future__ import annotations

import os
import wave
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import BinaryIO

from node.common.own_thread import OwnThread, settled, within
from node.common.regular_files import create_regular
from node.speech.pcm import SAMPLE_RATE, Pcm
from protocol.errors import NodeError

# A WAV header counts its bytes in 32 bits; a recording stops growing there (after 34 hours).
MAX_SAMPLES = 2_000_000_000

# Blocks of 20 ms that may wait for the disk: 10 s and 320 kB.
MAX_WAITING = 500

# Seconds for the file to open or to close.
MAX_WAIT = 10.0


class WavFile:
    """Mono sound of 16 kHz in a file that is valid from the beginning on. Raises NodeError if it cannot be made.

    If it cannot be written any more, `note` gets one line, and all further sound is dropped.
    """

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        self._path, self._note = path, note
        self._room = MAX_SAMPLES
        self._thread = OwnThread()
        self._waiting: deque[Future[None]] = deque()
        self._over = False
        self._file = within(MAX_WAIT, f"the file {path}", self._create)
        self._wave = wave.Wave_write(self._file)
        self._wave.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        try:
            within(MAX_WAIT, f"the file {path}", lambda: self._wave.writeframes(b""))
        except (NodeError, OSError) as error:
            self._give_up(_reason(error))

    def put(self, pcm: Pcm) -> None:
        """Queue a block for writing, without waiting for the disk."""
        if self._over:
            return
        fitting = pcm[: self._room]
        self._room -= len(fitting)
        data = fitting.astype("<i2", copy=False).tobytes()
        self._waiting.append(self._thread.start(lambda: self._write(data)))
        if len(self._waiting) > MAX_WAITING:
            self._give_up("the disk is too slow, or gone")
        while self._waiting and self._waiting[0].done():
            self._check(self._waiting.popleft())

    async def close(self) -> None:
        """Write what waits, and close the file."""
        closed = self._thread.start(self._close)
        self._thread.end()
        try:
            await settled(MAX_WAIT, f"the file {self._path}", closed)
        except (NodeError, OSError) as error:
            self._give_up(_reason(error))
        while self._waiting and self._waiting[0].done():
            self._check(self._waiting.popleft())

    def _create(self) -> BinaryIO:
        """Create the file, and its folder if that is missing, in the thread."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return create_regular(self._path)
        except (NodeError, OSError, ValueError) as error:  # ValueError: a NUL byte in the path
            raise NodeError(f"cannot write {self._path}: {_reason(error)}") from error

    def _write(self, data: bytes) -> None:
        """Write a block, in the thread."""
        if os.fstat(self._file.fileno()).st_nlink == 0:
            raise FileNotFoundError(None, "it was deleted")
        self._wave.writeframes(data)

    def _close(self) -> None:
        """Close the file, in the thread."""
        with self._file:
            self._wave.close()

    def _check(self, written: Future[None]) -> None:
        if (error := written.exception()) is not None:
            self._give_up(_reason(error))

    def _give_up(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._waiting.clear()
            self._note(f"cannot write {self._path}: {reason}; what is heard is not kept any more")


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)
