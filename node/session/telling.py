"""A session's records, told to a witness as the live call would have told them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from node.speech.talker import Packet
from node.witness import Witness
from protocol import frames
from protocol.errors import FrameError, PacketError, VersionError
from protocol.log import Frame, Header, Joined, Left, Note, Record, Snapshot, Speech
from protocol.signalling import Carries, Hello
from protocol.speech import opus

_US = 1_000_000
KNOWN = Carries.EVERYTHING | Carries.LYRA_IN


class Teller:
    """Tells a witness what happened, and knows who is here."""

    def __init__(self, header: Header, witness: Witness) -> None:
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
                    self._witness.joined(peer, Hello(0, name, Carries(carries & KNOWN)))
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
            packet = Packet(payload, record.timestamp, at, True, _duration_ms(payload), record.copies)
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
        from PIL import Image, UnidentifiedImageError

        try:
            image = Image.open(io.BytesIO(kept.data))
            image.load()
        except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
            return
        self._witness.captioned(image.convert("RGB"), kept.sequence, words)


def sequence_of(frame: bytes) -> int | None:
    """Return the number of a picture; None for any other frame."""
    try:
        decoded = frames.decode(frame)
    except (FrameError, VersionError):
        return None
    return decoded.sequence if isinstance(decoded, frames.Picture) else None


def _duration_ms(payload: bytes) -> int:
    try:
        return round(opus.duration_ms(payload))
    except PacketError:
        return 0
