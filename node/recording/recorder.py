"""Writes down what crosses the wire, while it does, in a thread: the call never waits for the disk."""

from __future__ import annotations

import io
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from node.call.observers import CallObserver
from node.recording.reader import plural
from node.recording.timecode import format_time as as_clock
from node.recording.writer import CHUNK_S, FileLocation, SessionWriter, create_file, locate
from protocol import log
from protocol.errors import LocalError

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.speech.send_stream import SpeechPacket
    from node.vision.sender import PaintedPicture
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

logger = logging.getLogger(__name__)

# Records that may wait for a disk that has stopped: several minutes of a busy room, a few megabytes. Then they are left
# out, as speech must not fill the memory.
MAX_WAITING = 20_000

# Of those records, for packets that are larger than speech: 32 MB.
MAX_WAITING_BYTES = 1 << 25

# Snapshots that may wait, each of a megabyte or many: those that come while so many do are left out.
MAX_WAITING_SHOTS = 4

# Of kept snapshots: enough to compare, some 20 kB each.
SNAPSHOT_SIDE = 640
SNAPSHOT_QUALITY = 80

_SEQUENCES, _TIMESTAMPS = 1 << 16, 1 << 32


@dataclass(frozen=True, slots=True)
class _Shot:
    """A snapshot that is still to be made a file."""

    at_us: int
    sequence: int
    image: Image.Image


_Waiting: TypeAlias = log.Record | _Shot


@dataclass
class _Queue:
    """What waits to be written; filled by the event loop, emptied by the thread."""

    waiting: list[_Waiting] = field(default_factory=list)
    left_out: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    _bytes: int = 0
    _shots: int = 0

    def put(self, record: _Waiting) -> None:
        """Let a record wait; what comes when the queue is full is left out, and counted."""
        is_shot, size = isinstance(record, _Shot), _size(record)
        with self.lock:
            if (
                len(self.waiting) >= MAX_WAITING
                or self._bytes + size > MAX_WAITING_BYTES
                or (is_shot and self._shots >= MAX_WAITING_SHOTS)
            ):
                self.left_out += 1
                return
            self.waiting.append(record)
            self._bytes += size
            self._shots += is_shot

    def take(self) -> list[_Waiting]:
        """Return all that waits, in the order in which it came."""
        with self.lock:
            taken, self.waiting = self.waiting, []
            self._bytes = self._shots = 0
        return taken


def _size(record: _Waiting) -> int:
    match record:
        case log.Speech(payload=payload, copies=copies):
            return len(payload) + sum(len(copy.payload) for copy in copies)
        case log.Frame(frame=frame):
            return len(frame)
        case log.Note(text=text):
            return len(text)
    return 0


