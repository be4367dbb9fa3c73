"""A video file as a camera: played in real time, from the start again at its end.

Nothing runs between two snapshots: a snapshot decodes forward to the frame whose turn it is, so a
camera that is looked at twice a second decodes no more than those half seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from protocol.errors import NodeError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

CATCH_UP_SECONDS = 3.0
"""A player that nobody looked at for longer pauses instead: decoding what nobody saw would only cost time."""

SHORTEST_FRAME_SECONDS = 0.01
"""Keeps a file whose frames claim to last no time from being played infinitely often at once."""

FALLBACK_FRAMES_PER_SECOND = 25.0
"""For files that give neither times nor a rate."""


class VideoCamera:
    """Sees the frame that a player started at the camera's opening shows now.

    Raises NodeError when the file holds no video, or when none of its frames can be decoded.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.name = str(path)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._frames = _play(path)
        _, self._shown = next(self._frames)
        self._next = next(self._frames)
        self._start = clock()

    async def snapshot(self) -> Image.Image:
        """The frame of this moment."""
        async with self._lock:
            return await asyncio.to_thread(self._frame_now, self._clock())

    async def close(self) -> None:
        """Close the file, after the snapshot that is being decoded."""
        async with self._lock:
            self._frames.close()

    def _frame_now(self, now: float) -> Image.Image:
        late = now - self._start - self._next[0]
        if late > CATCH_UP_SECONDS:
            self._start += late
        while self._next[0] <= now - self._start:
            self._shown = self._next[1]
            self._next = self._following()
        return Image.fromarray(self._shown.to_ndarray(format="rgb24"))

    def _following(self) -> tuple[float, VideoFrame]:
        following = next(self._frames, None)
        if following is None:
            raise NodeError(f"the video {self.name!r} is closed")
        return following


def _play(path: Path) -> Generator[tuple[float, VideoFrame], None, None]:
    """The video's frames without end, each with its time in seconds since the first frame of the first round."""
    import av

    end = 0.0
    while True:
        start, decoded = end, 0
        with _open(path) as container:
            try:
                for time, frame in _timed(container):
                    decoded += 1
                    end = start + time + max(_duration(frame), SHORTEST_FRAME_SECONDS)
                    yield start + time, frame
            except av.FFmpegError as error:
                # A file that was cut off plays up to where it ends.
                if not decoded:
                    raise _unreadable(path, error.strerror) from error
        if not decoded:
            raise _unreadable(path, "no frame in it")


def _open(path: Path) -> InputContainer:
    import av

    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(path, error.strerror) from error
    if not container.streams.video:
        container.close()
        raise _unreadable(path, "no video in it")
    container.streams.video[0].thread_type = "AUTO"
    return container


def _timed(container: InputContainer) -> Iterator[tuple[float, VideoFrame]]:
    """The frames of one round with their times, which begin at 0 and never go back."""
    first: float | None = None
    time = 0.0
    for frame in container.decode(video=0):
        stamp = time if frame.time is None else frame.time
        first = stamp if first is None else first
        time = max(time, stamp - first)
        yield time, frame
        time += 0.0 if frame.time is not None else _duration(frame)


def _duration(frame: VideoFrame) -> float:
    if frame.duration and frame.time_base:
        return float(frame.duration * frame.time_base)
    return 1.0 / FALLBACK_FRAMES_PER_SECOND


def _unreadable(path: Path, reason: str | None) -> NodeError:
    return NodeError(f"cannot play {str(path)!r} ({reason}): give a picture or a video file")
