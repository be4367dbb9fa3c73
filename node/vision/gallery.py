"""The gallery: painted pictures kept as PNG files, each with its words inside."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from protocol.errors import NodeError

LONGEST_SENDER = 32
"""Characters of the sender in a file's name: file systems allow 255 bytes for all of it."""

FAST = 1
"""Of zlib's levels: a picture that is seen for a quarter of a second is not worth more of a core."""


class Gallery:
    """A folder of painted pictures. Made when it is missing; NodeError when it cannot be written to.

    `clock` gives the time that is written into the files' names.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = datetime.now) -> None:
        self._folder = folder
        self._clock = clock
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".pictophone"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    async def save(self, image: Image.Image, sender: str, sequence: int, caption: str) -> Path:
        """Write the picture as `TIME-SENDER-SEQUENCE.png` with the caption as PNG text "Description".

        Raises NodeError when it cannot be written.
        """
        path = self._folder / f"{self._clock():%Y%m%d-%H%M%S}-{_plain(sender)}-{sequence:05d}.png"
        text = PngInfo()
        text.add_itxt("Description", caption)
        text.add_itxt("Author", sender)
        try:
            await asyncio.to_thread(image.save, path, pnginfo=text)
        except OSError as error:
            raise self._unwritable(error) from error
        return path

    async def show_now(self, image: Image.Image, sender: str) -> Path:
        """Make `now-SENDER.png` this picture, at once: whoever reads it has the old one or the new one whole.

        Raises NodeError when it cannot be written.
        """
        path = self._folder / f"now-{_plain(sender)}.png"
        try:
            await asyncio.to_thread(_replace, path, image)
        except OSError as error:
            raise self._unwritable(error) from error
        return path

    def _unwritable(self, error: OSError) -> NodeError:
        return NodeError(
            f"cannot write pictures to {str(self._folder)!r} ({error.strerror}): choose another --pictures folder"
        )


def _replace(path: Path, image: Image.Image) -> None:
    beside = path.with_suffix(".part")
    image.save(beside, "PNG", compress_level=FAST)
    beside.replace(path)


def _plain(sender: str) -> str:
    """The sender as part of a file's name: a peer chooses it, so nothing in it may mean anything to a file system."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", sender)[:LONGEST_SENDER] or "_"
