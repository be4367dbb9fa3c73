"""Lyra V2 as a call codes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from node.bench.speech.settings import Setting
from node.bench.speech.streams import Lost, Stream, frames_of
from node.speech.pcm import SAMPLE_RATE, Pcm


def code(setting: Setting, pcm: Pcm, folder: Path) -> Stream:
    """Code a recording of 16 kHz with the models in the folder; NodeError when they cannot be had."""
    from node.speech.lyra_model import FRAME_SAMPLES, Decoder, Encoder

    encoder = Encoder(folder, setting.bitrate)
    samples = FRAME_SAMPLES * setting.bundle
    packets = [encoder.encode(part) for part in frames_of(pcm, samples)]

    def heard(lost: Lost) -> Pcm:
        decoder = Decoder(folder)
        pairs = zip(packets, lost, strict=True)
        return np.concatenate([decoder.conceal(samples) if gone else decoder.decode(packet) for packet, gone in pairs])

    return Stream(tuple(map(len, packets)), SAMPLE_RATE, heard)
