"""A browser's camera as a camera of the call: its newest snapshot, as long as the browser sends any."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable

from PIL import Image, ImageOps, UnidentifiedImageError

from node.vision.cameras import Camera
from node.vision.pictures import to_rgb
from protocol.errors import RemoteError

FORMATS = ("JPEG", "PNG", "WEBP")
"""What a browser can make of its camera; Pillow's other decoders are kept from strangers' bytes."""

MAX_PIXELS = 4096 * 4096
"""Of a snapshot: a few bytes can claim to be a picture of gigabytes."""

STALE_S = 40.0
"""A page sends a snapshot when something changed, and every 30 s; after so long without any, nobody can say what its
camera sees."""


class SnapshotError(RemoteError):
    """What was sent as a snapshot is no picture that can be read."""


class PageCamera:
    """Sees what pages send. While none does, or the camera is switched off, a snapshot waits."""

    name = "page"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._image: Image.Image | None = None
        self._at = float("-inf")
        self._on = True
        self._news = asyncio.Event()

    @property
    def on(self) -> bool:
        """Whether snapshots are looked at; what came before the camera was switched off is not seen afterwards."""
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        self._on = on
        if not on:
            self._image = None

    @property
    def is_showing(self) -> bool:
        """Whether some page's camera is on."""
        return self._on and self._clock() - self._at < STALE_S

    async def put(self, data: bytes) -> None:
        """Take a snapshot's file. SnapshotError if it is none."""
        image = await asyncio.to_thread(decoded, data)
        if self._on:
            self._image, self._at = image, self._clock()
            self._news.set()

    async def snapshot(self) -> Image.Image:
        """Return what a page's camera sees now; wait until there is something."""
        while self._image is None or self._clock() - self._at > STALE_S:
            self._news.clear()
            await self._news.wait()
        return self._image

    async def close(self) -> None:
        """Nothing is held."""


class Shutter:
    """Another camera, which can be switched off from the page: then a snapshot waits until it is on again."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._open = asyncio.Event()
        self._open.set()

    @property
    def name(self) -> str:
        """The camera's."""
        return self._camera.name

    @property
    def on(self) -> bool:
        """Whether it sees."""
        return self._open.is_set()

    @on.setter
    def on(self, on: bool) -> None:
        if on:
            self._open.set()
        else:
            self._open.clear()

    async def snapshot(self) -> Image.Image:
        """Return what the camera sees."""
        await self._open.wait()
        return await self._camera.snapshot()

    async def close(self) -> None:
        """Close the camera."""
        await self._camera.close()


def decoded(data: bytes) -> Image.Image:
    """Return the picture of a file, RGB and upright. SnapshotError if it is none, or too large."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise SnapshotError(f"a picture of {image.width} x {image.height} pixels; send {MAX_PIXELS} at most")
            return to_rgb(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise SnapshotError("this is no picture; send JPEG, PNG or WebP") from error
