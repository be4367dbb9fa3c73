"""Opus as a call codes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from node.bench.speech import opus_codec
from node.bench.speech.grid import grid
from node.bench.speech.recording import read
from node.bench.speech.settings import Codec, Setting
from node.bench.speech.streams import losses

from .conftest import LEAN


def test_a_bundle_carries_what_its_frames_would(recording: Path) -> None:
    pcm = read(recording)
    bundled = opus_codec.code(LEAN, pcm)
    single = opus_codec.code(Setting(Codec.OPUS, "nb", 60, 1, 8_000, "voip"), pcm)
    assert len(bundled.packets) == -(-len(single.packets) // 2)
    assert abs(sum(bundled.packets) - sum(single.packets)) <= len(bundled.packets)
    heard = [stream.heard([False] * len(stream.packets)) for stream in (bundled, single)]
    assert np.array_equal(*heard)


def test_what_is_lost_is_concealed(recording: Path) -> None:
    pcm = read(recording)
    for frame_ms, bundle in ((60, 2), (120, 1), (20, 1)):
        stream = opus_codec.code(Setting(Codec.OPUS, "nb", frame_ms, bundle, 8_000, "voip"), pcm)
        lost = losses(len(stream.packets), 20)
        assert any(lost)
        whole, holed = stream.heard([False] * len(lost)), stream.heard(lost)
        assert len(whole) == len(holed)
        assert not np.array_equal(whole, holed)


def test_every_setting_of_the_grid_is_a_profile() -> None:
    for setting in grid():
        if setting.codec is Codec.OPUS:
            assert opus_codec.profile(setting).packet_ms == setting.packet_ms
