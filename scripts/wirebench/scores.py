"""How good what was heard is, against what was said."""

from __future__ import annotations

import contextlib

import numpy as np

from node.bench.speech import measures
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import SAMPLE_RATE, Pcm, silence
from node.speech.profiles import Profile

PIECE, SHIFT = 2 * SAMPLE_RATE, SAMPLE_RATE // 10


def lag_of(heard: Pcm, said: Pcm) -> int:
    """How many samples later than in ``said`` the same sound begins in ``heard``, which is the longer one."""
    from scipy.signal import correlate

    return int(np.argmax(correlate(heard.astype(float), said.astype(float), mode="valid", method="fft")))


def aligned(said: Pcm, heard: Pcm) -> Pcm:
    """The part of ``heard`` that is ``said``, piece by piece.

    Playing may come to stand some milliseconds earlier or later within a call. No listener hears that, PESQ looks past
    it, and ESTOI would call all that follows unintelligible; what a shift itself costs shows in the stalls.
    """
    padded = np.pad(heard, (SHIFT, max(0, len(said) - len(heard)) + SHIFT))
    lag = lag_of(padded, said)
    pieces = []
    for begin in range(0, len(said), PIECE):
        piece, at = said[begin : begin + PIECE], max(0, lag + begin - SHIFT)
        around = padded[at : at + len(piece) + 2 * SHIFT]
        best = lag_of(around, piece) if piece.any() and len(around) > len(piece) else lag + begin - at
        pieces.append(around[best : best + len(piece)])
    whole = np.concatenate(pieces)
    return np.pad(whole, (0, len(said) - len(whole)))


def offline(said: Pcm, setting: Profile) -> Pcm:
    """What a decoder makes of it that gets every frame, pauses included."""
    encoder, decoder, length = OpusEncoder(setting), OpusDecoder(), setting.frame_samples
    frames = [said[begin : begin + length] for begin in range(0, len(said) - length + 1, length)]
    heard = [decoder.decode(encoder.encode(frame)) for frame in frames]
    return aligned(said, np.concatenate([*heard, silence(SAMPLE_RATE)]))


def estoi(said: Pcm, heard: Pcm) -> float | None:
    """Extended STOI, 0 to 1; None where pystoi is missing or there is too little speech."""
    with contextlib.suppress(ImportError):
        from pystoi import stoi

        return float(stoi(said, heard, SAMPLE_RATE, extended=True))
    return None


def pesq_wb(said: Pcm, heard: Pcm) -> float | None:
    """PESQ wideband, 1 to 4.64; None where pesq is missing or hears no speech."""
    return measures.pesq(said, heard, SAMPLE_RATE, "wb")
