"""Observers of a call and of a recording that feed a page: its state, and the audio for browsers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from node.call.observers import CallObserver, ChatLine
from node.captions.coder import bits_of
from node.web.live_rates import frame_cost
from node.web.person_state import PictureEntry
from protocol import frames
from protocol.errors import RemoteError
from protocol.signalling import Carries

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.links.wire_meter import WireMeter
    from node.replay.pictures import RecordedPicture
    from node.speech.send_stream import SpeechPacket
    from node.vision.types import PaintedPicture
    from node.web.broadcast import Broadcast
    from node.web.replay_audio import ReplayAudio
    from node.web.state import PageState
    from protocol.captions.registry import CaptionCodecs
    from protocol.log import Header
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello


class PageAudio(Protocol):
    """What forwards people's Opus packets to browsers."""

    def forward(self, person: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None: ...

    def left(self, person: str) -> None: ...


class PageFeeder(CallObserver):
    """What a call and a recording have in common. `own` is the id of the node that is observed, or that recorded."""

    def __init__(self, state: PageState, audio: PageAudio, own: str | None) -> None:
        self._state, self._audio = state, audio
        self._own = own

    def joined(self, peer: str, hello: Hello) -> None:
        speaks, shows = bool(hello.carries & Carries.SPEECH_OUT), bool(hello.carries & Carries.PICTURES_OUT)
        self._state.joined(peer, hello.name, speaks, shows)

    def left(self, peer: str) -> None:
        self._audio.left(peer)
        self._state.left(peer)

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._state.person(peer).rates.add_packet(sequence, payload, _size_of(copies), self._state.clock())
        self._audio.forward(peer, sequence, timestamp, payload, copies)

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        if self._own is not None:
            self._state.add_snapshot(self._own, sequence, snapshot)

    def painted(self, painted: PaintedPicture) -> None:
        self._state.painted(painted.peer, painted.sequence, painted.caption, painted.image)

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self.line_marked(line)

    def line_marked(self, line: ChatLine) -> None:
        if self._state.texts is not None:
            self._state.texts.show(line)

    def noted(self, text: str) -> None:
        self._state.note(text)


class CallFeeder(PageFeeder):
    """Observes one node's call. What the node sends is counted unless another node of the same page receives it, as in
    a demo (`is_seen`). `prefix` begins its notes, `peers` are the others who are in the call.
    """

    wants_bits = True

    def __init__(
        self, state: PageState, broadcast: Broadcast, own: str | None = None, is_seen: bool = False, prefix: str = ""
    ) -> None:
        super().__init__(state, broadcast, own)
        self._counted = None if is_seen else own
        self._prefix = prefix
        self.peers: set[str] = set()
        self._payload_bytes = self._packets = 0

    def joined(self, peer: str, hello: Hello) -> None:
        self.peers.add(peer)
        super().joined(peer, hello)

    def left(self, peer: str) -> None:
        self.peers.discard(peer)
        super().left(peer)

    def speech_sent(self, packet: SpeechPacket) -> None:
        if self._counted is not None:
            rates = self._state.person(self._counted).rates
            rates.add_packet(None, packet.payload, _size_of(packet.copies), self._state.clock())

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._packets += 1
        self._payload_bytes += len(payload) + _size_of(copies)
        super().speech_received(peer, sequence, timestamp, payload, copies)

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._state.person(peer).rates.add_frame(frame_cost(frame), self._state.clock())
        if (entry := self._entry(frame, caption)) is not None:
            self._state.caption_received(peer, entry)

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        if self._counted is None:
            return
        person = self._state.person(self._counted)
        person.rates.add_frame(frame_cost(frame), self._state.clock())
        entry = self._entry(frame, caption)
        if entry is not None and entry.sequence not in person.pictures:
            self._state.caption_sent(person.id, entry)

    def link_missing(self, peer: str, why: str | None) -> None:
        self._state.set_facts(peer, missing=why)

    def here_by_speech(self, peer: str, name: str, is_so: bool) -> None:
        """Show a member without a broker, also one that is none of the node's peers."""
        if peer in self.peers:
            self._state.set_facts(peer, broker=not is_so)
        elif is_so:
            self._state.joined(peer, name, speaks=False, shows=False)
            self._state.set_facts(peer, broker=False)
        else:
            self._state.left(peer)

    def noted(self, text: str) -> None:
        super().noted(self._prefix + text)

    def speech_overhead(self, meter: WireMeter) -> float | None:
        """Return the mean bytes of a received speech packet beside its payload, by the node's meter; None before the
        first packet.
        """
        received = meter.speech("received")
        if not received.packets or not self._packets:
            return None
        return max(0.0, received.bytes / received.packets - self._payload_bytes / self._packets)

    def _entry(self, payload: bytes, caption: Caption | None) -> PictureEntry | None:
        """Return the picture of a frame; None for any other frame, or one whose caption was not decoded."""
        try:
            frame = frames.decode(payload)
        except RemoteError:
            return None
        if caption is None or not isinstance(frame, frames.Picture):
            return None
        coded = 8 * len(frame.caption) if caption.bits is None else caption.bits
        return PictureEntry(
            frame.sequence,
            caption.words,
            self._state.wall(),
            bits=coded + 8 * len(frame.look),
            bytes=len(payload),
            wire_bytes=frame_cost(payload),
        )


class ReplayFeeder(PageFeeder):
    """Observes a recording's player, which also calls `caption_read` and `sought`.

    The node that recorded is shown as the other people are. Captions are those that the player decoded: a recording may
    begin in the middle, and be of another codebook. Where nothing `paints` they are all there is of a picture.
    """

    def __init__(
        self, state: PageState, audio: ReplayAudio, header: Header, codecs: CaptionCodecs, paints: bool
    ) -> None:
        super().__init__(state, audio, header.node)
        self._replay_audio = audio
        self._recorder, self._started_s = header.node, header.started_ns / 1e9
        self._codecs, self._paints = codecs, paints
        self._packets_sent = 0

    def speech_sent(self, packet: SpeechPacket) -> None:
        """Handle it as received: the recorder numbers its packets from 0, too, and none of them is lost."""
        sequence = self._packets_sent & 0xFFFF
        self.speech_received(self._recorder, sequence, packet.timestamp, packet.payload, packet.copies)
        self._packets_sent += 1

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self.frame_received(self._recorder, frame)

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._state.person(peer).rates.add_frame(frame_cost(frame), self._state.clock())

    def caption_read(self, recorded: RecordedPicture) -> None:
        """Show a caption that the player decoded."""
        picture, frame = recorded.picture, frames.encode(recorded.picture)
        entry = PictureEntry(
            picture.sequence,
            recorded.prompt.text,
            self._started_s + recorded.at_s,
            bits=bits_of(self._codecs, recorded.prompt.text, picture.codec, picture.caption) + 8 * len(picture.look),
            bytes=len(frame),
            wire_bytes=frame_cost(frame),
        )
        if self._paints:
            self._state.caption_received(recorded.sender, entry)
        else:
            self._state.caption_sent(recorded.sender, entry)

    def sought(self) -> None:
        """Begin again: the recording continues at another position."""
        self._state.clear()
        if self._state.texts is not None:
            self._state.texts.forget_after(self._state.wall(), self._state.to_json)
        self._replay_audio.sought()


def _size_of(copies: Sequence[Copy]) -> int:
    return sum(len(copy.payload) for copy in copies)
