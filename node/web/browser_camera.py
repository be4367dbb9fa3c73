"""A browser's camera as a camera of the call: its newest snapshot, as long as the browser sends any."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageOps

from node.vision.cameras import Camera
from node.vision.rgb import to_rgb
from protocol.errors import RemoteError

FORMATS = ("JPEG", "PNG", "WEBP")
"""What a browser can make of its camera; Pillow's other decoders are kept from strangers' bytes."""

MAX_PIXELS = 4096 * 4096
"""Of a snapshot: a few bytes can claim to be a picture of gigabytes. Decoded as a whole, which only a PNG is, so many
take 64 MB; a progressive JPEG keeps up to 130 MB of coefficients."""

MAX_WEBP_PIXELS = 3840 * 2160
"""Pillow takes 17 bytes a pixel for a WebP until it is done: 140 MB for the picture of the largest cameras."""

LONGEST_SIDE = 1280
"""Pixels to which a snapshot is shrunk while it is decoded: captioners look at 768 at most, the page shows as many."""

MAX_SCANS = 64
"""Of a progressive JPEG, which has ten or so. In half a megabyte are thousands, each of which goes over all of it."""

SCAN = b"\xff\xda"

STALE_S = 40.0
"""A page sends a snapshot when something changed, and every 30 s; after so long without any, nobody can say what its
camera sees."""


class SnapshotError(RemoteError):
    """What was sent as a snapshot is no picture that can be read."""


class DecoderBusy(Exception):
    """The snapshot before is still being decoded: a later one may be sent."""


class PageCamera:
    """Sees what pages send. While none does, or the camera is switched off, a snapshot waits."""

    name = "page"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._image: Image.Image | None = None
        self._at = float("-inf")
        self._on = True
        self._is_decoding = False
        # Always the same thread: what the allocator keeps for one that has freed much, it would keep for each of many.
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
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
        """Take a snapshot's file. SnapshotError if it is none, `DecoderBusy` while another one is decoded."""
        if self._is_decoding:
            raise DecoderBusy
        self._is_decoding = True
        decoding = asyncio.get_running_loop().run_in_executor(self._decoder, decode, data)
        decoding.add_done_callback(self._decoded)  # the thread goes on, even if who sent it goes
        image = await asyncio.shield(decoding)
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
        """End the thread, when it has nothing more to decode."""
        self._decoder.shutdown(wait=False, cancel_futures=True)

    def _decoded(self, decoding: asyncio.Future[Image.Image]) -> None:
        self._is_decoding = False
        if not decoding.cancelled():
            decoding.exception()  # whoever waits for it raises it


class SwitchableCamera:
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


def decode(data: bytes) -> Image.Image:
    """Return the picture of a file: RGB, upright, no longer than `LONGEST_SIDE`. SnapshotError if it is none, or too
    large."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_work(image, data)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            image.load()
            small = _shrunk(image)
            small.info = image.info  # how it is turned
            return to_rgb(ImageOps.exif_transpose(small))
    except SnapshotError:
        raise
    except Exception as error:  # on broken bytes Pillow's readers raise errors of any kind
        raise SnapshotError("this is no picture; send JPEG, PNG or WebP") from error


def _check_work(image: Image.Image, data: bytes) -> None:
    """Raise SnapshotError if decoding would take too long, or too much memory."""
    most = MAX_WEBP_PIXELS if image.format == "WEBP" else MAX_PIXELS
    if image.width * image.height > most:
        raise SnapshotError(f"a picture of {image.width} x {image.height} pixels; send {most} at most")
    if image.format == "JPEG" and data.count(SCAN) > MAX_SCANS:
        raise SnapshotError("a JPEG of too many scans; send one that is not progressive")


def _shrunk(image: Image.Image) -> Image.Image:
    """Return a decoded picture, made smaller before anything else is done to it."""
    factor = -(-max(image.size) // LONGEST_SIDE)
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image)[::factor, ::factor] >> 8).astype(np.uint8))
    if factor == 1:
        return image.copy()
    whole = image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode in ("1", "P", "PA") else image
    return whole.reduce(factor)
