"""Voice activity detection, and discontinuous transmission (DTX) by it.

WebRTC's detector decides together with a noise floor, which keeps it from taking a noisy room for a voice. Of a pause
its first moments are sent as they are: words end softly, and the receiver learns from them the background with which
it fills the rest. The packet that ends them closes with an empty frame, which Opus defines as "nothing to send"
(RFC 6716, section 2.1.9), so that the receiver distinguishes silence from a loss before the next word. Then nothing is
sent until a voice is detected again.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm, level_dbfs

# Of 0 to 3. A word whose beginning is not sent is hard to understand; a little noise that is sent only costs bytes.
AGGRESSIVENESS = 1

# Nothing below this is speech worth sending.
QUIETEST_DBFS = -60.0

# Speech exceeds the noise by more than this, or the detector took the noise for speech.
ABOVE_FLOOR_DB = 3.0

# The shortest piece that is judged: a frame of 10 ms.
SHORTEST_SAMPLES = BLOCK_SAMPLES // 2

# By so much the floor rises with each block (3 dB/s): slower than a sentence, whose own pauses lower it again.
FLOOR_RISE_DB = 0.06

# How much of a pause is sent. Pauses between words are shorter, and cost few bytes.
HANGOVER_MS = 360


class NoiseFloor:
    """The level of the background: falls to each quieter block at once and rises slowly."""

    def __init__(self) -> None:
        self.dbfs = QUIETEST_DBFS

    def update(self, level: float, blocks: float = 1.0) -> None:
        """Follow the level of one block, or of a part of one, in dBFS."""
        self.dbfs = max(QUIETEST_DBFS, min(level, self.dbfs + FLOOR_RISE_DB * blocks))


class VoiceDetector:
    """A detector of speech in silence and noise, in blocks of 20 ms; what is left of a frame may be 10 ms."""

    def __init__(self) -> None:
        self.floor = NoiseFloor()
        self._detector: Any = _webrtc_detector()

    def detects(self, pcm: Pcm) -> bool:
        """Return whether there is a voice in this sound, int16 `(samples,)`; a shorter rest is ignored."""
        blocks = [pcm[begin : begin + BLOCK_SAMPLES] for begin in range(0, len(pcm), BLOCK_SAMPLES)]
        # Every block is judged before any counts, so that detector and floor follow all of the sound.
        judged = [self._detects_in(block) for block in blocks if len(block) in {BLOCK_SAMPLES, SHORTEST_SAMPLES}]
        return any(judged)

    def _detects_in(self, block: Pcm) -> bool:
        level = level_dbfs(block)
        exceeds_floor = level > max(self.floor.dbfs + ABOVE_FLOOR_DB, QUIETEST_DBFS)
        self.floor.update(level, len(block) / BLOCK_SAMPLES)
        return bool(self._detector.is_speech(block.tobytes(), SAMPLE_RATE)) and exceeds_floor


class DtxDecision(Enum):
    """What is sent of the sound for one packet."""

    SEND = "send"
    SEND_LAST = "send last"  # the first frame, then an empty one: the pause begins
    SKIP = "skip"


class DtxGate:
    """The decision, packet by packet, what to send, by whether a voice was detected. It begins in silence."""

    def __init__(self) -> None:
        self._left_ms = 0

    def decide(self, voiced: bool, packet_ms: int) -> DtxDecision:
        """Return what to send of the next `packet_ms`."""
        if voiced:
            self._left_ms = HANGOVER_MS
            return DtxDecision.SEND
        if not self._left_ms:
            return DtxDecision.SKIP
        self._left_ms = max(0, self._left_ms - packet_ms)
        return DtxDecision.SEND if self._left_ms else DtxDecision.SEND_LAST

    def cut(self) -> DtxDecision:
        """Return what to send of the next packet where nothing may be said any more: the pause begins with it."""
        was_sending, self._left_ms = self._left_ms > 0, 0
        return DtxDecision.SEND_LAST if was_sending else DtxDecision.SKIP


def _webrtc_detector() -> Any:
    import webrtcvad

    return webrtcvad.Vad(AGGRESSIVENESS)
