"""A video file as a camera: played in real time, from the start again at its end.

Nothing runs between two snapshots: a snapshot decodes forward to the frame whose turn it is, so a
camera that is looked at twice a second decodes no more than those half seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from PIL import Image

from node.common import media_files
from node.common.own_thread import OwnThread, settled
from node.vision.cameras.video_frames import to_picture
from protocol.errors import NodeError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.frame import Frame

CATCH_UP_SECONDS = 3.0
"""A player that nobody looked at for longer pauses instead: decoding what nobody saw would only cost time."""

DECODE_SECONDS = 0.25
"""For one snapshot: half the time between two. A video too large for the machine plays slower than it was taken, and
leaves the processor to speech."""

SHORTEST_FRAME_SECONDS = 0.01
"""Keeps a file whose frames claim to last no time from being played infinitely often at once."""

LONGEST_FRAME_SECONDS = 60.0
"""What claims to come later, or earlier, than the frame before is damage or a second recording, and comes next."""

FALLBACK_FRAMES_PER_SECOND = 25.0
"""For files that give neither times nor a rate."""

MAX_WAIT = 10.0
"""Seconds for a snapshot: a disk that sleeps takes a few, one that is gone all."""


@dataclass(frozen=True, slots=True)
class _Shot:
    """A frame, and the width of its pixels divided by their height."""

    frame: VideoFrame
    pixel_shape: Fraction | None


class VideoCamera:
    """Sees the frame that a player started at the camera's opening shows now.

    Raises NodeError when the file holds no video, or when none of its frames can be decoded.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.name = str(path)
        self._clock = clock
        self._lock = asyncio.Lock()
        self._thread = OwnThread()
        self._closed = False
        self._shots = _play(path)
        _, self._shown = next(self._shots)
        self._next = next(self._shots)
        self._start = clock()

    async def snapshot(self) -> Image.Image:
        """The frame of this moment."""
        async with self._lock:
            if self._closed:
                raise NodeError(f"the video {self.name!r} is closed")
            now = self._clock()
            return await settled(MAX_WAIT, f"the video {self.name!r}", self._thread.start(lambda: self._now(now)))

    async def close(self) -> None:
        """Close the file, after the snapshot that is being decoded."""
        self._closed = True
        self._thread.start(self._shots.close)
        self._thread.end()

    def _now(self, now: float) -> Image.Image:
        self._play_on(now)
        try:
            return to_picture(self._shown.frame, self._shown.pixel_shape)
        except (av.FFmpegError, ValueError) as error:
            raise NodeError(f"cannot show the video {self.name!r}: {error}") from error

    def _play_on(self, now: float) -> None:
        late = now - self._start - self._next[0]
        if late > CATCH_UP_SECONDS:
            self._start += late
        while self._next[0] <= now - self._start:
            self._shown = self._next[1]
            self._next = next(self._shots)
            if self._clock() - now > DECODE_SECONDS:
                self._start += max(0.0, now - self._start - self._next[0])
                return


def _play(path: Path) -> Generator[tuple[float, _Shot], None, None]:
    """The video's frames without end, each with its time in seconds since the first frame of the first round."""
    end, choosy = 0.0, True
    while True:
        start, anything = end, False
        try:
            with media_files.opened(path) as container:
                stream = media_files.best_stream(container, "video")
                assert isinstance(stream, av.VideoStream)
                stream.thread_type = (
                    "SLICE"  # threads for whole frames keep a frame each: 100 MB more at 8K, hardly faster
                )
                frames = media_files.decoded(container, stream)
                for time, frame in _timed(_intact(frames) if choosy else frames):
                    anything = True
                    end = start + time + max(_duration(frame), SHORTEST_FRAME_SECONDS)
                    yield start + time, _Shot(frame, stream.sample_aspect_ratio)
        except media_files.UnreadableError as error:
            raise _unreadable(path, str(error)) from error
        if not anything and not choosy:
            raise _unreadable(path, "no frame in it")
        choosy = anything  # a file without one intact frame is shown as it is


def _intact(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames without those that are damaged, and without what is made of these until the next keyframe."""
    waits = False
    for frame in frames:
        assert isinstance(frame, av.VideoFrame)
        waits = frame.is_corrupt or (waits and not frame.key_frame)
        if not waits:
            yield frame


def _timed(frames: Iterable[Frame]) -> Iterator[tuple[float, VideoFrame]]:
    """The frames of one round with their times, which begin at 0 and never go back."""
    time, before = 0.0, None
    length = 0.0
    for frame in frames:
        assert isinstance(frame, av.VideoFrame)
        stamp = frame.time
        step = length if stamp is None or before is None else stamp - before
        time += step if 0 <= step <= LONGEST_FRAME_SECONDS else length
        yield time, frame
        before, length = stamp, _duration(frame)


def _duration(frame: VideoFrame) -> float:
    if frame.duration and frame.time_base:
        return float(frame.duration * frame.time_base)
    return 1.0 / FALLBACK_FRAMES_PER_SECOND


def _unreadable(path: Path, reason: str) -> NodeError:
    return NodeError(f"cannot play {str(path)!r} ({reason}): give a picture or a video file")