class Recorder(CallObserver):
    """Records to a new file from now on until `stop`, or until the disk is full or gone.

    `header` says what is recorded (its times are set here), `already` is what held before. When the recording has
    ended, `outcome` is a line for a person, and `ended` is called, in the recorder's thread. `empty` tells whether
    nobody came and nothing crossed the wire. A process that is killed loses at most the last two seconds.

    The file is made at once: raises UsageError or NodeError if it cannot be. With `opened` it is made in the thread, as
    a disk may take its time, and that called when it is there; what keeps it from being made is the `outcome`.
    """

    def __init__(
        self,
        path: Path,
        header: log.Header,
        *,
        already: Sequence[log.Record] = (),
        secret: bytes | None = None,
        keep_snapshots: bool = False,
        opened: Callable[[], None] | None = None,
        ended: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path, self.outcome = path, ""
        self._clock, self._began = clock, clock()
        self._header = replace(header, started_ns=time.time_ns(), monotonic_s=self._began)
        self._secret, self._keeps, self._ended = secret, keep_snapshots, ended
        self._queue, self._stop = _Queue(list(already)), threading.Event()
        self._sent = 0
        self.empty = True
        self.was_opened = False
        self._opened, self._stream = opened, None if opened else create_file(path)
        self._thread = threading.Thread(target=self._run, name=f"recorder of {path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and the end. Returns at once; `join` waits for it."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait so many seconds for the file to be whole; whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def discard(self) -> None:
        """Delete the file of a recording that has ended, if it is where it was made."""
        with suppress(OSError):
            self.path.unlink()
        self.outcome = ""

    def measured(self, values: Mapping[str, float]) -> None:
        """Write down what was counted up to now."""
        self._queue.put(log.Meters(self._now(), dict(values)))

    # -- what crosses the wire (see node.call.observers)

    def joined(self, peer: str, hello: Hello) -> None:
        self._happened(log.Joined(self._now(), peer, hello.name, int(hello.carries)))

    def left(self, peer: str) -> None:
        self._queue.put(log.Left(self._now(), peer))

    def speech_sent(self, packet: SpeechPacket) -> None:
        sequence, timestamp = self._sent % _SEQUENCES, packet.timestamp % _TIMESTAMPS
        self._sent += 1
        own = self._header.node
        self._happened(log.Speech(self._now(), own, sequence, timestamp, packet.payload, packet.copies))

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._happened(log.Speech(self._now(), peer, sequence, timestamp, payload, tuple(copies)))

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self._happened(log.Frame(self._now(), self._header.node, frame, words_of(caption)))

    def frame_came(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._happened(log.Frame(self._now(), peer, frame, words_of(caption)))

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        if self._keeps:
            self._queue.put(_Shot(self._now(), sequence, snapshot))

    def painted(self, painted: PaintedPicture) -> None:
        """Nothing: its words and seed are there, and make it again."""

    def noted(self, text: str) -> None:
        self._queue.put(log.Note(self._now(), text))

    def _happened(self, record: log.Record) -> None:
        self.empty = False
        self._queue.put(record)

    def _now(self) -> int:
        return max(0, round((self._clock() - self._began) * 1e6))

    # -- the thread

    def _run(self) -> None:
        try:
            stream = self._stream or create_file(self.path)
        except LocalError as error:
            self.outcome = str(error)
            self._ended()
            return
        self.was_opened = True
        if self._opened is not None:
            self._opened()
        self._record(stream)
        self._ended()

    def _record(self, stream: BinaryIO) -> None:
        good = 0
        try:
            writer = SessionWriter(stream, self._header, self._secret)
            is_last, good = False, stream.tell()
            while not is_last:
                is_last = self._stop.wait(CHUNK_S) or locate(stream, self.path).is_deleted
                writer.write(list(self._records()))
                good = stream.tell()
            writer.finish(self._now())
            place = locate(stream, self.path)
            stream.close()
            self.outcome = self._told_of(place, writer.left_out)
        except OSError as error:
            _give_up(stream, good)
            self.outcome = f"no longer recording: cannot write {str(self.path)!r}: {error.strerror or error}"
        except Exception as error:  # whatever it is, the call must go on, and a person must know
            logger.error("the recorder failed: %s", without_content(error))
            _give_up(stream, good)
            fault = f"a fault of this program, {without_content(error)}"
            self.outcome = f"no longer recording to {str(self.path)!r}: {fault}"

    def _records(self) -> Iterator[log.Record]:
        """What waits, made complete: snapshots become files."""
        for waiting in self._queue.take():
            match waiting:
                case _Shot():
                    yield log.Snapshot(waiting.at_us, waiting.sequence, "webp", _as_webp(waiting.image))
                case _:
                    yield waiting

    def _told_of(self, place: FileLocation, unwritten: int) -> str:
        if place.is_deleted:
            return f"no longer recording: {str(self.path)!r} was deleted, and what was recorded with it"
        told = self._told()
        if unwritten:
            told += f"; {plural(unwritten, 'record')} could not be written"
        if place.path == self.path:
            return told
        where = f"moved meanwhile to {place.path}" if place.path else "moved meanwhile, to where is not known"
        return f"{told}; this file was {where}"

    def _told(self) -> str:
        told = f"recorded {as_clock(self._now() / 1e6)} to {self.path}"
        left_out = self._queue.left_out
        return f"{told}; the disk was too slow for {left_out:,} packets, which are not in it" if left_out else told


def words_of(caption: Caption | None) -> str | None:
    """The words of a picture as the node coded or read them; None where it did not."""
    return None if caption is None else caption.words


def _give_up(stream: BinaryIO, good: int) -> None:
    """Leave a file with what was written whole, wherever it is by now."""
    with suppress(OSError):
        descriptor = os.dup(stream.fileno())  # closing writes once more what could not be written
        with suppress(OSError):
            stream.close()
        with suppress(OSError):
            os.ftruncate(descriptor, good)
        os.close(descriptor)


def _as_webp(image: Image.Image) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((SNAPSHOT_SIDE, SNAPSHOT_SIDE))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=SNAPSHOT_QUALITY)
    return file.getvalue()


def without_content(error: BaseException) -> str:
    """Return the kind of an exception and the line that raised it: its own words may quote a caption."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
