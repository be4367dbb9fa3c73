"""Cameras that show pictures from files: one picture, or a folder of them as a slide show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from node.vision.images import open_small
from protocol.errors import NodeError

SECONDS_PER_PICTURE = 4.0
"""How long a folder shows each picture: about the time between two changes in a call."""

PICTURE_SUFFIXES = frozenset({".avif", ".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Stills that Pillow reads on every system. GIFs are left to the video camera, which plays the animated ones."""


def is_picture(path: Path) -> bool:
    """Whether the file's name says that it is a still picture; anything else is opened as a video."""
    return path.suffix.lower() in PICTURE_SUFFIXES


class StillCamera:
    """Sees one picture for ever. The file is read once, when the camera is opened."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._image = open_small(path)

    async def snapshot(self) -> Image.Image:
        """The picture; a copy, so that nobody draws on the original."""
        return self._image.copy()

    async def close(self) -> None:
        """Nothing is held."""


class FolderCamera:
    """Sees the folder's pictures in the order of their names, each for SECONDS_PER_PICTURE, then all again.

    The list is made when the camera is opened. A picture that cannot be read is passed over.
    """

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.name = str(folder)
        self._paths = _pictures_in(folder)
        self._clock = clock
        self._start = clock()

    async def snapshot(self) -> Image.Image:
        """The picture whose turn it is; NodeError when none of the folder's pictures can be read."""
        turn = int((self._clock() - self._start) / SECONDS_PER_PICTURE)
        return await asyncio.to_thread(self._read, turn)

    async def close(self) -> None:
        """Nothing is held."""

    def _read(self, turn: int) -> Image.Image:
        count = len(self._paths)
        for path in (self._paths[(turn + offset) % count] for offset in range(count)):
            try:
                return open_small(path)
            except NodeError as error:
                unreadable = error
        raise NodeError(f"none of the {count} pictures in {self.name!r} can be read ({unreadable})")


def _pictures_in(folder: Path) -> list[Path]:
    try:
        paths = sorted(path for path in folder.iterdir() if is_picture(path))
    except OSError as error:
        raise NodeError(f"cannot look into the folder {str(folder)!r}: {error.strerror}") from error
    if not paths:
        raise NodeError(f"no picture in the folder {str(folder)!r}: put PNG or JPEG files into it")
    return paths
