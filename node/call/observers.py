"""What may look on while a node takes part in a call: a recorder, a page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from node.common.peer_faults import PeerFaults

if TYPE_CHECKING:
    from PIL import Image

    from node.captions.coder import Caption
    from node.speech.send_stream import SpeechPacket
    from node.vision.sender import PaintedPicture
    from protocol.rtp.red import Copy
    from protocol.signalling import Hello

logger = logging.getLogger(__name__)


class CallObserver:
    """Is told what crosses the wire, opened, at the moment it does. Does nothing with it: a base to derive from.

    Each method is called in the event loop, must return at once, and raises nothing. ``peer`` is a node's id. RTP
    sequence numbers and timestamps (48 kHz) are as on the wire; frames are semantic frames (`protocol.frames`).
    A picture's frame goes along with its words; without them when nobody read those, for a newer one came.
    """

    wants_bits = False
    """Whether the bits that the words took are to be measured: coding them once more, beside the loop."""

    def joined(self, peer: str, hello: Hello) -> None:
        """Somebody is here, or said hello anew."""

    def left(self, peer: str) -> None:
        """Somebody is gone."""

    def speech_sent(self, packet: SpeechPacket) -> None:
        """A packet of ours went to everyone who listens."""

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """A packet came, in whatever order the network brings them; it may be no Opus packet."""

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        """A frame of ours was handed to the broker."""

    def frame_came(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        """A frame came that can be read."""

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        """A snapshot of ours became the words of the picture frame with this number."""

    def painted(self, painted: PaintedPicture) -> None:
        """A peer's words became a picture."""

    def noted(self, text: str) -> None:
        """A person was told something."""


class Observers(CallObserver):
    """Tells all of them, in the order in which they came. They may come and go while a call runs.

    One that raises something, against the rule, keeps neither the others nor the call from going on.
    """

    def __init__(self, *witnesses: CallObserver, faults: PeerFaults | None = None) -> None:
        self._all = list(witnesses)
        self._faults = faults or PeerFaults(logger.error)

    def add(self, witness: CallObserver) -> None:
        """Tell this one too, from now on."""
        self._all.append(witness)

    def remove(self, witness: CallObserver) -> None:
        """Tell this one no more; ValueError if it never came."""
        self._all.remove(witness)

    def want_bits(self) -> bool:
        """Return whether any of them wants to know the bits of captions."""
        return any(witness.wants_bits for witness in self._all)

    def joined(self, peer: str, hello: Hello) -> None:
        self._each(lambda witness: witness.joined(peer, hello))

    def left(self, peer: str) -> None:
        self._each(lambda witness: witness.left(peer))

    def speech_sent(self, packet: SpeechPacket) -> None:
        self._each(lambda witness: witness.speech_sent(packet))

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self._each(lambda witness: witness.speech_came(peer, sequence, timestamp, payload, copies))

    def frame_sent(self, frame: bytes, caption: Caption | None = None) -> None:
        self._each(lambda witness: witness.frame_sent(frame, caption))

    def frame_came(self, peer: str, frame: bytes, caption: Caption | None = None) -> None:
        self._each(lambda witness: witness.frame_came(peer, frame, caption))

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        self._each(lambda witness: witness.captioned(snapshot, sequence, words))

    def painted(self, painted: PaintedPicture) -> None:
        self._each(lambda witness: witness.painted(painted))

    def noted(self, text: str) -> None:
        self._each(lambda witness: witness.noted(text))

    def _each(self, call: Callable[[CallObserver], None]) -> None:
        for witness in tuple(self._all):
            with self._faults.contained(type(witness).__name__, "what was to be shown or recorded"):
                call(witness)
