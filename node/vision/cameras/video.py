"""A video file as a camera: played in real time, from the start again at its end.

Nothing runs between two snapshots: a snapshot decodes forward to the frame of its moment, so a camera that is polled
twice a second decodes no more than those half seconds.
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

# A player that was not polled for longer pauses instead: decoding frames that are never shown would only cost time.
CATCH_UP_SECONDS = 3.0

# For one snapshot: half the time between two. A video too large for the machine plays slower than it was recorded, and
# leaves the processor to speech.
DECODE_SECONDS = 0.25

# Prevents a file whose frames have no duration from being played infinitely often at once.
SHORTEST_FRAME_SECONDS = 0.01

# A frame whose time is later than this after the one before, or is earlier, is damaged or of a second recording: it is
# shown next.
LONGEST_FRAME_SECONDS = 60.0

# For files that have neither times nor a rate.
FALLBACK_FRAMES_PER_SECOND = 25.0

# Seconds for a snapshot: a disk that sleeps takes a few, one that is gone all.
MAX_WAIT = 10.0


@dataclass(frozen=True, slots=True)
class _Shot:
    """A frame, and the width of its pixels divided by their height."""

    frame: VideoFrame
    pixel_shape: Fraction | None


class VideoCamera:
    """A camera of a video file, which plays from the camera's opening.

    Raises NodeError if the file has no video, or none of its frames can be decoded.
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
        """Return the frame of this moment."""
        async with self._lock:
            if self._closed:
                raise NodeError(f"the video {self.name!r} is closed")
            now = self._clock()
            return await settled(
                MAX_WAIT, f"the video {self.name!r}", self._thread.start(lambda: self._picture_at(now))
            )

    async def close(self) -> None:
        """Close the file, after the snapshot that is being decoded."""
        self._closed = True
        self._thread.start(self._shots.close)
        self._thread.end()

    def _picture_at(self, now: float) -> Image.Image:
        self._advance_to(now)
        try:
            return to_picture(self._shown.frame, self._shown.pixel_shape)
        except (av.FFmpegError, ValueError) as error:
            raise NodeError(f"cannot show the video {self.name!r}: {error}") from error

    def _advance_to(self, now: float) -> None:
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
    """Yield the video's frames in an endless loop, each with its time in seconds since the first of all."""
    end, skip_damaged = 0.0, True
    while True:
        start, has_frames = end, False
        try:
            with media_files.opened(path) as container:
                stream = media_files.best_stream(container, "video")
                assert isinstance(stream, av.VideoStream)
                stream.thread_type = "SLICE"  # "FRAME" has a frame in each thread: 100 MB more at 8K, hardly faster
                frames = media_files.decoded(container, stream)
                for time, frame in _timed(_intact(frames) if skip_damaged else frames):
                    has_frames = True
                    end = start + time + max(_duration(frame), SHORTEST_FRAME_SECONDS)
                    yield start + time, _Shot(frame, stream.sample_aspect_ratio)
        except media_files.UnreadableError as error:
            raise _unreadable(path, str(error)) from error
        if not has_frames and not skip_damaged:
            raise _unreadable(path, "no frame in it")
        skip_damaged = has_frames  # a file without one intact frame is shown as it is


def _intact(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield the frames without the damaged ones and those decoded from them until the next keyframe."""
    damaged = False
    for frame in frames:
        assert isinstance(frame, av.VideoFrame)
        damaged = frame.is_corrupt or (damaged and not frame.key_frame)
        if not damaged:
            yield frame


def _timed(frames: Iterable[Frame]) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the frames of one round with their times, which begin at 0 and never decrease."""
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
