"""The captions of one sender's pictures that a later picture may be coded against: a session log's, read in order."""

from __future__ import annotations

from protocol.captions.registry import CaptionCodecs
from protocol.errors import CaptionError
from protocol.frames import Picture

__all__ = ["MAX_CAPTIONS", "History"]

# The captions that a picture may go back to. A log's writer codes against the one before; a few more cost nothing.
MAX_CAPTIONS = 16


class History:
    """Reads the captions of one sender's pictures and remembers the last `MAX_CAPTIONS`."""

    def __init__(self) -> None:
        self._captions: dict[int, str] = {}

    def read(self, picture: Picture, codecs: CaptionCodecs) -> str:
        """Return the picture's caption, and remember it.

        Raises `CaptionError`, remembering nothing, if it cannot be decoded or is coded against a caption that is not
        here.
        """
        caption = codecs.decode(picture.codec, picture.caption, self.earlier(picture))
        self.remember(picture, caption)
        return caption

    def remember(self, picture: Picture, caption: str) -> None:
        """Remember the picture's caption, which was decoded elsewhere."""
        self._captions.pop(picture.sequence, None)
        self._captions[picture.sequence] = caption
        if len(self._captions) > MAX_CAPTIONS:
            del self._captions[next(iter(self._captions))]

    def earlier(self, picture: Picture) -> str | None:
        """Return the caption that the picture's is coded against, None if that is coded alone.

        Raises `CaptionError` if it is not here.
        """
        if picture.earlier is None:
            return None
        if picture.earlier not in self._captions:
            raise CaptionError(f"a caption coded against that of picture {picture.earlier}, which is not here")
        return self._captions[picture.earlier]
