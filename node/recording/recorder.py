"""Records what crosses the wire during a call, in a thread: the call never waits for the disk."""

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

from node.call.observers import CallObserver, ChatLine
from node.recording.reader import plural
from node.recording.timecode import format_time
from node.recording.writer import CHUNK_S, FileLocation, SessionWriter, create_file, in_chunks, locate
from protocol import log
from protocol.errors import LocalError

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.speech.send_stream import SpeechPacket
    from node.vision.types import PaintedPicture
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

logger = logging.getLogger(__name__)

# Records that may wait for a disk that has stopped: several minutes of a busy room, a few megabytes. Further ones are
# left out, as speech must not fill the memory.
MAX_WAITING = 20_000

# Of those records, for packets that are larger than speech: 32 MB.
MAX_WAITING_BYTES = 1 << 25

# Snapshots that may wait, each of a megabyte or many. Further ones are left out.
MAX_WAITING_SNAPSHOTS = 4

# Of kept snapshots: enough to compare, some 20 kB each.
SNAPSHOT_SIDE = 640
SNAPSHOT_QUALITY = 80

_SEQUENCES, _TIMESTAMPS = 1 << 16, 1 << 32


@dataclass(frozen=True, slots=True)
class _PendingSnapshot:
    """A snapshot that is not encoded yet."""

    at_us: int
    sequence: int
    image: Image.Image


_Waiting: TypeAlias = log.Record | _PendingSnapshot


