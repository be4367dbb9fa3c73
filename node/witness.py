"""What may look on while a node takes part in a call: a recorder, a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from node.pictures import Painted
    from node.speech.talker import Packet
    from protocol.signalling import Hello
    from protocol.speech.red import Copy


class Witness:
    """Is told what crosses the wire, opened, at the moment it does. Does nothing with it: a base to derive from.

    Each method is called in the event loop, must return at once, and raises nothing. ``peer`` is a node's id. RTP
    sequence numbers and timestamps (48 kHz) are as on the wire; frames are semantic frames (`protocol.frames`).
    """

    def joined(self, peer: str, hello: Hello) -> None:
        """Somebody is here, or said hello anew."""

    def left(self, peer: str) -> None:
        """Somebody is gone."""

    def speech_sent(self, packet: Packet) -> None:
        """A packet of ours went to everyone who listens."""

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        """A packet came, in whatever order the network brings them; it may be no Opus packet."""

    def frame_sent(self, frame: bytes) -> None:
        """A frame of ours was handed to the broker."""

    def frame_came(self, peer: str, frame: bytes) -> None:
        """A frame came that can be read."""

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        """A snapshot of ours became the words of the picture frame with this number."""

    def painted(self, painted: Painted) -> None:
        """A peer's words became a picture."""

    def noted(self, text: str) -> None:
        """A person was told something."""


class Witnesses(Witness):
    """Tells all of them, in the order in which they came. They may come and go while a call runs."""

    def __init__(self, *witnesses: Witness) -> None:
        self._all = list(witnesses)

    def add(self, witness: Witness) -> None:
        """Tell this one too, from now on."""
        self._all.append(witness)

    def remove(self, witness: Witness) -> None:
        """Tell this one no more; ValueError if it never came."""
        self._all.remove(witness)

    def joined(self, peer: str, hello: Hello) -> None:
        for witness in self._all:
            witness.joined(peer, hello)

    def left(self, peer: str) -> None:
        for witness in self._all:
            witness.left(peer)

    def speech_sent(self, packet: Packet) -> None:
        for witness in self._all:
            witness.speech_sent(packet)

    def speech_came(self, peer: str, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        for witness in self._all:
            witness.speech_came(peer, sequence, timestamp, payload, copies)

    def frame_sent(self, frame: bytes) -> None:
        for witness in self._all:
            witness.frame_sent(frame)

    def frame_came(self, peer: str, frame: bytes) -> None:
        for witness in self._all:
            witness.frame_came(peer, frame)

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        for witness in self._all:
            witness.captioned(snapshot, sequence, words)

    def painted(self, painted: Painted) -> None:
        for witness in self._all:
            witness.painted(painted)

    def noted(self, text: str) -> None:
        for witness in self._all:
            witness.noted(text)
