"""A sampling profiler of a late event loop: which functions held its thread, and for how long."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

SAMPLE_S = 0.002

# From here on the loop counts as held: less is what any callback takes.
LATE_S = 0.005

OURS = ("node", "protocol")
IDLE = "waiting for the processor"
_ROOT = Path(__file__).parents[2]


class LoopCulprits:
    """Sample the thread that enters the context, on the clock of its loop; `due` returns when its next timer is due.

    A C function that holds the interpreter is seen only once it lets go of it.
    """

    def __init__(self, due: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._due, self._clock = due, clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="loop culprits", daemon=True)
        self._loop_thread = 0
        self.held_us = Counter[str]()

    def __enter__(self) -> Self:
        self._loop_thread = threading.get_ident()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        before = self._clock()
        while not self._ended.wait(SAMPLE_S):
            now = self._clock()
            if now - self._due() > LATE_S:
                frame = sys._current_frames().get(self._loop_thread)
                self.held_us[culprit(frame)] += round((now - before) * 1e6)
            before = now


def culprit(frame: FrameType | None) -> str:
    """Name the innermost function of ours that a thread runs, and what it called; or say that the thread is idle."""
    called = ""
    while frame is not None:
        name, path = frame.f_code.co_qualname, Path(frame.f_code.co_filename)
        if name.endswith(".select") and path.name == "selectors.py":
            return IDLE
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in OURS:
            return f"{path.relative_to(_ROOT)}:{name}{called and f' ({called})'}"
        called = called or f"{path.stem}.{name}"
        frame = frame.f_back
    return called or IDLE