@dataclass
class _Queue:
    """Records to be written: added in the event loop, taken in the thread."""

    waiting: list[_Waiting] = field(default_factory=list)
    left_out: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    _bytes: int = 0
    _snapshots: int = 0

    def put(self, record: _Waiting) -> None:
        """Add a record; one that exceeds the limits is left out, and counted."""
        is_snapshot, size = isinstance(record, _PendingSnapshot), _size(record)
        with self.lock:
            if (
                len(self.waiting) >= MAX_WAITING
                or self._bytes + size > MAX_WAITING_BYTES
                or (is_snapshot and self._snapshots >= MAX_WAITING_SNAPSHOTS)
            ):
                self.left_out += 1
                return
            self.waiting.append(record)
            self._bytes += size
            self._snapshots += is_snapshot

    def take(self) -> list[_Waiting]:
        """Take all records, in the order in which they were added."""
        with self.lock:
            taken, self.waiting = self.waiting, []
            self._bytes = self._snapshots = 0
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
    """Records a call to a new file until `stop`, or until the disk is full or gone.

    `header` describes the session (its times are set here), `already` is the call's state before. When the recording
    has ended, `outcome` is a line for the user, and `ended` is called, in the recorder's thread. `empty` tells whether
    no peer joined and nothing crossed the wire. A process that is killed loses at most the last two seconds.

    The file is made at once: raises UsageError or NodeError if it cannot be. With `opened` it is made in the thread, as
    a disk may be slow, and `opened` called there when it exists; if it cannot be made, the `outcome` says why.
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
        self._secret, self._keep_snapshots, self._ended = secret, keep_snapshots, ended
        self._queue, self._stop = _Queue(list(already)), threading.Event()
        self._sent = 0
        self.empty = True
        self.was_opened = False
        self._opened, self._stream = opened, None if opened else create_file(path)
        self._thread = threading.Thread(target=self._run, name=f"recorder of {path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the file. Returns at once; `join` waits for it."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the file to be complete; return whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def discard(self) -> None:
        """Delete the file of a recording that has ended, unless it was moved."""
        with suppress(OSError):
            self.path.unlink()
        self.outcome = ""

    def record_meters(self, values: Mapping[str, float]) -> None:
        """Record counts of the node (`node.recording.control.read_meters`)."""
        self._queue.put(log.Meters(self._now(), dict(values)))

    # -- what crosses the wire (see node.call.observers)

    def joined(self, peer: str, hello: Hello) -> None:
        self._record_event(log.Joined(self._now(), peer, hello.name, int(hello.carries)))

    def left(self, peer: str) -> None:
        self._queue.put(log.Left(self._now(), peer))

    def speech_sent(self, packet: SpeechPacket) -> None:
        sequence, timestamp = self._sent % _SEQUENCES, packet.timestamp % _TIMESTAMPS
        self._sent += 1
        own = self._header.node
        self._record_event(log.Speech(self._now(), own, sequence, timestamp, packet.payload, packet.copies))

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._record_event(log.Speech(self._now(), peer, sequence, timestamp, payload, tuple(copies)))

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self._record_event(log.Frame(self._now(), self._header.node, frame, caption_text(caption)))

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._record_event(log.Frame(self._now(), peer, frame, caption_text(caption)))

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self._record_event(log.Frame(self._now(), line.via, frame, line.text))

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        if self._keep_snapshots:
            self._queue.put(_PendingSnapshot(self._now(), sequence, snapshot))

    def painted(self, painted: PaintedPicture) -> None:
        """Record nothing: a replay paints the picture again from its words and seed."""

    def noted(self, text: str) -> None:
        self._queue.put(log.Note(self._now(), text))

    def _record_event(self, record: log.Record) -> None:
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
        self._write_to(stream)
        self._ended()

    def _write_to(self, stream: BinaryIO) -> None:
        good_bytes = 0
        try:
            writer = SessionWriter(stream, self._header, self._secret)
            is_last, good_bytes = False, stream.tell()
            while not is_last:
                is_last = self._stop.wait(CHUNK_S) or locate(stream, self.path).is_deleted
                for block in in_chunks(self._records()):  # after a disk that stood still there are many
                    writer.write(block)
                    good_bytes = stream.tell()
            writer.finish(self._now())
            location = locate(stream, self.path)
            stream.close()
            self.outcome = self._outcome(location, writer.left_out)
        except OSError as error:
            self._abandon(stream, good_bytes)
            self.outcome = f"no longer recording: cannot write {str(self.path)!r}: {error.strerror or error}"
        except Exception as error:  # whatever it is, the call must go on, and the user must know
            logger.error("the recorder failed: %s", without_content(error))
            self._abandon(stream, good_bytes)
            fault = f"a fault of this program, {without_content(error)}"
            self.outcome = f"no longer recording to {str(self.path)!r}: {fault}"

    def _abandon(self, stream: BinaryIO, good_bytes: int) -> None:
        """Close a file that cannot be written any further, cut after its last complete chunk; without one it goes."""
        with suppress(OSError):
            descriptor = os.dup(stream.fileno())  # closing writes once more what could not be written
            with suppress(OSError):
                stream.close()
            with suppress(OSError):
                os.ftruncate(descriptor, good_bytes)
            os.close(descriptor)
        with suppress(OSError):
            if not good_bytes and not self.path.stat().st_size:
                self.discard()

    def _records(self) -> Iterator[log.Record]:
        """Take the waiting records, their snapshots encoded."""
        for waiting in self._queue.take():
            match waiting:
                case _PendingSnapshot():
                    yield log.Snapshot(waiting.at_us, waiting.sequence, "webp", _as_webp(waiting.image))
                case _:
                    yield waiting

    def _outcome(self, location: FileLocation, unwritten: int) -> str:
        if location.is_deleted:
            return f"no longer recording: {str(self.path)!r} was deleted, and what was recorded with it"
        outcome = f"recorded {format_time(self._now() / 1e6)} to {self.path}"
        if left_out := self._queue.left_out:
            outcome += f"; the disk was too slow for {left_out:,} packets, which are not in it"
        if unwritten:
            outcome += f"; {plural(unwritten, 'record')} could not be written"
        if location.path == self.path:
            return outcome
        where = f"moved meanwhile to {location.path}" if location.path else "moved meanwhile, to where is not known"
        return f"{outcome}; this file was {where}"


def caption_text(caption: Caption | None) -> str | None:
    """Return a picture's caption as the node encoded or decoded it; None if it did not."""
    return None if caption is None else caption.words


def _as_webp(image: Image.Image) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((SNAPSHOT_SIDE, SNAPSHOT_SIDE))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=SNAPSHOT_QUALITY)
    return file.getvalue()


def without_content(error: BaseException) -> str:
    """Return the type of an exception and the line that raised it: its message may quote a caption."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
