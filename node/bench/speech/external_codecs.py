"""Codecs of others: Opus with FFmpeg's own options, as the article used it, and AMR, both inside PyAV; Speex and Codec2
as system tools (speexenc, speexdec, c2enc, c2dec), Speex also by the system's ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from node.bench.speech.settings import CODEC2_FRAMES, Setting
from node.bench.speech.streams import CodedRecording, Lost
from node.speech.libopus import OpusDecoder
from node.speech.pcm import SAMPLE_RATE, Pcm
from protocol.errors import NodeError
from protocol.speech.opus_packet import OPUS_RATE

if TYPE_CHECKING:
    import av


AMR_ENCODERS = {"nb": "libopencore_amrnb", "wb": "libvo_amrwbenc"}
AMR_DECODERS = {"nb": "libopencore_amrnb", "wb": "libopencore_amrwb"}
AMR_RATES = {"nb": 8_000, "wb": 16_000}

# An AMR frame of type 15 (RFC 4867, section 4.3.2), at which a decoder conceals.
NO_DATA = b"\x7c"

# An octet-aligned AMR payload begins with its codec mode request (RFC 4867, section 4.4.1).
CMR_BYTES = 1

SPEEX_TOOLS = ("speexenc", "speexdec")
FFMPEG = "ffmpeg"
CODEC2_TOOLS = ("c2enc", "c2dec")
SPEEX_RATES = {"nb": 8_000, "wb": 16_000}
CODEC2_RATE = 8_000
TIMEOUT_S = 120.0


def has_amr(bandwidth: str) -> bool:
    """Return whether this PyAV can code and decode AMR of this bandwidth."""
    import av

    return {AMR_ENCODERS[bandwidth], AMR_DECODERS[bandwidth]} <= av.codecs_available


def code_opus(setting: Setting, pcm: Pcm) -> CodedRecording:
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

    def decode(lost: Lost) -> Pcm:
        decoder = OpusDecoder()
        pairs = zip(packets, lost, strict=True)
        return np.concatenate([decoder.conceal(samples) if gone else decoder.decode(packet) for packet, gone in pairs])

    return CodedRecording(tuple(map(len, packets)), SAMPLE_RATE, decode)


def code_amr(setting: Setting, pcm: Pcm) -> CodedRecording:
    """Code a recording of 8 kHz (narrowband) or 16 kHz (wideband) with AMR."""
    rate, bundle = AMR_RATES[setting.bandwidth], setting.bundle
    frames = list(_encoded(AMR_ENCODERS[setting.bandwidth], rate, setting.bitrate, pcm, {}))
    packets = [frames[first : first + bundle] for first in range(0, len(frames), bundle)]

    def decode(lost: Lost) -> Pcm:
        arrived = [[NO_DATA] * len(packet) if gone else packet for packet, gone in zip(packets, lost, strict=True)]
        return np.concatenate(list(_decoded(AMR_DECODERS[setting.bandwidth], rate, [f for p in arrived for f in p])))

    return CodedRecording(tuple(CMR_BYTES + sum(map(len, packet)) for packet in packets), rate, decode)


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

    padded = np.pad(pcm, (0, -len(pcm) % samples))
    for first in range(0, len(padded), samples):
        frame = av.AudioFrame.from_ndarray(padded[None, first : first + samples], format="s16", layout="mono")
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


def has_speex() -> bool:
    """Return whether Speex's tools are here, or an ffmpeg with libspeex."""
    ffmpeg = shutil.which(FFMPEG)
    return _has_speex_tools() or (ffmpeg is not None and _codes_speex(ffmpeg))


def _has_speex_tools() -> bool:
    return all(map(shutil.which, SPEEX_TOOLS))


@cache
def _codes_speex(ffmpeg: str) -> bool:
    try:
        listed = _run(ffmpeg, "-v", "error", "-encoders")
    except NodeError:
        return False
    return b" libspeex " in listed


def has_codec2() -> bool:
    """Return whether Codec2's tools are here."""
    return all(map(shutil.which, CODEC2_TOOLS))


