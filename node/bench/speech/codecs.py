"""Which codecs are here, and one door to all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from node.bench.speech import external_codecs, lyra_codec, opus_codec, tool_codecs
from node.bench.speech.recording import read
from node.bench.speech.settings import Codec, Setting
from node.bench.speech.streams import Stream
from node.speech.pcm import SAMPLE_RATE
from protocol.errors import NodeError
from protocol.speech.opus_packet import OPUS_RATE


def input_rate(setting: Setting) -> int:
    """What the codec wants a recording sampled at."""
    match setting.codec:
        case Codec.SPEEX:
            return tool_codecs.SPEEX_RATES[setting.bandwidth]
        case Codec.CODEC2:
            return tool_codecs.CODEC2_RATE
        case Codec.AMR:
            return external_codecs.AMR_RATES[setting.bandwidth]
        case Codec.FFMPEG:
            return OPUS_RATE
        case _:
            return SAMPLE_RATE


def code(setting: Setting, recording: Path, lyra: Path | None) -> Stream:
    """Code a recording. NodeError when it or the codec cannot be had."""
    pcm = read(recording, input_rate(setting))
    match setting.codec:
        case Codec.OPUS:
            return opus_codec.code(setting, pcm)
        case Codec.FFMPEG:
            return external_codecs.code_opus(setting, pcm)
        case Codec.AMR:
            return external_codecs.code_amr(setting, pcm)
        case Codec.SPEEX:
            return tool_codecs.code_speex(setting, pcm)
        case Codec.CODEC2:
            return tool_codecs.code_codec2(setting, pcm)
        case Codec.LYRA if lyra is not None:
            return lyra_codec.code(setting, pcm, lyra)
    raise NodeError(f"{setting.label} wants Lyra's model files: give --lyra DIR")


def has(setting: Setting, lyra: Path | None) -> bool:
    """Tell whether the setting's codec can run here."""
    match setting.codec:
        case Codec.SPEEX:
            return tool_codecs.has_speex()
        case Codec.CODEC2:
            return tool_codecs.has_codec2()
        case Codec.AMR:
            return external_codecs.has_amr(setting.bandwidth)
        case Codec.LYRA:
            return lyra is not None
        case _:
            return True


WHY_NOT = {
    (Codec.SPEEX, "nb"): "Speex: no speexenc and speexdec here (Debian and Ubuntu: apt-get install speex)",
    (Codec.CODEC2, "nb"): "Codec2: no c2enc and c2dec here (Debian and Ubuntu: apt-get install codec2)",
    (Codec.LYRA, "wb"): "Lyra V2: give the folder of its model files with --lyra DIR",
    (Codec.AMR, "nb"): "AMR narrowband: this PyAV has no encoder for it",
    (Codec.AMR, "wb"): "AMR wideband: this PyAV has no encoder for it",
}


def why_not(settings: list[Setting]) -> Iterator[str]:
    """Say, once for each codec, why these settings are left out."""
    kinds = {(setting.codec, setting.bandwidth) for setting in settings}
    for kind, reason in WHY_NOT.items():
        if kind in kinds:
            yield f"left out {reason}"
