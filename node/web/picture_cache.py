"""Pictures for the page: encoded in a thread, cached under URLs that cannot be guessed, the oldest dropped first."""

from __future__ import annotations

import asyncio
import io
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger(__name__)

# Some 3,000 painted pictures of 256 x 256.
MAX_CACHE_BYTES = 32 << 20
# Pixels of the longer side: no page shows more, and a photo of a camera would be megabytes.
MAX_SIDE = 768
# Pictures queued for encoding. One takes 10 ms: this many wait only where something is wrong.
MAX_QUEUED = 32
# WebP's: painted pictures of 256 x 256 take 5 to 15 kB, and no difference can be seen.
QUALITY = 85

PREFIX = "/pictures/"


class PictureCache:
    """Encoded pictures by URL, of `most_bytes` in all."""

    def __init__(self, most_bytes: int = MAX_CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """The bytes of all cached pictures."""
        return self._bytes

    def add(self, encoded: bytes) -> str:
        """Cache a picture and return its URL."""
        url = PREFIX + secrets.token_hex(12)
        self._pictures[url] = encoded
        self._bytes += len(encoded)
        while self._bytes > self._most_bytes and len(self._pictures) > 1:
            self.drop(next(iter(self._pictures)))
        return url

    def find(self, url: str) -> bytes | None:
        """Return the picture, if it is still cached."""
        return self._pictures.get(url)

    def drop(self, url: str | None) -> None:
        """Drop a picture, if there is one."""
        if url is not None:
            self._bytes -= len(self._pictures.pop(url, b""))


class PictureEncoder:
    """Encodes pictures one after another in a thread, and caches them."""

    def __init__(self, cache: PictureCache) -> None:
        self._cache = cache
        self._queue: deque[tuple[Image.Image, Callable[[str], None]]] = deque()
        self._is_busy = False
        self._generation = 0
        self._queued = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many pictures are queued or being encoded."""
        return len(self._queue) + self._is_busy

    def encode(self, image: Image.Image, on_encoded: Callable[[str], None]) -> None:
        """Queue a picture; `on_encoded(url)` is called once it is cached. A full queue drops its oldest picture."""
        if len(self._queue) >= MAX_QUEUED:
            logger.warning("too many pictures wait to be shown: one is left out")
            self._queue.popleft()
        self._queue.append((image, on_encoded))
        self._queued.set()

    def cancel(self) -> None:
        """Drop the pictures that are queued or being encoded."""
        self._queue.clear()
        self._generation += 1

    async def run(self) -> None:
        """Encode until cancelled."""
        while True:
            await self._queued.wait()
            self._queued.clear()
            while self._queue:
                image, on_encoded = self._queue.popleft()
                self._is_busy, generation = True, self._generation
                try:
                    picture = await asyncio.to_thread(encode_webp, image)
                    if generation == self._generation:
                        on_encoded(self._cache.add(picture))
                except Exception as error:  # of this picture alone; the others can be shown
                    logger.warning("a picture cannot be shown on the page: %s", type(error).__name__)
                finally:
                    self._is_busy = False


def encode_webp(image: Image.Image) -> bytes:
    """Return a picture as WebP, no larger than a page shows it."""
    small = image.convert("RGB")
    small.thumbnail((MAX_SIDE, MAX_SIDE))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()
