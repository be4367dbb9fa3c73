"""All codecs of a sweep behind three functions: is it here, code with it, at which rate. Opus and Lyra as in a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from node.bench.speech import external_codecs
from node.bench.speech.settings import Setting, SpeechCodec
from node.bench.speech.streams import CodedRecording, Lost, frames_of, read
from node.speech import lyra_model
from node.speech.band_extension import HighBandFiller, HighBandMeter
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.opus_libraries import AUTO, DecoderLibrary, decoder_library
from node.speech.pcm import SAMPLE_RATE, Pcm, samples_of
from node.speech.profiles import Application, Bandwidth, Profile
from protocol.errors import NodeError
from protocol.speech import high_band, opus_packet
from protocol.speech.opus_packet import OPUS_RATE

BANDWIDTHS = {"nb": Bandwidth.NARROW, "mb": Bandwidth.MEDIUM, "wb": Bandwidth.WIDE}
APPLICATIONS = {"voip": Application.VOIP, "audio": Application.AUDIO}

# Samples that Opus conceals at once: its longest frame.
LONGEST_CONCEALED = SAMPLE_RATE * 60 // 1000

WHY_NOT = {
    (SpeechCodec.OPUS, "wb"): "Opus with OSCE: no libopus here enhances wideband (Debian 13's does, by --libopus FILE)",
    (
        SpeechCodec.SPEEX,
        "nb",
    ): "Speex: no speexenc and speexdec here, nor an ffmpeg with libspeex (Debian and Ubuntu: apt-get install speex)",
    (SpeechCodec.CODEC2, "nb"): "Codec2: no c2enc and c2dec here (Debian and Ubuntu: apt-get install codec2)",
    (SpeechCodec.LYRA, "wb"): "Lyra V2: give the folder of its model files with --lyra DIR",
    (SpeechCodec.AMR, "nb"): "AMR narrowband: this PyAV has no encoder for it",
    (SpeechCodec.AMR, "wb"): "AMR wideband: this PyAV has no encoder for it",
}


def has(setting: Setting, lyra: Path | None, libopus: str = AUTO) -> bool:
    """Return whether the setting's codec can run here; `lyra` is the folder of Lyra's model files.

    `libopus` is as the setting. Raises NodeError if it cannot be had.
    """
    match setting.codec:
        case SpeechCodec.SPEEX:
            return external_codecs.has_speex()
        case SpeechCodec.CODEC2:
            return external_codecs.has_codec2()
        case SpeechCodec.AMR:
            return external_codecs.has_amr(setting.bandwidth)
        case SpeechCodec.LYRA:
            return lyra is not None
        case SpeechCodec.OPUS if setting.enhanced:
            return decoder_library(libopus).enhances
        case _:
            return True


def why_not(settings: list[Setting]) -> Iterator[str]:
    """Yield, once for each codec, why these settings are left out."""
    kinds = {(setting.codec, setting.bandwidth) for setting in settings}
    for kind, reason in WHY_NOT.items():
        if kind in kinds:
            yield f"left out {reason}"


def input_rate(setting: Setting) -> int:
    """Return the sampling rate at which the codec wants a recording."""
    match setting.codec:
        case SpeechCodec.SPEEX:
            return external_codecs.SPEEX_RATES[setting.bandwidth]
        case SpeechCodec.CODEC2:
            return external_codecs.CODEC2_RATE
        case SpeechCodec.AMR:
            return external_codecs.AMR_RATES[setting.bandwidth]
        case SpeechCodec.FFMPEG:
            return OPUS_RATE
        case _:
            return SAMPLE_RATE


def code(setting: Setting, recording: Path, lyra: Path | None, libopus: str = AUTO) -> CodedRecording:
    """Code a recording. Raises NodeError if it or the codec cannot be had."""
    pcm = read(recording, input_rate(setting))
    match setting.codec:
        case SpeechCodec.OPUS:
            return code_opus(setting, pcm, decoder_library(libopus) if setting.enhanced else None)
        case SpeechCodec.FFMPEG:
            return external_codecs.code_opus(setting, pcm)
        case SpeechCodec.AMR:
            return external_codecs.code_amr(setting, pcm)
        case SpeechCodec.SPEEX:
            return external_codecs.code_speex(setting, pcm)
        case SpeechCodec.CODEC2:
            return external_codecs.code_codec2(setting, pcm)
        case SpeechCodec.LYRA if lyra is not None:
            return code_lyra(setting, pcm, lyra)
    raise NodeError(f"{setting.label} wants Lyra's model files: give --lyra DIR")


def opus_profile(setting: Setting) -> Profile:
    """Return a setting of Opus as a call takes it."""
    return Profile(
        setting.label,
        bitrate=setting.bitrate,
        bandwidth=BANDWIDTHS[setting.bandwidth],
        frame_ms=setting.frame_ms,
        frames_per_packet=setting.bundle,
        application=APPLICATIONS[setting.application],
        high_band=setting.high_band,
        for_enhancers=setting.enhanced,
    )


def code_opus(setting: Setting, pcm: Pcm, library: DecoderLibrary | None = None) -> CodedRecording:
    """Code a recording of 16 kHz with the node's own encoder, bundles and concealment; `library` decodes."""
    profile = opus_profile(setting)
    encoder = OpusEncoder(profile)
    frames = [encoder.encode(frame) for frame in frames_of(pcm, profile.frame_samples)]
    bundles = [frames[first : first + setting.bundle] for first in range(0, len(frames), setting.bundle)]
    packets = [opus_packet.join(bundle) for bundle in bundles]
    if profile.sends_high_band:
        packets = _with_high_band(packets, pcm, profile.frame_samples)
    sizes = tuple(map(len, packets))
    return CodedRecording(sizes, SAMPLE_RATE, lambda lost: _decoded_opus(packets, lost, library))


