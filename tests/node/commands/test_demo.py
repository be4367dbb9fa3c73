"""The demo: both nodes of a call on this machine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from fake_models import FakeWorker

from node.call import build
from node.commands import demo
from node.common import config
from node.links.address import BrokerAddress
from node.recording.reader import SessionReader
from protocol import log
from protocol.errors import UsageError


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    worker = FakeWorker()
    monkeypatch.setattr(build, "worker", lambda settings, role: worker)
    return worker


async def test_both_directions_are_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = config.load(speaker=str(tmp_path / "heard.wav"), pictures=tmp_path / "kept")
    assert await demo.run(settings, own_broker=True, seconds=3.0, json=True)
    written = capsys.readouterr()
    assert "the page is at http://127.0.0.1:" in written.err
    summaries = json.loads(written.out)
    assert list(summaries) == ["a", "b"]
    assert summaries["a"]["speech"]["packets_received"] > 0  # b listens first, and sends nothing meanwhile
    for summary in summaries.values():
        assert summary["speech"]["packets_sent"] >= summary["speech"]["packets_received"]
        assert summary["picture"]["sent"] >= summary["picture"]["painted"] > 0
        assert summary["call"]["setup_ms"] > 0
    for made in ("heard-a.wav", "heard-b.wav", "kept/a", "kept/b"):
        assert (tmp_path / made).exists()


async def test_the_time_counts_from_when_the_models_are_ready(
    capsys: pytest.CaptureFixture[str], worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow machine loads models for longer than a short call lasts, and would show nothing of it."""

    async def slowly() -> None:
        await asyncio.sleep(3.0)

    monkeypatch.setattr(worker, "ready", slowly)
    began = asyncio.get_running_loop().time()
    assert await demo.run(config.load(speaker="none"), own_broker=True, seconds=1.0, json=True)
    assert asyncio.get_running_loop().time() - began > 4.0
    assert "the call's 1 s begin now" in capsys.readouterr().err


async def test_what_a_sends_and_gets_is_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "call.mcap"
    settings = config.load(speaker="none", record=path, keep_snapshots=True)
    assert await demo.run(settings, own_broker=True, seconds=3.0, json=True)
    summaries = json.loads(capsys.readouterr().out)
    with SessionReader.open(path) as session:
        assert (session.header.name, session.complete) == ("a", True)
        own, records = session.header.node, list(session.records())
    sent = [record for record in records if isinstance(record, log.Speech) and record.sender == own]
    seen = [record for record in records if isinstance(record, log.Frame) and record.sender != own]
    assert len(sent) == summaries["a"]["speech"]["packets_sent"]
    assert all(record.caption for record in seen)
    assert [record.name for record in records if isinstance(record, log.Joined)] == ["b"]
    assert any(isinstance(record, log.Snapshot) for record in records)


async def test_a_seal_that_nobody_could_open_is_refused(tmp_path: Path) -> None:
    settings = config.load(speaker="none", record=tmp_path / "call.mcap", seal_recording=True)
    with pytest.raises(UsageError, match="leave out the seal"):
        await demo.run(settings, own_broker=True, seconds=1.0, json=True)


async def test_a_call_in_which_nobody_is_seen_has_failed(
    mosquitto: BrokerAddress, capsys: pytest.CaptureFixture[str], worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sees_nothing(*_: object, **__: object) -> str:
        return await asyncio.Future[str]()

    monkeypatch.setattr(worker, "caption", sees_nothing)
    settings = config.load(broker=str(mosquitto), speaker="none")
    assert not await demo.run(settings, own_broker=False, seconds=0.1, json=False)
    out = capsys.readouterr().out
    assert "from a to b:" in out
    assert "from b to a:" in out
