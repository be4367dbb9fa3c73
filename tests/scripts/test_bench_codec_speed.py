from __future__ import annotations

import json
from pathlib import Path

import bench_codec_speed
import pytest


def test_it_prints_what_captions_and_the_worst_of_them_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captions = tmp_path / "captions.txt"
    captions.write_text("a cat on a bench\na dog\n", "utf-8")
    bench_codec_speed.main([str(captions), "--count", "2", "--tokens", "3", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["yardstick_ms"] > 0
    assert [row["what"] for row in found["usual"][:4]] == [
        f"captions, {kind}, {way}" for kind in ("new", "again") for way in ("encode", "decode")
    ]
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in found["usual"])
    assert all(row["ms"] > 0 and row["ratio"] > 0 for row in found["worst"])


def test_without_a_file_it_takes_drawn_scenes_and_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    bench_codec_speed.main(["--count", "1", "--tokens", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("the yardstick takes")
    assert any(line.startswith("captions, new, decode") for line in lines)
