"""What is measured."""

from __future__ import annotations

from node.bench.speech.grid import PACKET_MS, grid
from node.bench.speech.settings import Codec


def test_some_hundred_settings_each_once() -> None:
    settings = list(grid())
    assert 100 <= len(settings) <= 150
    assert len({setting.label for setting in settings}) == len(settings)


def test_no_packet_is_longer_than_opus_allows() -> None:
    assert all(setting.packet_ms <= PACKET_MS for setting in grid())


def test_the_profiles_of_a_call_are_among_them() -> None:
    labels = {setting.label for setting in grid() if setting.codec is Codec.OPUS}
    assert {"Opus 7k NB 2x60 voip", "Opus 8k NB 2x60 voip", "Opus 12k WB 2x60 voip", "Opus 8k NB 60 ms voip"} <= labels
