"""Pictures for the page: encoded beside the loop, kept under names nobody can guess, the oldest forgotten first."""

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

MAX_CACHE_BYTES = 32 << 20
"""Some 3,000 painted pictures of 256 x 256."""

MAX_SIDE = 768
"""Pixels of the longer side: no page shows more, and a photo of a camera would be megabytes."""

MAX_WAITING = 32
"""Pictures that wait to be encoded. One takes 10 ms: this many wait only where something is wrong."""

QUALITY = 85
"""WebP's: painted pictures of 256 x 256 take 5 to 15 kB, and nobody sees the difference."""

PREFIX = "/pictures/"


class PictureCache:
    """Encoded pictures by URL."""

    def __init__(self, most_bytes: int = MAX_CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._bytes

    def keep(self, encoded: bytes) -> str:
        """Keep a picture and return its URL."""
        url = PREFIX + secrets.token_hex(12)
        self._pictures[url] = encode_webp
        self._bytes += len(encode_webp)
        while self._bytes > self._most_bytes and len(self._pictures) > 1:
            self.drop(next(iter(self._pictures)))
        return url

    def find(self, url: str) -> bytes | None:
        """Return the picture, if it is still kept."""
        return self._pictures.get(url)

    def drop(self, url: str | None) -> None:
        """Forget a picture, if there is one."""
        if url is not None:
            self._bytes -= len(self._pictures.pop(url, b""))


class PictureEncoder:
    """Encodes pictures one after another, in a thread, and tells for each the URL it is kept under."""

    def __init__(self, album: PictureCache) -> None:
        self._album = album
        self._waiting: deque[tuple[Image.Image, Callable[[str], None]]] = deque()
        self._is_busy = False
        self._forgotten = 0
        self._something = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many pictures wait, or are being encoded."""
        return len(self._waiting) + self._is_busy

    def develop(self, image: Image.Image, done: Callable[[str], None]) -> None:
        """Have a picture encoded; `done(url)` follows. When too many wait, the one that has waited longest is lost."""
        if len(self._waiting) >= MAX_WAITING:
            logger.warning("too many pictures wait to be shown: one is left out")
            self._waiting.popleft()
        self._waiting.append((image, done))
        self._something.set()

    def forget(self) -> None:
        """Nobody wants to see any more what waits, or what is being encoded."""
        self._waiting.clear()
        self._forgotten += 1

    async def run(self) -> None:
        """Encode until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                image, done = self._waiting.popleft()
                self._is_busy, forgotten = True, self._forgotten
                try:
                    picture = await asyncio.to_thread(encode_webp, image)
                    if forgotten == self._forgotten:
                        done(self._album.keep(picture))
                except Exception as error:  # one that cannot be shown; the others can
                    logger.warning("a picture cannot be shown on the page: %s", type(error).__name__)
                finally:
                    self._is_busy = False


def encode_webp(image: Image.Image) -> bytes:
    """Return a picture as WebP, no larger than a page shows it."""
    shown = image.convert("RGB")
    shown.thumbnail((MAX_SIDE, MAX_SIDE))
    file = io.BytesIO()
    shown.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()
