"""Cameras that a page controls: the browser's own, of which it posts snapshots, and the node's, switched on and off."""

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

# What a browser can make of its camera; Pillow's other decoders never see a stranger's bytes.
FORMATS = ("JPEG", "PNG", "WEBP")

# Pixels of a snapshot: a few bytes can claim to be a picture of gigabytes. A PNG, which is decoded at full size, takes
# 64 MB at this limit; a progressive JPEG takes up to 130 MB of coefficients.
MAX_PIXELS = 4096 * 4096

# Pixels of a WebP, which takes Pillow 17 bytes each while decoding: 140 MB for the picture of the largest cameras.
MAX_WEBP_PIXELS = 3840 * 2160

# Pixels of the longer side after decoding: captioners use 768 at most, and the page shows as many.
LONGEST_SIDE = 1280

# Scans of a progressive JPEG, which usually has ten. Half a megabyte could hold thousands, each over all pixels.
MAX_SCANS = 64

SCAN = b"\xff\xda"

# A page sends a snapshot when something changed, and every 30 s; after this time without any, the last one is not
# used.
STALE_S = 40.0


class SnapshotError(RemoteError):
    """A snapshot that cannot be decoded, or only at too high a cost."""


class DecoderBusy(Exception):
    """The snapshot before is still being decoded; a later one may be sent."""


class PageCamera:
    """A camera whose snapshots pages send. `snapshot` waits while none does, or while it is switched off."""

    name = "page"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._image: Image.Image | None = None
        self._image_at = float("-inf")
        self._on = True
        self.is_decoding = False  # a snapshot; even if the request that sent it was cancelled
        # One thread for all: the memory that the allocator retains after a large picture, it retains for each thread.
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
        self._changed = asyncio.Event()

    @property
    def on(self) -> bool:
        """Whether snapshots are used; switching it off drops the last one."""
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        self._on = on
        if not on:
            self._image = None

    @property
    def is_showing(self) -> bool:
        """Whether it is on and a page has sent a snapshot in the last `STALE_S`."""
        return self._on and self._clock() - self._image_at < STALE_S

    async def put(self, data: bytes) -> None:
        """Decode and use a snapshot's file. Raises SnapshotError if it is none, DecoderBusy during another."""
        if self.is_decoding:
            raise DecoderBusy
        self.is_decoding = True
        decoding = asyncio.get_running_loop().run_in_executor(self._decoder, decode, data)
        decoding.add_done_callback(self._on_decoded)  # the thread goes on, even if the request is cancelled
        image = await asyncio.shield(decoding)
        if self._on:
            self._image, self._image_at = image, self._clock()
            self._changed.set()

    async def snapshot(self) -> Image.Image:
        """Return the newest snapshot; wait until there is one that is not stale."""
        while self._image is None or self._clock() - self._image_at > STALE_S:
            self._changed.clear()
            await self._changed.wait()
        return self._image

    async def close(self) -> None:
        """End the decoder's thread once it is idle."""
        self._decoder.shutdown(wait=False, cancel_futures=True)

    def _on_decoded(self, decoding: asyncio.Future[Image.Image]) -> None:
        self.is_decoding = False
        if not decoding.cancelled():
            decoding.exception()  # marked as retrieved: `put` raises it, unless it was cancelled


class SwitchableCamera:
    """Another camera that can be switched off: `snapshot` waits until it is on again."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._switched_on = asyncio.Event()
        self._switched_on.set()

    @property
    def name(self) -> str:
        """See `Camera.name`."""
        return self._camera.name

    @property
    def on(self) -> bool:
        """Whether it is on."""
        return self._switched_on.is_set()

    @on.setter
    def on(self, on: bool) -> None:
        if on:
            self._switched_on.set()
        else:
            self._switched_on.clear()

    async def snapshot(self) -> Image.Image:
        """Return a snapshot of the camera, once it is on."""
        await self._switched_on.wait()
        return await self._camera.snapshot()

    async def close(self) -> None:
        """Close the camera."""
        await self._camera.close()


def decode(data: bytes) -> Image.Image:
    """Return the picture of a file: RGB, upright, no longer than `LONGEST_SIDE`. Raises SnapshotError if it is none, or
    too large."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_work(image, data)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            image.load()
            small = shrink(image)
            small.info = image.info  # EXIF, for its orientation
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


def shrink(image: Image.Image) -> Image.Image:
    """Return a decoded picture at a whole fraction of its size, no longer than `LONGEST_SIDE`, as RGB, RGBA or L."""
    factor = -(-max(image.size) // LONGEST_SIDE)
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image)[::factor, ::factor] >> 8).astype(np.uint8))
    if factor == 1:
        return image.copy()
    converted = (
        image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode in ("1", "P", "PA") else image
    )
    return converted.reduce(factor)
