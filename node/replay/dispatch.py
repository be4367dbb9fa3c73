"""A session's records, told to a witness as the live call would have told them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.call.observers import CallObserver
from node.recording.participants import fitting_name
from node.speech.send_stream import SpeechPacket
from protocol import frames
from protocol.errors import FrameError, PacketError, VersionError
from protocol.log import Frame, Header, Joined, Left, Note, Record, Snapshot, Speech
from protocol.signalling import Carries, Hello
from protocol.speech import opus_packet

if TYPE_CHECKING:
    from PIL import Image

_US = 1_000_000
KNOWN = Carries.EVERYTHING | Carries.LYRA_IN


# Of a kept snapshot, which has 640 x 640 at most: a larger one is not ours, and may take seconds to open.
MAX_SNAPSHOT_PIXELS = 1 << 22


@dataclass(frozen=True, slots=True)
class DecodedSnapshot(Snapshot):
    """A snapshot whose picture was opened already; `image` is RGB, None if it is none."""

    image: Image.Image | None = None


def decode_snapshot(record: Snapshot) -> DecodedSnapshot:
    """Return the snapshot with its picture."""
    from PIL import Image

    opened = None
    try:
        with Image.open(io.BytesIO(record.data)) as image:
            if image.width * image.height <= MAX_SNAPSHOT_PIXELS:
                opened = image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass  # no picture, and nothing to show
    return DecodedSnapshot(record.at_us, record.sequence, record.format, record.data, opened)


class RecordDispatcher:
    """Tells a witness what happened, and knows who is here."""

    def __init__(self, header: Header, witness: CallObserver) -> None:
        self._header, self._witness = header, witness
        self._here: dict[str, Joined] = {}
        self._snapshot: Snapshot | None = None

    def leavers(self, holds: Iterable[Record]) -> Iterator[Left]:
        """Yield a leave of each one who is here and, in that state of things, is not."""
        staying = {record.peer for record in holds if isinstance(record, Joined)}
        for peer in [peer for peer in self._here if peer not in staying]:
            yield Left(0, peer)

    def tell(self, record: Record, words: str = "") -> None:
        """Tell of a record; `words` are a picture's."""
        match record:
            case Joined(peer=peer, name=name, carries=carries):
                if self._here.get(peer) != record:
                    self._here[peer] = record
                    self._witness.joined(peer, Hello(0, fitting_name(name), Carries(carries & KNOWN)))
            case Left(peer=peer):
                if self._here.pop(peer, None) is not None:
                    self._witness.left(peer)
            case Speech():
                self._tell_speech(record)
            case Frame():
                self._tell_frame(record, words)
            case Snapshot():
                self._snapshot = record
            case Note(text=text):
                self._witness.noted(text)

    def _tell_speech(self, record: Speech) -> None:
        if record.sender == self._header.node:
            at, payload = record.at_us / _US, record.payload
            packet = SpeechPacket(payload, record.timestamp, at, True, _duration_ms(payload), record.copies)
            self._witness.speech_sent(packet)
        else:
            self._witness.speech_came(record.sender, record.sequence, record.timestamp, record.payload, record.copies)

    def _tell_frame(self, record: Frame, words: str) -> None:
        if record.sender != self._header.node:
            self._witness.frame_came(record.sender, record.frame)
            return
        self._tell_snapshot(record, words)
        self._witness.frame_sent(record.frame)

    def _tell_snapshot(self, record: Frame, words: str) -> None:
        """A snapshot lies before the frame that was made of it."""
        kept, self._snapshot = self._snapshot, None
        if kept is None or sequence_of(record.frame) != kept.sequence:
            return
        image = kept.image if isinstance(kept, DecodedSnapshot) else decode_snapshot(kept).image
        if image is not None:
            self._witness.captioned(image, kept.sequence, words)


def sequence_of(frame: bytes) -> int | None:
    """Return the number of a picture; None for any other frame."""
    try:
        decoded = frames.decode(frame)
    except (FrameError, VersionError):
        return None
    return decoded.sequence if isinstance(decoded, frames.Picture) else None


def _duration_ms(payload: bytes) -> int:
    try:
        return round(opus_packet.duration_ms(payload))
    except PacketError:
        return 0
