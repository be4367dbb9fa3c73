"""Writes down what crosses the wire, while it does, in a thread: the call never waits for the disk."""

from __future__ import annotations

import io
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from node.session.times import clock as as_clock
from node.session.writer import CHUNK_S, SessionWriter, create
from node.witness import Witness
from protocol import log

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.pictures import Painted
    from node.speech.talker import Packet
    from protocol.signalling import Hello
    from protocol.speech.red import Copy

logger = logging.getLogger(__name__)

MAX_WAITING = 20_000
"""Records that may wait for a disk that has stopped: several minutes of a busy room, a few megabytes. Then they are
left out, as speech must not fill the memory."""

SNAPSHOT_SIDE = 640
SNAPSHOT_QUALITY = 80
"""Of kept snapshots: enough to compare, some 20 kB each."""

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

    def put(self, record: _Waiting) -> None:
        with self.lock:
            if len(self.waiting) < MAX_WAITING:
                self.waiting.append(record)
            else:
                self.left_out += 1

    def take(self) -> list[_Waiting]:
        with self.lock:
            taken, self.waiting = self.waiting, []
        return taken


class Recorder(Witness):
    """Records to a new file from now on until `stop`, or until the disk is full or gone.

    `header` says what is recorded (its times are set here), `already` is what held before. When the recording has
    ended, `outcome` is a line for a person, and `ended` is called, in the recorder's thread. `empty` tells whether
    nobody came and nothing crossed the wire. A process that is killed loses at most the last two seconds. Raises
    UsageError or NodeError if the file cannot be made.
    """

    def __init__(
        self,
        path: Path,
        header: log.Header,
        *,
        already: Sequence[log.Record] = (),
        secret: bytes | None = None,
        keep_snapshots: bool = False,
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
        self._stream = create(path)
        self._thread = threading.Thread(target=self._run, name=f"recorder of {path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and the end. Returns at once; `join` waits for it."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait so many seconds for the file to be whole; whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def measured(self, values: Mapping[str, float]) -> None:
        """Write down what was counted up to now."""
        self._queue.put(log.Meters(self._now(), dict(values)))

    # -- what crosses the wire (see node.witness)

    def joined(self, peer: str, hello: Hello) -> None:
        self._happened(log.Joined(self._now(), peer, hello.name, int(hello.carries)))

    def left(self, peer: str) -> None:
        self._queue.put(log.Left(self._now(), peer))

    def speech_sent(self, packet: Packet) -> None:
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

    def painted(self, painted: Painted) -> None:
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
        good = 0
        try:
            writer = SessionWriter(self._stream, self._header, self._secret)
            good = self._stream.tell()
            while not self._stop.wait(CHUNK_S):
                writer.write(list(self._records()))
                good = self._stream.tell()
            writer.write(list(self._records()))
            good = self._stream.tell()
            writer.finish(self._now())
            self._stream.close()
            self.outcome = self._told()
        except OSError as error:
            self._give_up(good)
            self.outcome = f"no longer recording: cannot write {str(self.path)!r}: {error.strerror or error}"
        except Exception as error:  # whatever it is, the call must go on, and a person must know
            logger.exception("the recorder failed")
            self._give_up(good)
            self.outcome = f"no longer recording to {str(self.path)!r}: {error!r}"
        finally:
            self._ended()

    def _records(self) -> Iterator[log.Record]:
        """What waits, made complete: snapshots become files."""
        for waiting in self._queue.take():
            match waiting:
                case _Shot():
                    yield log.Snapshot(waiting.at_us, waiting.sequence, "webp", _as_webp(waiting.image))
                case _:
                    yield waiting

    def _give_up(self, good: int) -> None:
        """Leave the file with what was written whole."""
        with suppress(OSError):
            self._stream.close()
        with suppress(OSError):
            os.truncate(self.path, good)

    def _told(self) -> str:
        told = f"recorded {as_clock(self._now() / 1e6)} to {self.path}"
        left_out = self._queue.left_out
        return f"{told}; the disk was too slow for {left_out:,} packets, which are not in it" if left_out else told


def words_of(caption: Caption | None) -> str | None:
    """The words of a picture as the node coded or read them; None where it did not."""
    return None if caption is None else caption.words


def _as_webp(image: Image.Image) -> bytes:
    small = image.convert("RGB")
    small.thumbnail((SNAPSHOT_SIDE, SNAPSHOT_SIDE))
    file = io.BytesIO()
    small.save(file, "WEBP", quality=SNAPSHOT_QUALITY)
    return file.getvalue()
