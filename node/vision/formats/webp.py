"""Large WebP pictures, through FFmpeg: Pillow's decoder, made for animations, takes four times the memory."""

from __future__ import annotations

from typing import Any, BinaryIO, Protocol

from PIL import Image

# The two codecs, by the names of their chunks.
LOSSY, LOSSLESS = "VP8", "VP8L"

# Chunks that are searched for the picture's own; before it come four at most (header, profile, animation, alpha).
MOST_CHUNKS = 16


class _Opened(Protocol):
    """The properties of a picture that Pillow opened and did not decode."""

    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def mode(self) -> str: ...
    @property
    def info(self) -> dict[Any, Any]: ...


class WebpPicture:
    """A still WebP, with the part of Pillow's interface that opening a picture takes; shrunk while decoded."""

    def __init__(self, file: BinaryIO, opened: _Opened) -> None:
        self._file = file
        self.size, self.mode, self.info = opened.size, opened.mode, opened.info
        self.format = LOSSLESS if _is_lossless(file) else LOSSY
        self._drafted = self.size
        self._image: Image.Image | None = None

    def draft(self, mode: str | None, size: tuple[int, int]) -> None:
        """Choose the size that it is decoded to."""
        self._drafted = size

    def load(self) -> None:
        """Decode the picture. Raises av's FFmpegError or ValueError if it is broken."""
        import av

        self._file.seek(0)
        with av.open(self._file, "r", format="webp_pipe") as container:
            frame = next(container.decode(video=0))
            pixels = "rgba" if self.mode == "RGBA" else "rgb24"
            small = frame.reformat(width=self._drafted[0], height=self._drafted[1], format=pixels)
        self._image = Image.fromarray(small.to_ndarray())
        self.size = self._image.size

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Return a part of the decoded picture."""
        assert self._image is not None
        return self._image.crop(box)


def _is_lossless(file: BinaryIO) -> bool:
    file.seek(12)  # behind RIFF, its length and WEBP
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if head[:4] in (b"VP8L", b"VP8 "):
            return head[:4] == b"VP8L"
        length = int.from_bytes(head[4:], "little")
        file.seek(length + length % 2, 1)
    return False
