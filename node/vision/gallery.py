"""The gallery: painted pictures as PNG files, each with its caption inside, while they can be written."""

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

# Characters of the sender in a file's name: file systems allow 255 bytes for all of it.
LONGEST_SENDER = 32

# Of zlib's levels: a picture that is visible for a quarter of a second is not worth more of a core.
FAST_COMPRESSION = 1


class Gallery:
    """A folder of painted pictures, created if it is missing. Raises NodeError if it cannot be written to.

    `clock` returns the time for the files' names.
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

        Raises NodeError if it cannot be written.
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
        """Replace `now-SENDER.png` with this picture atomically: a reader gets the old or the new one complete.

        Raises NodeError if it cannot be written.
        """
        path = self._folder / f"now-{_plain(sender)}.png"
        try:
            await asyncio.to_thread(_replace, path, image, compress_level=FAST_COMPRESSION)
        except OSError as error:
            raise self._unwritable(error) from error
        return path

    def _unwritable(self, error: OSError) -> NodeError:
        reason = error.strerror or error
        return NodeError(f"cannot write pictures to {str(self._folder)!r} ({reason}): choose another --pictures folder")


class PictureKeeper:
    """Saves painted pictures to a gallery; a failure is noted once, and again only after a success.

    Each picture is tried, and the call goes on.
    """

    def __init__(self, gallery: Gallery, note: Callable[[str], None]) -> None:
        self._gallery, self._note = gallery, note
        self._failing: set[str] = set()

    async def keep(self, painted: PaintedPicture) -> None:
        """Save a picture, and note its file and caption."""
        with self._noting_failure("save"):
            path = await self._gallery.save(painted.image, painted.peer, painted.sequence, painted.caption)
            self._note(f"painted {path.name}: {painted.caption}")

    async def show_now(self, peer: str, image: Image.Image) -> None:
        """Replace the current picture of a peer."""
        with self._noting_failure("show"):
            await self._gallery.show_now(image, peer)

    @contextlib.contextmanager
    def _noting_failure(self, action: str) -> Iterator[None]:
        """Note a failure, unless one is noted already: it is over when both actions succeed, of which a full disk may
        let one through."""
        try:
            yield
            self._failing.discard(action)
        except NodeError as error:
            if not self._failing:
                self._note(f"{error}; the call goes on")
            self._failing.add(action)


def _replace(path: Path, image: Image.Image, **options: Any) -> None:
    """Write the file atomically.

    It is encoded before the file is opened: Pillow 13 stores the options of an image whose file it could not open, and
    uses them the next time.
    """
    coded = io.BytesIO()
    image.save(coded, "PNG", **options)
    with replaced(path) as beside:
        beside.write_bytes(coded.getbuffer())


def _plain(sender: str) -> str:
    """Return the sender as part of a file's name, which has no character that is special to any file system."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", sender)[:LONGEST_SENDER] or "_"
