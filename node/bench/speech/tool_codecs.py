"""Codecs that come as system tools: Speex (speexenc, speexdec) and Codec2 (c2enc, c2dec)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from node.bench.speech.settings import Setting
from node.bench.speech.streams import Lost, Stream
from node.speech.pcm import Pcm
from protocol.errors import NodeError

SPEEX_TOOLS = ("speexenc", "speexdec")
CODEC2_TOOLS = ("c2enc", "c2dec")
SPEEX_RATES = {"nb": 8_000, "wb": 16_000}
CODEC2_RATE = 8_000
TIMEOUT_S = 120.0

CODEC2_FRAMES = {3200: (64, 20), 2400: (48, 20), 1600: (64, 40), 1400: (56, 40), 1300: (52, 40), 1200: (48, 40)}
"""Bits and ms of a frame, by mode. c2enc fills each frame up to whole bytes; a packet fills up only its last."""


def has_speex() -> bool:
    """Tell whether Speex's tools are here."""
    return all(map(shutil.which, SPEEX_TOOLS))


def has_codec2() -> bool:
    """Tell whether Codec2's tools are here."""
    return all(map(shutil.which, CODEC2_TOOLS))


def code_speex(setting: Setting, pcm: Pcm) -> Stream:
    """Code a recording of 8 kHz (narrowband) or 16 kHz (wideband) with Speex: VBR, complexity 10.

    Which packets are lost speexdec decides by itself: as large a share of them, but others.
    """
    rate = SPEEX_RATES[setting.bandwidth]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_wave(folder / "in.wav", pcm, rate)
        asked = ("--quality", str(setting.quality), "--vbr", "--comp", "10", "--nframes", str(setting.bundle))
        band = "--narrowband" if setting.bandwidth == "nb" else "--wideband"
        _run("speexenc", band, *asked, folder / "in.wav", folder / "coded.spx")
        coded = (folder / "coded.spx").read_bytes()
        sizes = _ogg_packets(folder / "coded.spx")
    return Stream(sizes, rate, lambda lost: _speexdec(coded, 100 * sum(lost) / max(1, len(lost)), rate))


def _speexdec(coded: bytes, percent: float, rate: int) -> Pcm:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "coded.spx").write_bytes(coded)
        _run("speexdec", "--packet-loss", f"{percent:.0f}", "--rate", str(rate), folder / "coded.spx", folder / "o.wav")
        return _read_wave(folder / "o.wav")


def code_codec2(setting: Setting, pcm: Pcm) -> Stream:
    """Code a recording of 8 kHz with Codec2. It has no concealment of its own: what is lost is silent."""
    bits, milliseconds = CODEC2_FRAMES[setting.bitrate]
    with tempfile.TemporaryDirectory() as name:
        source, coded, heard = (Path(name) / each for each in ("in.raw", "coded.bit", "out.raw"))
        source.write_bytes(pcm.astype("<i2").tobytes())
        _run("c2enc", str(setting.bitrate), source, coded)
        _run("c2dec", str(setting.bitrate), coded, heard)
        frames = coded.stat().st_size // -(-bits // 8)
        sound = np.frombuffer(heard.read_bytes(), "<i2").astype(np.int16)
    packets = [min(setting.bundle, frames - first) for first in range(0, frames, setting.bundle)]
    samples = CODEC2_RATE * milliseconds * setting.bundle // 1000
    return Stream(tuple(-(-bits * n // 8) for n in packets), CODEC2_RATE, lambda lost: _silenced(sound, samples, lost))


def _silenced(sound: Pcm, samples: int, lost: Lost) -> Pcm:
    heard = sound.copy()
    for packet, gone in enumerate(lost):
        if gone:
            heard[packet * samples : (packet + 1) * samples] = 0
    return heard


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


def _run(tool: str, *arguments: str | Path) -> None:
    try:
        subprocess.run([tool, *map(str, arguments)], check=True, capture_output=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise NodeError(f"{tool} failed: {error}") from None
