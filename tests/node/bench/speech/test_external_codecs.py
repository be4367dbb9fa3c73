"""What PyAV's FFmpeg codes, and system tools; skipped where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from node.bench.speech import external_codecs
from node.bench.speech.article import CUTOFFS, opus
from node.bench.speech.settings import CODEC2_FRAMES, Setting, SpeechCodec
from node.bench.speech.streams import losses, read
from protocol.errors import NodeError
from protocol.speech.opus_packet import OPUS_RATE


def test_opus_takes_the_articles_options(recording: Path) -> None:
    pcm = read(recording, OPUS_RATE)[:96_000]
    sizes = {}
    for cutoff in CUTOFFS:
        stream = external_codecs.code_opus(opus(24_000, cutoff), pcm)
        assert len(stream.decode([False] * len(stream.packets))) == len(stream.packets) * 320
        sizes[cutoff] = stream.packets
    assert sizes[4_000] != sizes[8_000]


def test_a_lost_packet_of_opus_is_concealed(recording: Path) -> None:
    stream = external_codecs.code_opus(opus(8_000, 4_000), read(recording, OPUS_RATE)[:96_000])
    assert len(stream.decode(losses(len(stream.packets), 20))) == len(stream.packets) * 320


def test_amr_counts_its_payload_header_and_conceals(recording: Path) -> None:
    if not external_codecs.has_amr("nb"):
        pytest.skip("needs a PyAV with AMR")
    stream = external_codecs.code_amr(Setting(SpeechCodec.AMR, "nb", 20, 6, 12_200), read(recording, 8_000)[:16_000])
    assert stream.packets[0] == 1 + 6 * 32
    lost = [packet == 4 for packet in range(len(stream.packets))]
    holed, complete = stream.decode(lost), stream.decode([False] * len(lost))
    assert len(holed) == len(complete)
    assert not np.array_equal(holed, complete)


@pytest.mark.skipif(not external_codecs.has_speex(), reason="needs speexenc and speexdec, or an ffmpeg with libspeex")
@pytest.mark.parametrize("bandwidth", ["nb", "wb"])
def test_speex(recording: Path, bandwidth: str) -> None:
    rate = external_codecs.SPEEX_RATES[bandwidth]
    pcm = read(recording, rate)[: 2 * rate]
    low, high = (
        external_codecs.code_speex(Setting(SpeechCodec.SPEEX, bandwidth, 20, 6, quality=quality), pcm)
        for quality in (1, 6)
    )
    assert abs(len(low.packets) - 2000 / 120) <= 2
    assert sum(low.packets) < sum(high.packets)
    for lost in ([False] * len(low.packets), [index % 4 == 3 for index in range(len(low.packets))]):
        assert abs(len(low.decode(lost)) - len(pcm)) <= rate // 4


@pytest.mark.skipif(not external_codecs.has_codec2(), reason="needs c2enc and c2dec")
@pytest.mark.parametrize("mode", CODEC2_FRAMES)
def test_codec2_costs_its_mode(recording: Path, mode: int) -> None:
    _, milliseconds = CODEC2_FRAMES[mode]
    bundle = 120 // milliseconds
    stream = external_codecs.code_codec2(
        Setting(SpeechCodec.CODEC2, "nb", milliseconds, bundle, mode), read(recording, 8_000)
    )
    rate = stream.packets[0] * 8 / 0.120
    assert mode <= rate < mode * 1.1
    lost = [index == 2 for index in range(len(stream.packets))]
    assert not stream.decode(lost)[2 * 960 : 3 * 960].any()
    assert stream.decode([False] * len(lost)).any()


def test_a_tool_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    monkeypatch.setenv("PATH", "")
    assert not external_codecs.has_speex()
    assert not external_codecs.has_codec2()
    with pytest.raises(NodeError, match="c2enc failed"):
        external_codecs.code_codec2(Setting(SpeechCodec.CODEC2, "nb", 20, 6, 3200), read(recording, 8_000))
