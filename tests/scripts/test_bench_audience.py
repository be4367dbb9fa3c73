"""`scripts/bench_audience`: twenty listeners, what they prove, and what is said of too many."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import bench_audience
import pytest

from audiencebench import listeners
from audiencebench.listeners import TooFew, allow_files

PNG = b"\x89PNG"


def needs_mosquitto() -> None:
    if shutil.which("mosquitto", path="/usr/bin:/usr/sbin:/usr/local/sbin") is None:
        pytest.skip("needs mosquitto")


def test_twenty_listeners_get_and_prove_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs_mosquitto()
    pytest.importorskip("matplotlib")
    plot = tmp_path / "audience.png"
    arguments = ["--listeners", "5,20", "--seconds", "2.4", "--sample", "3", "--plot", str(plot), "--json"]
    assert bench_audience.main(arguments) == 0
    few, many = json.loads(capsys.readouterr().out)
    assert (few["listeners"], many["listeners"]) == (5, 20)
    for row in (few, many):
        assert row["delivered"] == row["expected"] > 0
        assert row["lost_connections"] == 0
        assert row["proven"] == 1
        assert 0 < row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]
        assert row["broker_cpu"] is not None
    assert many["upload_kbps"] == pytest.approx(few["upload_kbps"], rel=0.25)  # a speaker sends once
    assert plot.read_bytes().startswith(PNG)


def test_what_is_published_is_plain_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    needs_mosquitto()
    assert bench_audience.main(["--listeners", "4", "--seconds", "1", "--plain"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert "p99 ms" in head
    assert row.split()[:3] == ["mosquitto", "4", "100.00%"]
    assert row.split()[-1] == "-"


@pytest.mark.parametrize(
    ("broker", "said"),
    [
        ("127.0.0.1:1", "no broker lets anybody in at 127.0.0.1:1"),
        ("mqtts://127.0.0.1", "plain MQTT without a login"),
        ("nonsense://x", "not a broker address"),
    ],
)
def test_a_broker_that_will_not_do_is_one_line(broker: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_audience.main(["--broker", broker, "--listeners", "3"]) == 1
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("listeners", ["0", "-1", "many", "1,,2"])
def test_a_number_that_is_none(listeners: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench_audience.main(["--listeners", listeners])
    assert "--listeners" in capsys.readouterr().err


def test_more_files_than_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(which: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(listeners.resource, "getrlimit", lambda which: (1024, 4096))
    monkeypatch.setattr(listeners.resource, "setrlimit", refused)
    allow_files(1024)
    with pytest.raises(TooFew, match="5000 open files are needed, and this system allows 4096: ulimit -Hn 5000"):
        allow_files(5000)
