"""Cameras: where the pictures of a call come from, each named by one word on the command line.

scene             the procedural camera with a seed of its own choice; scene:SEED repeats one
FILE              a still picture, or a video (played in real time, again and again)
DIR               a folder of pictures, the next one every few seconds
webcam            the first webcam; webcam:NAME or a device path (/dev/video0) a certain one
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PIL import Image

from protocol.errors import NodeError

from .scene import SceneCamera
from .stills import FolderCamera, StillCamera, is_picture
from .video import VideoCamera
from .webcam import Webcam, WebcamCamera, webcams

__all__ = ["Camera", "Webcam", "open_camera", "webcams"]


class Camera(Protocol):
    """Something that sees. One reader at a time; `close` may be called more than once."""

    @property
    def name(self) -> str:
        """What `open_camera` accepts to open this camera again."""

    async def snapshot(self) -> Image.Image:
        """What the camera sees now, RGB, of the camera's own size; decoding never blocks the loop.

        Raises NodeError when the device went away or the file turned unreadable.
        """

    async def close(self) -> None:
        """Let go of the device or file."""


def open_camera(spec: str, clock: Callable[[], float] = time.monotonic) -> Camera:
    """Open the camera that `spec` names (see the top of this module). `clock` gives seconds.

    This opens files and devices and so may block for a second: from a loop, call it in a thread.
    Raises NodeError with one line: what is wrong, with which value, what to do.
    """
    kind, _, detail = spec.partition(":")
    if kind == "scene":
        return SceneCamera(detail, clock)
    if kind == "webcam":
        return WebcamCamera(detail or None)
    path = Path(spec).expanduser()
    if path.is_dir():
        return FolderCamera(path, clock)
    if path.is_file():
        return StillCamera(path) if is_picture(path) else VideoCamera(path, clock)
    if spec.startswith("/dev/") or any(spec == webcam.name for webcam in webcams()):
        return WebcamCamera(spec)
    raise NodeError(
        f"no camera {spec!r}: name a picture, a video or a folder that exists, "
        'a device that "pictophone devices" lists, or "scene"'
    )
