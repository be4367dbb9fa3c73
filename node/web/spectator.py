"""Looks on at a recording: who was in it, the node that recorded too, is shown as the others of a call are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from node.call.observers import CallObserver
from node.captions.coder import bits_of
from node.web.live_rates import frame_cost
from node.web.person_state import PictureEntry
from node.web.state import PageState
from protocol import frames
from protocol.signalling import Carries

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.replay.pictures import RecordedPicture
    from node.speech.send_stream import SpeechPacket
    from node.vision.sender import PaintedPicture
    from node.web.replay_audio import ReplayAudio
    from protocol.captions.registry import CaptionCodecs
    from protocol.log import Header
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello


class ReplayFeeder(CallObserver):
    """A witness for a recording's player, and more: `sought` and `told` are to be called by it as well.

    What it sees goes on the board, what it hears to the soundtrack. Words are those that the player read: a recording
    may begin in the middle, and be of another codebook. Where nothing `paints` they are all there is of a picture.
    """

    def __init__(
        self, board: PageState, soundtrack: ReplayAudio, header: Header, codecs: CaptionCodecs, paints: bool
    ) -> None:
        self._board, self._soundtrack = board, soundtrack
        self._own, self._started_s = header.node, header.started_ns / 1e9
        self._codecs, self._paints = codecs, paints
        self._packets_sent = 0

    def joined(self, peer: str, hello: Hello) -> None:
        speaks, shows = bool(hello.carries & Carries.SPEECH_OUT), bool(hello.carries & Carries.PICTURES_OUT)
        self._board.came(peer, hello.name, speaks, shows)

    def left(self, peer: str) -> None:
        self._soundtrack.left(peer)
        self._board.left(peer)

    def speech_sent(self, packet: SpeechPacket) -> None:
        """The recorder numbers what is sent from 0, too; its own packets are never lost."""
        self.speech_came(self._own, self._packets_sent & 0xFFFF, packet.timestamp, packet.payload, packet.copies)
        self._packets_sent += 1

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        size = sum(len(copy.payload) for copy in copies)
        self._board.person(peer).meters.packet(sequence, payload, size, self._board.clock())
        self._soundtrack.packet(peer, sequence, timestamp, payload, copies)

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self.frame_came(self._own, frame)

    def frame_came(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._board.person(peer).meters.frame(frame_cost(frame), self._board.clock())

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        self._board.snapped(self._own, sequence, snapshot)

    def painted(self, painted: PaintedPicture) -> None:
        self._board.painted(painted.peer, painted.sequence, painted.caption, painted.image)

    def noted(self, text: str) -> None:
        self._board.note(text)

    def told(self, told: RecordedPicture) -> None:
        """A picture's words were read."""
        picture, frame = told.picture, frames.encode(told.picture)
        shown = PictureEntry(
            picture.sequence,
            told.prompt.text,
            self._started_s + told.at_s,
            bits_of(self._codecs, told.prompt.text, picture.codec, picture.caption) + 8 * len(picture.look),
            len(frame),
            frame_cost(frame),
        )
        if self._paints:
            self._board.comes(told.sender, shown)
        else:
            self._board.said(told.sender, shown)

    def sought(self) -> None:
        """The recording goes on elsewhere."""
        self._board.clear()
        self._soundtrack.sought()
