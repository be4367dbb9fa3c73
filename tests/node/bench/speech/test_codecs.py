"""Which codecs are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.bench.speech import codecs
from node.bench.speech.grid import grid
from node.bench.speech.settings import Codec, Setting
from protocol.errors import NodeError

from .conftest import LEAN

LYRA = Setting(Codec.LYRA, "wb", 20, 6, 3_200)


def test_opus_is_always_here_and_lyra_by_its_folder(tmp_path: Path) -> None:
    assert codecs.has(LEAN, None)
    assert not codecs.has(LYRA, None)
    assert codecs.has(LYRA, tmp_path)


def test_why_a_codec_is_left_out_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    gone = [setting for setting in grid() if not codecs.has(setting, None)]
    told = list(codecs.why_not(gone))
    assert len(told) == len(set(told))
    for word in ("speexenc", "c2enc", "--lyra DIR"):
        assert sum(word in line for line in told) == 1
    assert list(codecs.why_not([])) == []


def test_every_setting_knows_its_rate_and_codes(recording: Path) -> None:
    for setting in {setting.codec: setting for setting in grid()}.values():
        assert codecs.input_rate(setting) in (8_000, 16_000)
    assert codecs.code(LEAN, recording, None).rate == 16_000
    with pytest.raises(NodeError, match="--lyra DIR"):
        codecs.code(LYRA, recording, None)
