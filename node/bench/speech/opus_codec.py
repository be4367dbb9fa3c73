"""Opus as a call codes it: the project's own encoder, bundles and concealment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from node.bench.speech.settings import Setting
from node.bench.speech.streams import Lost, Stream, frames_of
from node.speech.libopus import Decoder, Encoder
from node.speech.pcm import SAMPLE_RATE, Pcm
from node.speech.profiles import Application, Bandwidth, Profile
from protocol.speech import opus_packet

BANDWIDTHS = {"nb": Bandwidth.NARROW, "mb": Bandwidth.MEDIUM, "wb": Bandwidth.WIDE}
APPLICATIONS = {"voip": Application.VOIP, "audio": Application.AUDIO}

LONGEST_CONCEALED = SAMPLE_RATE * 60 // 1000


def profile(setting: Setting) -> Profile:
    """The setting as a call takes it."""
    return Profile(
        setting.label,
        bitrate=setting.bitrate,
        bandwidth=BANDWIDTHS[setting.bandwidth],
        frame_ms=setting.frame_ms,
        frames_per_packet=setting.bundle,
        application=APPLICATIONS[setting.application],
    )


def code(setting: Setting, pcm: Pcm) -> Stream:
    """Code a recording of 16 kHz."""
    chosen = profile(setting)
    encoder = Encoder(chosen)
    frames = [encoder.encode(frame) for frame in frames_of(pcm, chosen.frame_samples)]
    packets = [frames[first : first + setting.bundle] for first in range(0, len(frames), setting.bundle)]
    sizes = tuple(len(opus_packet.join(packet) if len(packet) > 1 else packet[0]) for packet in packets)
    return Stream(sizes, SAMPLE_RATE, lambda lost: decoded(packets, chosen.frame_samples, lost))


def decoded(packets: Sequence[Sequence[bytes]], samples: int, lost: Lost) -> Pcm:
    """What is heard of packets of single frames, each of so many samples."""
    decoder, heard = Decoder(), []
    for packet, gone in zip(packets, lost, strict=True):
        for frame in packet:
            heard += _concealed(decoder, samples) if gone else [decoder.decode(frame)]
    return np.concatenate(heard)


def _concealed(decoder: Decoder, samples: int) -> list[Pcm]:
    pieces = [min(LONGEST_CONCEALED, samples - at) for at in range(0, samples, LONGEST_CONCEALED)]
    return [decoder.conceal(piece) for piece in pieces]