def code_speex(setting: Setting, pcm: Pcm) -> CodedRecording:
    """Code a recording of 8 kHz (narrowband) or 16 kHz (wideband) with Speex: VBR, complexity 10.

    Which packets are lost speexdec decides by itself: as large a share of them, but others. Without Speex's own tools
    ffmpeg codes, and what is lost is silent.
    """
    rate = SPEEX_RATES[setting.bandwidth]
    if not _has_speex_tools():
        return _speex_by_ffmpeg(setting, pcm, rate)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_wave(folder / "in.wav", pcm, rate)
        options = ("--quality", str(setting.quality), "--vbr", "--comp", "10", "--nframes", str(setting.bundle))
        band = "--narrowband" if setting.bandwidth == "nb" else "--wideband"
        _run("speexenc", band, *options, folder / "in.wav", folder / "coded.spx")
        coded = (folder / "coded.spx").read_bytes()
        sizes = _ogg_packets(folder / "coded.spx")
    return CodedRecording(sizes, rate, lambda lost: _speexdec(coded, 100 * sum(lost) / max(1, len(lost)), rate))


def _speex_by_ffmpeg(setting: Setting, pcm: Pcm, rate: int) -> CodedRecording:
    with tempfile.TemporaryDirectory() as name:
        source, coded, decoded = (Path(name) / each for each in ("in.wav", "coded.spx", "out.wav"))
        _write_wave(source, pcm, rate)
        options = ("-q:a", str(setting.quality), "-compression_level", "10", "-frames_per_packet", str(setting.bundle))
        _run(FFMPEG, "-v", "error", "-i", source, "-c:a", "libspeex", *options, coded)
        _run(FFMPEG, "-v", "error", "-i", coded, "-ar", str(rate), decoded)
        sizes, sound = _ogg_packets(coded), _read_wave(decoded)
    return CodedRecording(sizes, rate, lambda lost: _silenced(sound, rate * setting.packet_ms // 1000, lost))


def _speexdec(coded: bytes, percent: float, rate: int) -> Pcm:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "coded.spx").write_bytes(coded)
        _run("speexdec", "--packet-loss", f"{percent:.0f}", "--rate", str(rate), folder / "coded.spx", folder / "o.wav")
        return _read_wave(folder / "o.wav")


def code_codec2(setting: Setting, pcm: Pcm) -> CodedRecording:
    """Code a recording of 8 kHz with Codec2. It has no concealment of its own: what is lost is silent.

    c2enc fills each frame up to whole bytes; a packet fills up only its last.
    """
    bits, milliseconds = CODEC2_FRAMES[setting.bitrate]
    with tempfile.TemporaryDirectory() as name:
        source, coded, decoded = (Path(name) / each for each in ("in.raw", "coded.bit", "out.raw"))
        source.write_bytes(pcm.astype("<i2").tobytes())
        _run("c2enc", str(setting.bitrate), source, coded)
        _run("c2dec", str(setting.bitrate), coded, decoded)
        frames = coded.stat().st_size // -(-bits // 8)
        sound = np.frombuffer(decoded.read_bytes(), "<i2").astype(np.int16)
    packets = [min(setting.bundle, frames - first) for first in range(0, frames, setting.bundle)]
    samples = CODEC2_RATE * milliseconds * setting.bundle // 1000
    return CodedRecording(
        tuple(-(-bits * n // 8) for n in packets), CODEC2_RATE, lambda lost: _silenced(sound, samples, lost)
    )


def _silenced(sound: Pcm, samples: int, lost: Lost) -> Pcm:
    holed = sound.copy()
    for packet, gone in enumerate(lost):
        if gone:
            holed[packet * samples : (packet + 1) * samples] = 0
    return holed


def _ogg_packets(path: Path) -> tuple[int, ...]:
    import av

    with av.open(str(path)) as container:
        return tuple(packet.size for packet in container.demux(audio=0) if packet.size)


def _write_wave(path: Path, pcm: Pcm, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())


def _read_wave(path: Path) -> Pcm:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def _run(tool: str, *arguments: str | Path) -> bytes:
    """Run a tool, and return what it prints. Raises NodeError if it fails."""
    command = [tool, *map(str, arguments)]
    try:
        return subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NodeError(f"{tool} failed: {error}") from None
