"""The gallery: painted pictures kept as PNG files, each with its words inside, for as long as the disk takes them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from node.common.files import replaced
from node.common.printable import printable
from protocol.errors import NodeError

if TYPE_CHECKING:
    from node.vision.sender import PaintedPicture

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
        text.add_itxt("Description", printable(caption))
        text.add_itxt("Author", printable(sender))
        try:
            await asyncio.to_thread(_replace, path, image, pnginfo=text)
        except OSError as error:
            raise self._unwritable(error) from error
        return path

    async def show_now(self, image: Image.Image, sender: str) -> Path:
        """Make `now-SENDER.png` this picture, at once: whoever reads it has the old one or the new one whole.

        Raises NodeError when it cannot be written.
        """
        path = self._folder / f"now-{_plain(sender)}.png"
        try:
            await asyncio.to_thread(_replace, path, image, compress_level=FAST)
        except OSError as error:
            raise self._unwritable(error) from error
        return path

    def _unwritable(self, error: OSError) -> NodeError:
        reason = error.strerror or error
        return NodeError(f"cannot write pictures to {str(self._folder)!r} ({reason}): choose another --pictures folder")


class PictureKeeper:
    """Keeps what is painted for as long as the folder takes it. When it does not, that is noted once, and again only
    after it did: each picture is tried, and the call goes on."""

    def __init__(self, gallery: Gallery, note: Callable[[str], None]) -> None:
        self._gallery, self._note = gallery, note
        self._failing: set[str] = set()

    async def keep(self, painted: PaintedPicture) -> None:
        """Keep a picture, and say so."""
        with self._trying("keep"):
            path = await self._gallery.save(painted.image, painted.peer, painted.sequence, painted.caption)
            self._note(f"painted {path.name}: {painted.caption}")

    async def show_now(self, peer: str, image: Image.Image) -> None:
        """Keep what is to be seen of a peer now."""
        with self._trying("show"):
            await self._gallery.show_now(image, peer)

    @contextlib.contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        """On a full disk one of them may still go well: the fault is over when neither fails."""
        try:
            yield
            self._failing.discard(what)
        except NodeError as error:
            if not self._failing:
                self._note(f"{error}; the call goes on")
            self._failing.add(what)


def _replace(path: Path, image: Image.Image, **how: Any) -> None:
    """Write the file whole or not at all. Coded before it is opened: Pillow 13 keeps the options of an image that it
    could not open a file for, and takes them the next time."""
    coded = io.BytesIO()
    image.save(coded, "PNG", **how)
    with replaced(path) as beside:
        beside.write_bytes(coded.getbuffer())


def _plain(sender: str) -> str:
    """The sender as part of a file's name: a peer chooses it, so nothing in it may mean anything to a file system."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", sender)[:LONGEST_SENDER] or "_"
