"""Codecs that come inside PyAV's FFmpeg: Opus with FFmpeg's own options, as the article used it, and AMR."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from node.bench.speech.settings import Setting
from node.bench.speech.streams import Lost, Stream
from node.speech.libopus import Decoder
from node.speech.pcm import SAMPLE_RATE, Pcm
from protocol.speech.opus_packet import OPUS_RATE

if TYPE_CHECKING:
    import av

AMR_ENCODERS = {"nb": "libopencore_amrnb", "wb": "libvo_amrwbenc"}
AMR_DECODERS = {"nb": "libopencore_amrnb", "wb": "libopencore_amrwb"}
AMR_RATES = {"nb": 8_000, "wb": 16_000}

NO_DATA = b"\x7c"
"""An AMR frame of type 15 (RFC 4867, section 4.3.2), at which a decoder conceals."""

CMR_BYTES = 1
"""An octet-aligned AMR payload begins with its codec mode request (RFC 4867, section 4.4.1)."""


def has_amr(bandwidth: str) -> bool:
    """Tell whether this PyAV can code and decode AMR of this bandwidth."""
    import av

    return {AMR_ENCODERS[bandwidth], AMR_DECODERS[bandwidth]} <= av.codecs_available


def code_opus(setting: Setting, pcm: Pcm) -> Stream:
    """Code a recording of 48 kHz as `ffmpeg -c:a libopus -b:a BITRATE -cutoff HZ -application APP` does."""
    options = {
        "application": setting.application,
        "cutoff": str(setting.cutoff),
        "frame_duration": str(setting.frame_ms),
        "vbr": "on",
        "compression_level": "10",
    }
    packets = list(_encoded("libopus", OPUS_RATE, setting.bitrate, pcm, options))
    samples = SAMPLE_RATE * setting.frame_ms // 1000

    def heard(lost: Lost) -> Pcm:
        decoder = Decoder()
        pairs = zip(packets, lost, strict=True)
        return np.concatenate([decoder.conceal(samples) if gone else decoder.decode(packet) for packet, gone in pairs])

    return Stream(tuple(map(len, packets)), SAMPLE_RATE, heard)


def code_amr(setting: Setting, pcm: Pcm) -> Stream:
    """Code a recording of 8 kHz (narrowband) or 16 kHz (wideband) with AMR."""
    rate, bundle = AMR_RATES[setting.bandwidth], setting.bundle
    frames = list(_encoded(AMR_ENCODERS[setting.bandwidth], rate, setting.bitrate, pcm, {}))
    packets = [frames[first : first + bundle] for first in range(0, len(frames), bundle)]

    def heard(lost: Lost) -> Pcm:
        kept = [[NO_DATA] * len(packet) if gone else packet for packet, gone in zip(packets, lost, strict=True)]
        return np.concatenate(list(_decoded(AMR_DECODERS[setting.bandwidth], rate, [f for p in kept for f in p])))

    return Stream(tuple(CMR_BYTES + sum(map(len, packet)) for packet in packets), rate, heard)


def _encoded(name: str, rate: int, bitrate: int, pcm: Pcm, options: dict[str, str]) -> Iterator[bytes]:
    import av

    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = rate, "mono", "s16"
    encoder.bit_rate, encoder.time_base = bitrate, Fraction(1, rate)
    encoder.options = options
    encoder.open()
    for frame in _frames(pcm, rate, encoder.frame_size):
        yield from map(bytes, encoder.encode(frame))
    yield from map(bytes, encoder.encode(None))


def _frames(pcm: Pcm, rate: int, samples: int) -> Iterator[av.AudioFrame]:
    import av

    whole = np.pad(pcm, (0, -len(pcm) % samples))
    for first in range(0, len(whole), samples):
        frame = av.AudioFrame.from_ndarray(whole[None, first : first + samples], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
        yield frame


def _decoded(name: str, rate: int, frames: list[bytes]) -> Iterator[Pcm]:
    import av

    decoder = av.CodecContext.create(name, "r")
    assert isinstance(decoder, av.AudioCodecContext)
    decoder.sample_rate, decoder.layout = rate, "mono"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    for frame in frames:
        for sound in decoder.decode(av.Packet(frame)):
            for part in resampler.resample(sound):
                yield part.to_ndarray().reshape(-1).astype(np.int16, copy=False)
