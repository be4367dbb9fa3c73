"""Sound and video files, read by FFmpeg; damaged parts are skipped.

FFmpeg gets an open file and no path: it would take a colon in a name for a protocol, a % for a pattern, and open what a
playlist names, on the network too.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from node.common.regular_files import open_regular
from protocol.errors import NodeError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.frame import Frame
    from av.stream import Stream

# Damaged packets in a row after which a file is given up: 26 s of MP3, 40 s of video.
MAX_DAMAGED = 1000

# FFmpeg's formats that consist of the names of other files or of addresses.
LISTS = frozenset({"concat", "dash", "hls", "imf", "rtsp", "sap", "sdp", "smoothstreaming", "webm_dash_manifest"})

# FFmpeg's format that plays any file whose name ends in .txt as a video.
TEXTS = frozenset({"tty"})

NOT_MEDIA = "a text or a list of other files, and neither sound nor video"

# FFmpeg's option by which it opens no other file or address that a file names.
NO_OTHER_FILES = {"protocol_whitelist": "none"}


# The beginnings of lists: NOT_MEDIA is a better error than that of the first name in them.
_LIST_START = re.compile(rb"(\xef\xbb\xbf)?\s*(#EXTM3U|ffconcat|v=0\r?\n|<\?xml|<MPD|\[playlist\])")


class UnreadableError(NodeError):
    """The reason why a file cannot be played, in a few words: the caller adds the path and what to give instead."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a sound or video file. Raises UnreadableError if it is none."""
    import av

    try:
        file = open_regular(path)
    except NodeError as error:
        raise UnreadableError(str(error)) from error
    with file:
        try:
            if _LIST_START.match(file.read(64)):
                raise UnreadableError(NOT_MEDIA)
            file.seek(0)
            container = av.open(_Nameless(file, path.suffix), "r", options=NO_OTHER_FILES, metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
            raise UnreadableError(_reason(error)) from error
        with container:
            if set(container.format.name.split(",")) & (LISTS | TEXTS):
                raise UnreadableError(NOT_MEDIA)
            yield container


def best_stream(container: InputContainer, kind: Literal["audio", "video"]) -> Stream:
    """Return the stream that a player would choose. Raises UnreadableError if none can be decoded."""
    found = container.streams.best(kind)
    if found is None:
        raise UnreadableError(f"no {'sound' if kind == 'audio' else kind} in it")
    if getattr(found, "codec_context", None) is None:
        raise UnreadableError(f"no decoder here for its {'sound' if kind == 'audio' else kind}")
    return found


def decoded(container: InputContainer, stream: Stream) -> Iterator[Frame]:
    """Yield the undamaged frames of a stream.

    Raises UnreadableError if damage leaves no frame at all, or the disk fails.
    """
    damage = _Damage()
    for packet in _packets(container, stream, damage):
        for frame in damage.survived(packet.decode) or ():
            damage.row, damage.all = 0, False
            yield frame
        if damage.row > MAX_DAMAGED:
            break
    if damage.all and damage.reason:
        raise UnreadableError(damage.reason)


def _packets(container: InputContainer, stream: Stream, damage: _Damage) -> Iterator[Any]:
    """Yield the packets to the end of the file; after one that cannot be read, try the next."""
    while damage.row <= MAX_DAMAGED:
        packets = container.demux(stream)
        while (packet := damage.survived(partial(next, packets, _END))) is not None:
            if packet is _END:
                return
            yield packet


_END = object()


class _Damage:
    """The damage of a file: how many packets in a row, whether it is all of them, and the reason at the last one."""

    def __init__(self) -> None:
        self.row = 0
        self.all = True
        self.reason = ""

    def survived(self, work: Any) -> Any:
        """Return the result of the work, or None if its packet is damaged."""
        import av

        try:
            return work()
        except (av.FFmpegError, ValueError, RuntimeError) as error:
            self.row += 1
            self.reason = _reason(error)
        except OSError as error:  # the file's own, not FFmpeg's
            raise UnreadableError(_reason(error)) from error
        return None


class _Nameless:
    """A file of whose name FFmpeg sees the ending only, by which it knows some formats that have no signature."""

    def __init__(self, file: BinaryIO, suffix: str) -> None:
        self.name = f"file{suffix}" if re.fullmatch(r"\.[A-Za-z0-9]+", suffix) else "file"
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
