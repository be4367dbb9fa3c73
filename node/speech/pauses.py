"""What is sent of a pause: a little of its beginning, one packet that says so, and then nothing.

The first moments after the last word are sent as they are: words end softly, and the listener learns from them what
the room sounds like, to go on with that. The packet that ends them closes with an empty frame, which Opus defines as
"nothing to send" (RFC 6716, section 2.1.9): so that the listener knows silence from a loss before the next word comes.
"""

from __future__ import annotations

from enum import Enum

HANGOVER_MS = 360
"""How much of a pause is sent. Pauses between words are shorter, and last for no more bytes than they are worth."""


class DtxDecision(Enum):
    """What becomes of a packet's worth of sound."""

    WHOLE = "whole"
    END = "end"  # the first frame, then an empty one: the pause begins
    NOTHING = "nothing"


class DtxGate:
    """Judges packet after packet by whether there is a voice in it. A talk begins in silence."""

    def __init__(self) -> None:
        self._left_ms = 0

    def judge(self, voiced: bool, packet_ms: int) -> DtxDecision:
        """Return what to send of the next `packet_ms`."""
        if voiced:
            self._left_ms = HANGOVER_MS
            return DtxDecision.WHOLE
        if not self._left_ms:
            return DtxDecision.NOTHING
        self._left_ms = max(0, self._left_ms - packet_ms)
        return DtxDecision.WHOLE if self._left_ms else DtxDecision.END