def _with_high_band(packets: Sequence[bytes], pcm: Pcm, samples: int) -> list[bytes]:
    """Return packets with the gains of the high band, as a call sends them: none for tones."""
    meter, filled = HighBandMeter(), []
    frames = iter(frames_of(pcm, samples))
    for packet in packets:
        gains = [block for _ in opus_packet.split(packet) for block in meter.levels(next(frames))]
        filled.append(high_band.beside(packet, gains) if meter.helps else packet)
    return filled


def _decoded_opus(packets: Sequence[bytes], lost: Lost, library: DecoderLibrary | None) -> Pcm:
    """Decode packets frame by frame, and fill the high band up where they have its gains."""
    decoder, filler, decoded = OpusDecoder(library), HighBandFiller(), []
    for packet, gone in zip(packets, lost, strict=True):
        parsed = opus_packet.parse(packet)
        samples = samples_of(parsed.frame_ms / 1000)
        for frame, levels in zip(opus_packet.split(packet), high_band.gains_of(parsed), strict=True):
            if gone:
                decoded += [filler.fade(piece) for piece in _concealed_opus(decoder, samples)]
            else:
                decoded.append(filler.fill(decoder.decode(frame), levels))
    return np.concatenate(decoded)


def _concealed_opus(decoder: OpusDecoder, samples: int) -> list[Pcm]:
    pieces = [min(LONGEST_CONCEALED, samples - at) for at in range(0, samples, LONGEST_CONCEALED)]
    return [decoder.conceal(piece) for piece in pieces]


def code_lyra(setting: Setting, pcm: Pcm, folder: Path) -> CodedRecording:
    """Code a recording of 16 kHz with the models in the folder. Raises NodeError if they cannot be had."""
    encoder = lyra_model.LyraEncoder(folder, setting.bitrate)
    samples = lyra_model.FRAME_SAMPLES * setting.bundle
    packets = [encoder.encode(part) for part in frames_of(pcm, samples)]

    def decode(lost: Lost) -> Pcm:
        decoder = lyra_model.LyraDecoder(folder)
        pairs = zip(packets, lost, strict=True)
        return np.concatenate([decoder.conceal(samples) if gone else decoder.decode(packet) for packet, gone in pairs])

    return CodedRecording(tuple(map(len, packets)), SAMPLE_RATE, decode)
