"""Looks on at a call: what it sees goes on the board, what it hears to the listeners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from node.call.observers import CallObserver
from node.links.wire_meter import WireMeter
from node.web.live_rates import frame_cost
from node.web.person_state import PictureEntry
from node.web.state import PageState
from protocol import frames
from protocol.errors import RemoteError
from protocol.signalling import Carries

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.speech.send_stream import SpeechPacket
    from node.vision.sender import PaintedPicture
    from node.web.broadcast import Broadcast
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello


class CallFeeder(CallObserver):
    """A witness of one node's call. `own` is the node's id, None for a recording; what it sends is counted unless it is
    seen by another node of the same page, as in a demo. `prefix` begins its notes.
    """

    wants_bits = True

    def __init__(
        self, board: PageState, sound: Broadcast, own: str | None = None, is_seen: bool = False, prefix: str = ""
    ) -> None:
        self._board, self._sound = board, sound
        self._own = own
        self._counted = None if is_seen else own
        self._prefix = prefix
        self.met: set[str] = set()  # the others who are in the call of this node
        self._payload_bytes = self._packets = 0

    def joined(self, peer: str, hello: Hello) -> None:
        speaks, shows = bool(hello.carries & Carries.SPEECH_OUT), bool(hello.carries & Carries.PICTURES_OUT)
        self.met.add(peer)
        self._board.came(peer, hello.name, speaks, shows)

    def left(self, peer: str) -> None:
        self.met.discard(peer)
        self._sound.left(peer)
        self._board.left(peer)

    def speech_sent(self, packet: SpeechPacket) -> None:
        if self._counted is not None:
            copies = sum(len(copy.payload) for copy in packet.copies)
            self._board.person(self._counted).meters.packet(None, packet.payload, copies, self._board.clock())

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        size = sum(len(copy.payload) for copy in copies)
        self._packets += 1
        self._payload_bytes += len(payload) + size
        self._board.person(peer).meters.packet(sequence, payload, size, self._board.clock())
        self._sound.packet(peer, sequence, timestamp, payload, copies)

    def frame_came(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        person = self._board.person(peer)
        person.meters.frame(frame_cost(frame), self._board.clock())
        if (shown := self._shown(frame, caption)) is not None:
            self._board.comes(peer, shown)

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        if self._counted is None:
            return
        person = self._board.person(self._counted)
        person.meters.frame(frame_cost(frame), self._board.clock())
        shown = self._shown(frame, caption)
        if shown is not None and shown.sequence not in person.pictures:
            self._board.said(person.id, shown)

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        if self._own is not None:
            self._board.snapped(self._own, sequence, snapshot)

    def painted(self, painted: PaintedPicture) -> None:
        self._board.painted(painted.peer, painted.sequence, painted.caption, painted.image)

    def noted(self, text: str) -> None:
        self._board.note(self._prefix + text)

    def measure(self, meter: WireMeter) -> float | None:
        """Return what a received packet of speech takes besides its payload, as the node's meter has it."""
        rtp = meter.received["rtp"]
        if not rtp.packets or not self._packets:
            return None
        return max(0.0, rtp.bytes / rtp.packets - self._payload_bytes / self._packets)

    def _shown(self, payload: bytes, caption: Caption | None) -> PictureEntry | None:
        """Return what a picture frame says; None for any other, or one whose words nobody read."""
        try:
            frame = frames.decode(payload)
        except RemoteError:
            return None
        if caption is None or not isinstance(frame, frames.Picture):
            return None
        coded = 8 * len(frame.caption) if caption.bits is None else caption.bits
        bits = coded + 8 * len(frame.look)
        return PictureEntry(frame.sequence, caption.words, self._board.wall(), bits, len(payload), frame_cost(payload))
