"""Cameras of still pictures from files: one picture, or a folder of them as a slide show."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from node.common.own_thread import OwnThread, settled
from node.vision.images import open_small
from protocol.errors import NodeError

logger = logging.getLogger(__name__)

# Of a folder: about the time between two changes in a call.
SECONDS_PER_PICTURE = 4.0

# Seconds for a picture: a disk that sleeps takes a few, one that is gone all.
MAX_WAIT = 10.0

# What a folder shows: the usual suffixes of pictures. A file that is named is identified by its contents.
PICTURE_SUFFIXES = frozenset({
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm",
    ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
})  # fmt: skip


class StillCamera:
    """A camera of one picture, whose file is read once, when the camera is opened."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._image = open_small(path)

    async def snapshot(self) -> Image.Image:
        """Return a copy of the picture, which the caller may change."""
        return await asyncio.to_thread(self._image.copy)

    async def close(self) -> None:
        """Do nothing: no file is open."""


class FolderCamera:
    """A camera of a folder's pictures in the order of their names, each for SECONDS_PER_PICTURE, in a loop.

    The list is made when the camera is opened. A picture that cannot be read is skipped, and `note` gets a line about
    it once.
    """

    def __init__(self, folder: Path, clock: Callable[[], float], note: Callable[[str], None] = logger.info) -> None:
        self.name = str(folder)
        self._paths = _pictures_in(folder)
        self._clock = clock
        self._start = clock()
        self._note = note
        self._noted: set[Path] = set()
        self._thread = OwnThread()
        self._shown: tuple[Path, Image.Image] | None = None

    async def snapshot(self) -> Image.Image:
        """Return the picture of this moment. Raises NodeError if none of the folder's pictures can be read."""
        turn = int((self._clock() - self._start) / SECONDS_PER_PICTURE)
        unreadable: dict[Path, NodeError] = {}
        read = self._thread.start(lambda: self._read(turn, unreadable))
        image = await settled(MAX_WAIT, f"the folder {self.name!r}", read)
        for path in unreadable.keys() - self._noted:
            self._noted.add(path)
            self._note(f"passed over: {unreadable[path]}")
        if image is None:
            last = next(reversed(unreadable.values()))
            raise NodeError(f"none of the {len(self._paths)} pictures in {self.name!r} can be read ({last})")
        return image

    async def close(self) -> None:
        """End the thread that reads."""
        self._thread.end()

    def _read(self, turn: int, unreadable: dict[Path, NodeError]) -> Image.Image | None:
        """Return the first readable picture from this turn on, or None; add the others to `unreadable`."""
        count = len(self._paths)
        for path in (self._paths[(turn + offset) % count] for offset in range(count)):
            if self._shown is None or self._shown[0] != path:
                try:
                    self._shown = path, open_small(path)
                except NodeError as error:
                    unreadable[path] = error
                    continue
            return self._shown[1].copy()
        return None


def _pictures_in(folder: Path) -> list[Path]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    except OSError as error:
        raise NodeError(f"cannot look into the folder {str(folder)!r}: {error.strerror}") from error
    if not paths:
        raise NodeError(f"no picture in the folder {str(folder)!r}: put PNG or JPEG files into it")
    return paths
