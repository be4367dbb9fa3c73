"""Settings, their names, and those that are measured."""

from __future__ import annotations

from node.bench.speech.settings import PACKET_MS, TITLES, Setting, SpeechCodec, grid


def test_labels_say_what_is_asked_for() -> None:
    assert Setting(SpeechCodec.OPUS, "nb", 60, 2, 8_000, "voip").label == "Opus 8k NB 2x60 voip"
    assert Setting(SpeechCodec.LYRA, "wb", 20, 6, 3_200).label == "Lyra V2 3.2k WB 6x20"
    assert Setting(SpeechCodec.SPEEX, "nb", 20, quality=3).label == "Speex q3 NB 20 ms"
    assert Setting(SpeechCodec.FFMPEG, "nb", 20, 1, 6_000, "audio", cutoff=4_000).label == "Opus 6k 4000 Hz 20 ms audio"


def test_a_packet_lasts_as_long_as_its_frames() -> None:
    assert Setting(SpeechCodec.OPUS, "nb", 60, 2, 8_000).packet_ms == 120


def test_every_codec_has_a_title() -> None:
    assert set(TITLES) == set(SpeechCodec)


def test_some_hundred_settings_each_once() -> None:
    settings = list(grid())
    assert 100 <= len(settings) <= 150
    assert len({setting.label for setting in settings}) == len(settings)


def test_no_packet_is_longer_than_opus_allows() -> None:
    assert all(setting.packet_ms <= PACKET_MS for setting in grid())


def test_the_profiles_of_a_call_are_among_them() -> None:
    labels = {setting.label for setting in grid() if setting.codec is SpeechCodec.OPUS}
    assert {
        "Opus 7k NB 2x60 voip",
        "Opus 8k NB 2x60 voip",
        "Opus 12k WB 2x60 voip",
        "Opus 8k NB + band 2x60 voip",
        "Opus 8k WB + OSCE 2x60 voip",
        "Opus 12k WB + OSCE 2x60 voip",
    } <= labels
