"""Codecs that are system tools; skipped where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.bench.speech import tool_codecs
from node.bench.speech.recording import read
from node.bench.speech.settings import Codec, Setting
from protocol.errors import NodeError


@pytest.mark.skipif(not tool_codecs.has_speex(), reason="needs speexenc and speexdec")
@pytest.mark.parametrize("bandwidth", ["nb", "wb"])
def test_speex(recording: Path, bandwidth: str) -> None:
    rate = tool_codecs.SPEEX_RATES[bandwidth]
    pcm = read(recording, rate)[: 2 * rate]
    low, high = (
        tool_codecs.code_speex(Setting(Codec.SPEEX, bandwidth, 20, 6, quality=quality), pcm) for quality in (1, 6)
    )
    assert abs(len(low.packets) - 2000 / 120) <= 2
    assert sum(low.packets) < sum(high.packets)
    for lost in ([False] * len(low.packets), [index % 4 == 3 for index in range(len(low.packets))]):
        assert abs(len(low.heard(lost)) - len(pcm)) <= rate // 4


@pytest.mark.skipif(not tool_codecs.has_codec2(), reason="needs c2enc and c2dec")
@pytest.mark.parametrize("mode", tool_codecs.CODEC2_FRAMES)
def test_codec2_costs_its_mode(recording: Path, mode: int) -> None:
    _, milliseconds = tool_codecs.CODEC2_FRAMES[mode]
    bundle = 120 // milliseconds
    stream = tool_codecs.code_codec2(Setting(Codec.CODEC2, "nb", milliseconds, bundle, mode), read(recording, 8_000))
    rate = stream.packets[0] * 8 / 0.120
    assert mode <= rate < mode * 1.1
    lost = [index == 2 for index in range(len(stream.packets))]
    assert not stream.heard(lost)[2 * 960 : 3 * 960].any()
    assert stream.heard([False] * len(lost)).any()


def test_a_tool_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    monkeypatch.setenv("PATH", "")
    assert not tool_codecs.has_speex()
    assert not tool_codecs.has_codec2()
    with pytest.raises(NodeError, match="c2enc failed"):
        tool_codecs.code_codec2(Setting(Codec.CODEC2, "nb", 20, 6, 3200), read(recording, 8_000))
