"""Dispatches a session's records to an observer, as in the live call."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call.observers import CallObserver, ChatLine
from node.recording.participants import fitting_name
from node.recording.reader import picture_of
from node.recording.typed_lines import RecordedLine, line_of
from node.speech.send_stream import SpeechPacket
from protocol.errors import PacketError
from protocol.log import Frame, Header, Joined, Left, Note, Record, Snapshot, Speech
from protocol.signalling import Carries, Hello
from protocol.speech import opus_packet

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger(__name__)

_US = 1_000_000

# The capabilities that this program knows: a recording may have others.
KNOWN = Carries.EVERYTHING | Carries.LYRA_IN | Carries.TEXT | Carries.HIGH_BAND_IN | Carries.ENHANCED_IN

# Of a snapshot, which a recorder makes of 640 x 640 at most: a larger one is forged, and may take seconds to open.
MAX_SNAPSHOT_PIXELS = 1 << 22


# What a snapshot may be: a recorder writes the first. For one of the others (EPS) Pillow would run a program.
SNAPSHOT_FORMATS = ("WEBP", "JPEG", "PNG")


@dataclass(frozen=True, slots=True)
class DecodedSnapshot(Snapshot):
    """A snapshot with its decoded `image`, RGB; None if it cannot be decoded."""

    image: Image.Image | None = None


def decode_snapshot(record: Snapshot) -> DecodedSnapshot:
    """Decode a snapshot."""
    from PIL import Image

    opened = None
    try:
        with Image.open(io.BytesIO(record.data), formats=SNAPSHOT_FORMATS) as image:
            if image.width * image.height <= MAX_SNAPSHOT_PIXELS:
                opened = image.convert("RGB")
    except Exception:  # on broken bytes Pillow's readers raise errors of any kind
        logger.debug("a snapshot of %d bytes is no picture", len(record.data))
    return DecodedSnapshot(record.at_us, record.sequence, record.format, record.data, opened)


class RecordDispatcher:
    """Calls an observer with what records report, and keeps track of the peers present."""

    def __init__(self, header: Header, observer: CallObserver) -> None:
        self._header, self._observer = header, observer
        self._present: dict[str, Joined] = {}
        self._snapshot: Snapshot | None = None

    def departed(self, state: Iterable[Record]) -> Iterator[Left]:
        """Yield a Left for each peer that is present now, and absent in another state."""
        remaining = {record.peer for record in state if isinstance(record, Joined)}
        for peer in [peer for peer in self._present if peer not in remaining]:
            yield Left(0, peer)

    def dispatch(self, record: Record, caption: str = "") -> None:
        """Call the observer with a record; `caption` is that of a picture."""
        match record:
            case Joined(peer=peer, name=name, carries=carries):
                if self._present.get(peer) != record:
                    self._present[peer] = record
                    self._observer.joined(peer, Hello(0, fitting_name(name), Carries(carries & KNOWN)))
            case Left(peer=peer):
                if self._present.pop(peer, None) is not None:
                    self._observer.left(peer)
            case Speech():
                self._dispatch_speech(record)
            case Frame():
                self._dispatch_frame(record, caption)
            case Snapshot():
                self._snapshot = record
            case Note(text=text):
                self._observer.noted(text)

    def _dispatch_speech(self, record: Speech) -> None:
        if record.sender == self._header.node:
            at, payload = record.at_us / _US, record.payload
            packet = SpeechPacket(payload, record.timestamp, at, True, _duration_ms(payload), record.copies)
            self._observer.speech_sent(packet)
        else:
            self._observer.speech_received(
                record.sender, record.sequence, record.timestamp, record.payload, record.copies
            )

    def _dispatch_frame(self, record: Frame, caption: str) -> None:
        if (line := line_of(record)) is not None:
            self._observer.line_typed(self._chat_line(line, record.sender), record.frame)
        elif record.sender != self._header.node:
            self._observer.frame_received(record.sender, record.frame)
        else:
            self._dispatch_snapshot(record, caption)
            self._observer.frame_sent(record.frame)

    def _chat_line(self, line: RecordedLine, via: str) -> ChatLine:
        header = self._header
        name = line.name or (self._present[line.author].name if line.author in self._present else "")
        name = name or (header.name if line.author == header.node else "") or line.author
        at = header.started_ns / 1e9 + line.at_s
        name, mine = fitting_name(name), False
        return ChatLine(line.author, line.number, name, line.text, at, mine, via, spoken_s=line.spoken_s)

    def _dispatch_snapshot(self, record: Frame, caption: str) -> None:
        """Report the snapshot of a picture, whose record precedes the picture's."""
        snapshot, self._snapshot = self._snapshot, None
        picture = picture_of(record.frame)
        if snapshot is None or picture is None or picture.sequence != snapshot.sequence:
            return
        image = snapshot.image if isinstance(snapshot, DecodedSnapshot) else decode_snapshot(snapshot).image
        if image is not None:
            self._observer.captioned(image, snapshot.sequence, caption)


def _duration_ms(payload: bytes) -> int:
    try:
        return round(opus_packet.duration_ms(payload))
    except PacketError:
        return 0
