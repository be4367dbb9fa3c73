"""Settings and their names."""

from __future__ import annotations

from node.bench.speech.settings import TITLES, Codec, Setting


def test_labels_say_what_is_asked_for() -> None:
    assert Setting(Codec.OPUS, "nb", 60, 2, 8_000, "voip").label == "Opus 8k NB 2x60 voip"
    assert Setting(Codec.LYRA, "wb", 20, 6, 3_200).label == "Lyra V2 3.2k WB 6x20"
    assert Setting(Codec.SPEEX, "nb", 20, quality=3).label == "Speex q3 NB 20 ms"
    assert Setting(Codec.FFMPEG, "nb", 20, 1, 6_000, "audio", cutoff=4_000).label == "Opus 6k 4000 Hz 20 ms audio"


def test_a_packet_lasts_as_long_as_its_frames() -> None:
    assert Setting(Codec.OPUS, "nb", 60, 2, 8_000).packet_ms == 120


def test_every_codec_has_a_title() -> None:
    assert set(TITLES) == set(Codec)
