"""Observers of a call, such as a recorder or a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.common.peer_faults import PeerFaults
from node.links.peer_events import PeerEvents

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.speech.send_stream import SpeechPacket
    from node.vision.types import PaintedPicture
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A line of a person, as foreign as its author: `printable` where it is shown.

    `author` is a node's id and `number` counts its lines; `via` is the node that it came from, which may relay what was
    said before we came. `at` is Unix time. One that was not typed was spoken, from `at` on for `spoken_s`. Of lines of
    our own (`mine`), `have` are the names of those who have it, and `waiting` of those present who lack it.
    """

    author: str
    number: int
    name: str
    text: str
    at: float
    mine: bool
    via: str
    have: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    spoken_s: float = 0.0

    @property
    def id(self) -> str:
        """What identifies the line among all of a call."""
        return f"{self.author}-{self.number}"


class CallObserver:
    """Observes what crosses the wire, opened, at the moment it does. Does nothing with it: a base to derive from.

    Each method is called in the event loop, must return at once, and raises nothing. `peer` is a node's id. RTP
    sequence numbers and timestamps (48 kHz) are as on the wire; frames are semantic frames (`protocol.frames`).
    A picture's frame comes with its words, or without if a newer one replaced it before they were read.
    """

    # Whether the bits that the words took are to be measured: coding them once more, beside the loop.
    wants_bits = False

    def joined(self, peer: str, hello: Hello) -> None:
        """Observe that a peer joined, or said hello with other contents."""

    def left(self, peer: str) -> None:
        """Observe that a peer left."""

    def speech_sent(self, packet: SpeechPacket) -> None:
        """Observe a packet of ours that was sent to every peer that listens."""

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """Observe a packet of a peer, in the order in which the network delivers; it may be no Opus packet."""

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        """Observe a frame of ours that is handed to the broker."""

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        """Observe a valid frame of a peer."""

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        """Observe a snapshot of ours that became the words of the picture frame with this number."""

    def painted(self, painted: PaintedPicture) -> None:
        """Observe a picture that was painted from a peer's words."""

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        """Observe a line that was said here, or that arrived and was read; the frame is as on the wire."""

    def line_marked(self, line: ChatLine) -> None:
        """Observe that others have a line of ours who lacked it, or that there are others who lack it."""

    def link_missing(self, peer: str, why: str | None) -> None:
        """Observe that no speech link with a peer comes about, or that it is lost, and why; None once it is there."""

    def here_by_speech(self, peer: str, name: str, is_so: bool) -> None:
        """Observe a member without a broker (see `node.links.peer_events.PeerEvents.here_by_speech`)."""

    def floor_changed(self, holder: str) -> None:
        """Observe who has the floor now (a node's id, also our own; "" is nobody), or that we ask for it or no more."""

    def noted(self, text: str) -> None:
        """Observe a note to the user."""


class Observers(CallObserver, PeerEvents):
    """Notifies all observers, in the order in which they were added. They may be added and removed during a call.

    One that raises an exception, against the rule, stops neither the others nor the call.
    """

    def __init__(self, *observers: CallObserver, faults: PeerFaults | None = None) -> None:
        self._all = list(observers)
        self._faults = faults or PeerFaults(logger.error)

    def add(self, observer: CallObserver) -> None:
        """Notify this one too, from now on."""
        self._all.append(observer)

    def remove(self, observer: CallObserver) -> None:
        """Notify this one no more. Raises ValueError if it was never added."""
        self._all.remove(observer)

    def want_bits(self) -> bool:
        """Return whether any of them wants the bits of captions."""
        return any(observer.wants_bits for observer in self._all)

    def joined(self, peer: str, hello: Hello) -> None:
        self._each(lambda observer: observer.joined(peer, hello))

    def left(self, peer: str) -> None:
        self._each(lambda observer: observer.left(peer))

    def speech_sent(self, packet: SpeechPacket) -> None:
        self._each(lambda observer: observer.speech_sent(packet))

    def speech_received(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._each(lambda observer: observer.speech_received(peer, sequence, timestamp, payload, copies))

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self._each(lambda observer: observer.frame_sent(frame, caption))

    def frame_received(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._each(lambda observer: observer.frame_received(peer, frame, caption))

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        self._each(lambda observer: observer.captioned(snapshot, sequence, words))

    def painted(self, painted: PaintedPicture) -> None:
        self._each(lambda observer: observer.painted(painted))

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self._each(lambda observer: observer.line_typed(line, frame))

    def line_marked(self, line: ChatLine) -> None:
        self._each(lambda observer: observer.line_marked(line))

    def link_missing(self, peer: str, why: str | None) -> None:
        self._each(lambda observer: observer.link_missing(peer, why))

    def here_by_speech(self, peer: str, name: str, is_so: bool) -> None:
        self._each(lambda observer: observer.here_by_speech(peer, name, is_so))

    def floor_changed(self, holder: str) -> None:
        self._each(lambda observer: observer.floor_changed(holder))

    def noted(self, text: str) -> None:
        self._each(lambda observer: observer.noted(text))

    def _each(self, notify: Callable[[CallObserver], None]) -> None:
        for observer in tuple(self._all):
            with self._faults.contained(type(observer).__name__, "what was to be shown or recorded"):
                notify(observer)
