"""Cameras, the sources of a call's pictures, each named by one word on the command line.

scene             the procedural camera with a seed of its own choice; scene:SEED repeats one
FILE              a still picture, or a video or an animation (played in real time, again and again)
DIR               a folder of pictures, the next one every few seconds
webcam            the first webcam; webcam:NAME or a device path (/dev/video0) a certain one
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PIL import Image

from node.common.files import from_home
from node.common.own_thread import within
from node.common.regular_files import open_regular
from node.vision.images import read_header
from protocol.errors import NodeError

from .scene import SceneCamera
from .stills import MAX_WAIT, FolderCamera, StillCamera
from .video import VideoCamera
from .webcam import Webcam, WebcamCamera, webcams

logger = logging.getLogger(__name__)

__all__ = ["Camera", "Webcam", "open_camera", "webcams"]


class Camera(Protocol):
    """A source of pictures, for one reader at a time; `close` may be called more than once."""

    @property
    def name(self) -> str:
        """Return the name that opens this camera again with `open_camera`."""

    async def snapshot(self) -> Image.Image:
        """Return the current picture, RGB, of the camera's own size, without blocking the loop.

        Raises NodeError if the device is gone or the file cannot be read any more.
        """

    async def close(self) -> None:
        """Close the device or file."""


def open_camera(
    spec: str, clock: Callable[[], float] = time.monotonic, note: Callable[[str], None] = logger.info
) -> Camera:
    """Open the camera that `spec` names (see the top of this module). `clock` returns seconds; `note` gets lines later.

    This opens files and devices and so may block for MAX_WAIT: from a loop, call it in a thread. Raises NodeError, with
    one line for the user, if there is no such camera or it cannot be opened.
    """
    kind, _, detail = spec.partition(":")
    if kind == "scene":
        return SceneCamera(detail, clock)
    if kind == "webcam":
        return WebcamCamera(detail or None)
    camera = within(MAX_WAIT, f"the camera {spec!r}", lambda: _open_path(spec, clock, note))
    if camera is not None:
        return camera
    if spec.startswith("/dev/") or any(spec == webcam.name for webcam in webcams()):
        return WebcamCamera(spec)
    raise NodeError(
        f"no camera {spec!r}: name a picture, a video or a folder that exists, "
        'a device that "pictophone devices" lists, or "scene"'
    )


def _open_path(spec: str, clock: Callable[[], float], note: Callable[[str], None]) -> Camera | None:
    """Open a picture, a video or a folder; None if there is none of that name."""
    try:
        path = from_home(spec)
        exists = path.exists() and not path.is_char_device()
    except RuntimeError:  # a home of no user
        return None
    except OSError as error:
        raise NodeError(f"no camera {spec!r}: {error.strerror}") from error
    return _open_file(path, clock, note) if exists else None


def _open_file(path: Path, clock: Callable[[], float], note: Callable[[str], None]) -> Camera:
    """Open a folder, or a file by the format of its contents."""
    if path.is_dir():
        return FolderCamera(path, clock, note)
    try:
        open_regular(path).close()
    except NodeError as error:
        raise NodeError(f"cannot open {str(path)!r} ({error}): give a picture or a video file") from error
    header = read_header(path)
    if header is None:
        return VideoCamera(path, clock)
    if header.animated:
        with contextlib.suppress(NodeError):  # an animation that FFmpeg cannot play is shown as a still picture
            return VideoCamera(path, clock)
    return StillCamera(path)
