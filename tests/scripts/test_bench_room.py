"""`scripts/bench_room`: a room of two, and what it prints."""

from __future__ import annotations

import json
import shutil

import bench_room
import pytest


def test_a_room_of_two_by_each_route(capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("mosquitto", path="/usr/bin:/usr/sbin:/usr/local/sbin") is None:
        pytest.skip("needs mosquitto")
    arguments = ["--nodes", "2", "--route", "direct", "--route", "broker", "--seconds", "2", "--json"]
    assert bench_room.main(arguments) == 0
    direct, broker = json.loads(capsys.readouterr().out)
    assert (direct["route"], broker["route"]) == ("direct", "broker")
    for row in (direct, broker):
        assert row["nodes"] == 2
        assert row["talker_up_kbps"] == pytest.approx(row["listener_down_kbps"], rel=0.5)
        assert 5 < row["talker_up_kbps"] < 25
        assert row["listener_up_kbps"] < row["talker_up_kbps"]
        assert row["heard"] > 0.5
        assert 0 < row["setup_received"] < 20_000
        assert row["talker_cpu"] > 0
    assert broker["setup_received"] < direct["setup_received"]  # no links are made


@pytest.mark.parametrize("sizes", ["1", "9", "two"])
def test_no_room_has_so_many(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench_room.main(["--nodes", sizes])
    assert "--nodes" in capsys.readouterr().err


def test_a_broker_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_room.main(["--broker", "nonsense://x"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("bench_room: ")
    assert len(err.splitlines()) == 1
