from __future__ import annotations

import bench_files
import pytest


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_made_opened_and_measured(kind: str) -> None:
    row = bench_files.measured(kind, 6.0)
    assert row["shown"] == [2048, 1536]
    assert 0 < row["idle_mb"] < row["peak_mb"] < 300
    assert row["cpu_s"] > 0


def test_every_format_can_be_made(tmp_path) -> None:
    pytest.importorskip("pillow_heif", reason="needs the package pillow-heif")
    for kind in bench_files.FORMATS:
        bench_files.make(kind, "0.01", str(tmp_path / kind))
        assert bench_files.opened(tmp_path / kind)["shown"] == [115, 86]
