"""Which codecs are here, and the two that a call uses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sweep_results import LEAN

from node.bench.speech import codecs
from node.bench.speech.settings import Setting, SpeechCodec, grid
from node.bench.speech.streams import losses, read
from node.speech.opus_libraries import BUNDLED, DecoderLibrary
from protocol.errors import NodeError

LYRA = Setting(SpeechCodec.LYRA, "wb", 20, 6, 3_200)


def test_opus_is_always_here_and_lyra_by_its_folder(tmp_path: Path) -> None:
    assert codecs.has(LEAN, None)
    assert not codecs.has(LYRA, None)
    assert codecs.has(LYRA, tmp_path)


def test_why_a_codec_is_left_out_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    gone = [setting for setting in grid() if not codecs.has(setting, None)]
    reasons = list(codecs.why_not(gone))
    assert len(reasons) == len(set(reasons))
    for word in ("speexenc", "c2enc", "--lyra DIR"):
        assert sum(word in line for line in reasons) == 1
    assert list(codecs.why_not([])) == []


def test_what_an_enhancing_decoder_makes_of_it_has_rows_where_there_is_one(
    recording: Path, enhancing_libopus: DecoderLibrary
) -> None:
    enhanced = [setting for setting in grid() if setting.enhanced]
    assert {setting.bandwidth for setting in enhanced} == {"wb"}
    assert not any(codecs.has(setting, None, BUNDLED) for setting in enhanced)
    assert all(codecs.has(setting, None, enhancing_libopus.path) for setting in enhanced)
    [reason] = codecs.why_not(enhanced)
    assert "no libopus here enhances wideband" in reason
    coded = codecs.code(enhanced[0], recording, None, enhancing_libopus.path)
    plain = codecs.code(dataclasses.replace(enhanced[0], enhanced=False), recording, None)
    assert coded.packets == plain.packets
    for percent in (0, 20):
        lost = losses(len(coded.packets), percent)
        assert not np.array_equal(coded.decode(lost), plain.decode(lost))


def test_every_setting_knows_its_rate_and_codes(recording: Path) -> None:
    for setting in {setting.codec: setting for setting in grid()}.values():
        assert codecs.input_rate(setting) in (8_000, 16_000)
    assert codecs.code(LEAN, recording, None).rate == 16_000
    with pytest.raises(NodeError, match="--lyra DIR"):
        codecs.code(LYRA, recording, None)


def test_a_bundle_carries_what_its_frames_would(recording: Path) -> None:
    pcm = read(recording)
    bundled = codecs.code_opus(LEAN, pcm)
    single = codecs.code_opus(Setting(SpeechCodec.OPUS, "nb", 60, 1, 8_000, "voip"), pcm)
    assert len(bundled.packets) == -(-len(single.packets) // 2)
    assert abs(sum(bundled.packets) - sum(single.packets)) <= len(bundled.packets)
    heard = [stream.decode([False] * len(stream.packets)) for stream in (bundled, single)]
    assert np.array_equal(*heard)


def test_what_is_lost_is_concealed(recording: Path) -> None:
    pcm = read(recording)
    for frame_ms, bundle in ((60, 2), (120, 1), (20, 1)):
        stream = codecs.code_opus(Setting(SpeechCodec.OPUS, "nb", frame_ms, bundle, 8_000, "voip"), pcm)
        lost = losses(len(stream.packets), 20)
        assert any(lost)
        complete, holed = stream.decode([False] * len(lost)), stream.decode(lost)
        assert len(complete) == len(holed)
        assert not np.array_equal(complete, holed)


def test_every_setting_of_the_grid_is_a_profile() -> None:
    for setting in grid():
        if setting.codec is SpeechCodec.OPUS:
            assert codecs.opus_profile(setting).packet_ms == setting.packet_ms


def test_packets_are_of_one_size_and_a_lost_one_is_bridged(recording: Path, lyra_folder: Path) -> None:
    stream = codecs.code_lyra(LYRA, read(recording)[:32_000], lyra_folder)
    assert set(stream.packets) == {2 + 6 * 8}
    lost = [packet == 3 for packet in range(len(stream.packets))]
    assert len(stream.decode(lost)) == len(stream.packets) * 1920


def test_the_high_band_is_in_the_packets_and_heard(recording: Path) -> None:
    filled, plain = (codecs.code(dataclasses.replace(LEAN, high_band=on), recording, None) for on in (True, False))
    assert 0 < sum(filled.packets) - sum(plain.packets) <= 16 * len(plain.packets)
    sounds = [coded.decode([False] * len(coded.packets)).astype(float) for coded in (filled, plain)]
    high = [float(np.abs(np.fft.rfft(sound))[len(sound) * 5 // 16 :].mean()) for sound in sounds]
    assert high[0] > 2 * high[1]
