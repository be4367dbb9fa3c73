"""Lyra as a call codes it."""

from __future__ import annotations

from pathlib import Path

from node.bench.speech import lyra_codec
from node.bench.speech.recording import read
from node.bench.speech.settings import Codec, Setting

SETTING = Setting(Codec.LYRA, "wb", 20, 6, 3_200)


def test_packets_are_of_one_size_and_a_lost_one_is_bridged(recording: Path, lyra_folder: Path) -> None:
    stream = lyra_codec.code(SETTING, read(recording)[:32_000], lyra_folder)
    assert set(stream.packets) == {2 + 6 * 8}
    lost = [packet == 3 for packet in range(len(stream.packets))]
    assert len(stream.heard(lost)) == len(stream.packets) * 1920
