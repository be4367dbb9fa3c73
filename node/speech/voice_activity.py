"""Does somebody speak? WebRTC's voice detector, kept from taking a noisy room for a voice by a noise floor."""

from __future__ import annotations

from typing import Any

from node.speech.pcm import BLOCK_SAMPLES, SAMPLE_RATE, Pcm, level_dbfs

AGGRESSIVENESS = 1
"""Of 0 to 3. A word's beginning that is not sent is missed; a little noise that is sent costs bytes only."""

QUIETEST_DBFS = -60.0
"""Nothing below this is speech that anyone would want to hear."""

ABOVE_FLOOR_DB = 3.0
"""Speech stands out of the noise by more than this, or the detector took the noise for speech."""

FLOOR_RISE_DB = 0.06
"""By so much the floor rises with each block (3 dB/s): slower than a sentence, whose own pauses let it down again."""


class NoiseFloor:
    """The level of what is always there: falls to each quieter block at once and rises slowly."""

    def __init__(self) -> None:
        self.dbfs = QUIETEST_DBFS

    def hear(self, level: float) -> None:
        """Take the level of one block, in dBFS."""
        self.dbfs = max(QUIETEST_DBFS, min(level, self.dbfs + FLOOR_RISE_DB))


class VoiceDetector:
    """Tells speech from silence and noise, 20 ms at a time."""

    def __init__(self) -> None:
        self.floor = NoiseFloor()
        self._detector: Any = _webrtc_detector()

    def hears(self, pcm: Pcm) -> bool:
        """Tell whether there is a voice in this sound, int16 `(samples,)`; what is left of 20 ms blocks is ignored."""
        blocks = [pcm[begin : begin + BLOCK_SAMPLES] for begin in range(0, len(pcm), BLOCK_SAMPLES)]
        # All are judged before any counts, so that detector and floor have heard all of the sound.
        judged = [self._hears_in(block) for block in blocks if len(block) == BLOCK_SAMPLES]
        return any(judged)

    def _hears_in(self, block: Pcm) -> bool:
        level = level_dbfs(block)
        stands_out = level > max(self.floor.dbfs + ABOVE_FLOOR_DB, QUIETEST_DBFS)
        self.floor.hear(level)
        return bool(self._detector.is_speech(block.tobytes(), SAMPLE_RATE)) and stands_out


def _webrtc_detector() -> Any:
    import webrtcvad

    return webrtcvad.Vad(AGGRESSIVENESS)
