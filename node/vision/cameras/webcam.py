"""Webcams through PyAV: v4l2 on Linux, AVFoundation on macOS, DirectShow on Windows.

A webcam delivers pictures at its own pace, not on request, and queues old ones. A thread of its own reads every frame
as it arrives, so that a snapshot is always of this moment. One that is unplugged is opened again once it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from node.vision.cameras.video_frames import to_picture
from protocol.errors import NodeError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

# FFmpeg's input device by `sys.platform`.
FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}

# Every webcam has 640x480, and captioners use less. AVFoundation refuses its own default rate on many Macs.
OPTIONS = {
    "v4l2": {"video_size": "640x480"},
    "avfoundation": {"framerate": "30", "video_size": "640x480"},
    "dshow": {"video_size": "640x480"},
}

# How long a webcam may take to start, of which most need one or two, and how long it may be silent after that.
SILENT_SECONDS = 5.0

# Damaged frames in a row after which a webcam counts as broken: 3 s. A bad cable or hub spoils one now and then.
MOST_DAMAGED = 100

# Between two reads of a device that does not wait for its frames: a third of a frame's time.
POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Webcam:
    """A webcam of this machine: the `name` that opens it, and a `description` for the user."""

    name: str
    description: str


def webcams() -> list[Webcam]:
    """Return the webcams of this machine; empty if there are none or the system cannot list them."""
    import av

    device_format = FORMATS.get(sys.platform)
    if device_format is None:
        return []
    try:
        devices = av.enumerate_input_devices(device_format)
    except (av.FFmpegError, OSError, ValueError):
        return []
    return [Webcam(device.name, device.description) for device in devices if _has_video(device.media_types)]


class WebcamCamera:
    """The webcam of that name, or the first one. Raises NodeError if there is none or it cannot be opened.

    One that failed is opened again at the next snapshot.
    """

    def __init__(self, name: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name or _first_webcam()
        self._clock = clock
        self._device: _OpenWebcam | None = _OpenWebcam(self.name, clock)
        self._is_closed = False

    async def snapshot(self) -> Image.Image:
        """Return the newest frame. Raises NodeError if the webcam gives none or is gone."""
        return await asyncio.to_thread(self._newest)

    async def close(self) -> None:
        """Stop reading frames and close the device."""
        self._is_closed = True
        device, self._device = self._device, None
        if device is not None:
            await asyncio.to_thread(device.close)

    def _newest(self) -> Image.Image:
        if self._is_closed:
            raise NodeError(f"the webcam {self.name!r} is closed")
        device = self._device = self._device or _OpenWebcam(self.name, self._clock)
        frame = device.newest()
        if frame is None:
            reason = device.failure or "it is silent"
            if device.failure is not None:
                self._device = None
            raise NodeError(f"the webcam {self.name!r} gives no picture ({reason}): plug it in again")
        import av

        try:
            return to_picture(frame, None)
        except (av.FFmpegError, ValueError) as error:
            raise NodeError(f"cannot show the webcam {self.name!r}: {error}") from error


class _OpenWebcam:
    """A webcam from when it is opened until it fails, which `failure` tells, or is closed; a thread reads it."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._container = _open(name)
        self._changed = threading.Condition()
        self._frame: VideoFrame | None = None
        self._came_at = 0.0
        self.failure: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read_frames, name=f"webcam {name}", daemon=True)
        self._thread.start()

    def newest(self) -> VideoFrame | None:
        """Return the newest frame, and wait for one if there is none; None if it is silent or has failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_fresh() or self.failure is not None, SILENT_SECONDS)
            return self._frame if self._is_fresh() and self.failure is None else None

    def close(self) -> None:
        """Stop reading frames; a device that hangs is left to its thread."""
        self._closing.set()
        self._thread.join(SILENT_SECONDS)

    def _is_fresh(self) -> bool:
        return self._frame is not None and self._clock() - self._came_at < SILENT_SECONDS

    def _read_frames(self) -> None:
        """Store the newest frame, in the thread, until the camera closes or the device fails."""
        import av

        failure = "it stopped"
        try:
            for frame in self._frames():
                self._publish(frame, None)
        except (av.FFmpegError, OSError) as error:
            failure = error.strerror or failure
        finally:
            with contextlib.suppress(av.FFmpegError, OSError):
                self._container.close()  # before it is opened again
            self._publish(None, failure)

    def _frames(self) -> Iterator[VideoFrame]:
        import av

        damaged = 0
        while not self._closing.is_set():
            try:
                frame = next(self._container.decode(video=0))
                damaged = 0
                yield frame
            except StopIteration:
                return
            except av.InvalidDataError:
                damaged += 1
                if damaged > MOST_DAMAGED:
                    raise
            except av.BlockingIOError:
                # AVFoundation has no frame yet.
                self._closing.wait(POLL_SECONDS)

    def _publish(self, frame: VideoFrame | None, failure: str | None) -> None:
        with self._changed:
            self._frame, self.failure, self._came_at = frame, failure, self._clock()
            self._changed.notify_all()


def _open(name: str) -> InputContainer:
    import av

    device_format = FORMATS.get(sys.platform)
    if device_format is None:
        raise NodeError(f"no webcam support on {sys.platform}: use --camera scene or a file")
    address = f"video={name}" if device_format == "dshow" else name
    try:
        return av.open(address, format=device_format, options=OPTIONS[device_format])
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NodeError(
            f"cannot open the webcam {name!r} ({reason}): close other programs that use it, "
            'or choose one that "pictophone devices" lists'
        ) from error


def _first_webcam() -> str:
    found = webcams()
    if not found:
        raise NodeError('no webcam on this machine: plug one in, or use "--camera scene", a picture or a video')
    return found[0].name


def _has_video(media_types: list[str]) -> bool:
    """Return whether a device has video: AVFoundation and DirectShow list microphones, too."""
    return not media_types or "video" in media_types
