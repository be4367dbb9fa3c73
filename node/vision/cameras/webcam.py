"""Webcams through PyAV: v4l2 on Linux, AVFoundation on macOS, DirectShow on Windows.

A webcam cannot be asked for a picture: it delivers them at its own pace and keeps old ones queued. A
thread of its own takes every frame as it comes, so that a snapshot is always of now.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from node.vision.cameras.video_frames import to_picture
from protocol.errors import NodeError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer

FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""FFmpeg's input device by `sys.platform`."""

OPTIONS = {
    "v4l2": {"video_size": "640x480"},
    "avfoundation": {"framerate": "30", "video_size": "640x480"},
    "dshow": {"video_size": "640x480"},
}
"""Every webcam has 640x480, and captioners see less. AVFoundation refuses its own default rate on many Macs."""

FIRST_FRAME_SECONDS = 5.0
"""How long a webcam may take to wake; most need one or two."""

MOST_DAMAGED = 100
"""Damaged frames in a row after which a webcam counts as broken: 3 s. A bad cable or hub spoils one now and then."""

POLL_SECONDS = 0.01
"""Before asking again a device that does not wait for its frames: a third of a frame's time."""


@dataclass(frozen=True, slots=True)
class Webcam:
    """A webcam of this machine: `name` is what opens it, `description` what a person calls it."""

    name: str
    description: str


def webcams() -> list[Webcam]:
    """The webcams of this machine; empty where there are none or where the system cannot list them."""
    import av

    device_format = FORMATS.get(sys.platform)
    if device_format is None:
        return []
    try:
        devices = av.enumerate_input_devices(device_format)
    except (av.FFmpegError, OSError, ValueError):
        return []
    return [Webcam(device.name, device.description) for device in devices if _sees(device.media_types)]


class WebcamCamera:
    """The webcam of that name, or the first one. Raises NodeError when there is none or it cannot be opened."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or _first_webcam()
        self._container = _open(self.name)
        self._news = threading.Condition()
        self._frame: VideoFrame | None = None
        self._failure: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._take_frames, name=f"webcam {self.name}", daemon=True)
        self._thread.start()

    async def snapshot(self) -> Image.Image:
        """The newest frame; NodeError when the webcam gives none or went away."""
        return await asyncio.to_thread(self._newest)

    async def close(self) -> None:
        """Stop taking frames and let go of the device."""
        self._closing.set()
        await asyncio.to_thread(self._thread.join, FIRST_FRAME_SECONDS)

    def _newest(self) -> Image.Image:
        with self._news:
            self._news.wait_for(lambda: self._frame is not None or self._failure is not None, FIRST_FRAME_SECONDS)
            frame, failure = self._frame, self._failure
        if frame is None or failure is not None:
            raise NodeError(
                f"the webcam {self.name!r} gives no picture ({failure or 'it is silent'}): plug it in again"
            )
        import av

        try:
            return to_picture(frame, None)
        except (av.FFmpegError, ValueError) as error:
            raise NodeError(f"cannot show the webcam {self.name!r}: {error}") from error

    def _take_frames(self) -> None:
        """The thread: keep the newest frame until the camera closes or the device fails."""
        import av

        failure = "it stopped"
        try:
            for frame in self._frames():
                self._tell(frame, None)
        except (av.FFmpegError, OSError) as error:
            failure = error.strerror or failure
        finally:
            self._tell(None, failure)
            with contextlib.suppress(av.FFmpegError, OSError):
                self._container.close()

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

    def _tell(self, frame: VideoFrame | None, failure: str | None) -> None:
        with self._news:
            self._frame, self._failure = frame, failure
            self._news.notify_all()


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


def _sees(media_types: list[str]) -> bool:
    """Whether a device gives pictures: AVFoundation and DirectShow list microphones, too."""
    return not media_types or "video" in media_types
