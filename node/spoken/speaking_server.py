"""The process that speaks lines: `python -m node.spoken.speaking_server hibari`, or `espeak-ng`.

A request is a line of text; the reply is its sound, int16 of 16 kHz. See `node.spoken.serving`.
"""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from node.speech.pcm import FULL_SCALE, SAMPLE_RATE, Pcm
from node.spoken.installed import ESPEAK, HIBARI
from node.spoken.serving import serve

# Of one line's sound: half a minute, which 500 characters take. More is not handed on.
MOST_SAMPLES = 40 * SAMPLE_RATE

# Seconds; a line takes a tenth of one.
ESPEAK_S = 20.0

# The loudness of what is spoken, as the dialogue's: peaks of a loud voice.
PEAK = 0.5


def load(synthesiser: str) -> Callable[[str], bytes]:
    """Return what speaks a line."""
    speak = _hibari() if synthesiser == HIBARI else _espeak

    def say(text: str) -> bytes:
        return at_even_level(speak(text))[:MOST_SAMPLES].tobytes()

    return say


def _hibari() -> Callable[[str], Pcm]:
    from hibari import SAMPLE_RATE as RATE
    from hibari import Hibari

    voice: Any = Hibari(threads=1)

    def speak(text: str) -> Pcm:
        return resampled(np.asarray(voice(text), np.float32), RATE)

    return speak


def _espeak(text: str) -> Pcm:
    """Speak by the program, which gets the text by its standard input: none of it can be an option."""
    made = subprocess.run(
        [ESPEAK, "--stdin", "--stdout"], input=text.encode(), capture_output=True, timeout=ESPEAK_S, check=True
    )
    with wave.open(io.BytesIO(made.stdout)) as sound:
        pcm = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
        return resampled(np.float32(1 / FULL_SCALE) * pcm.astype(np.float32), sound.getframerate())


def resampled(sound: npt.NDArray[np.float32], rate: int) -> Pcm:
    """Return the sound, in -1 to 1, as int16 of 16 kHz."""
    import av

    if not len(sound):
        return np.zeros(0, np.int16)
    frame = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    pieces = [piece.to_ndarray().reshape(-1) for part in (frame, None) for piece in resampler.resample(part)]
    return np.concatenate(pieces).astype(np.int16, copy=False)


def at_even_level(pcm: Pcm) -> Pcm:
    """Return the sound with its peak at `PEAK`; silence as it is."""
    most = int(np.abs(pcm.astype(np.int32)).max(initial=0))
    return pcm if not most else (pcm.astype(np.float32) * (PEAK * FULL_SCALE / most)).astype(np.int16)


if __name__ == "__main__":
    serve(lambda: load(sys.argv[1]))
