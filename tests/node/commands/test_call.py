"""The commands `call`, `send` and `receive`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import ROOM
from fake_models import FakeWorker
from happenings import until
from PIL import Image

from node.call import build
from node.call.stats import CallStats
from node.commands import call, call_lines
from node.common import config
from node.links import broker
from node.links.address import BrokerAddress
from node.recording.reader import SessionReader
from node.terminal.summary import Summary, summarise
from protocol.errors import NodeError, UsageError


@pytest.fixture
def settings(embedded_broker: BrokerAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A sender's and a listener's settings in one."""
    monkeypatch.setattr(build, "worker", lambda settings, role: FakeWorker())
    seen = tmp_path / "seen.png"
    Image.new("RGB", (8, 8), "red").save(seen)
    return {
        "broker": str(embedded_broker),
        "media_address": "127.0.0.1",
        "speech": "none",
        "dtx": False,  # so that there is something to count
        "camera": str(seen),
        "speaker": str(tmp_path / "heard.wav"),
        "pictures": tmp_path / "kept",
    }


async def test_one_sends_and_the_other_keeps_what_it_heard_and_saw(
    settings: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sender = config.load(name="ann", **settings)
    listener = config.load(name="bob", **settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(call.run(sender, ROOM, build.SEND, 3.0, json=True))
        group.create_task(call.run(listener, ROOM, build.RECEIVE, 3.0, json=True))
    said = capsys.readouterr()
    by_sending = {bool(summary["picture"]["sent"]): summary for summary in map(json.loads, said.out.splitlines())}
    assert by_sending[True]["speech"]["packets_sent"] > 0
    assert by_sending[False]["speech"]["packets_received"] > 0
    assert by_sending[False]["picture"]["painted"] == 1
    (kept,) = (path for path in (tmp_path / "kept").iterdir() if not path.name.startswith("now-"))
    with Image.open(kept) as painted:
        assert painted.text["Description"].startswith("a ")
    assert (tmp_path / "heard.wav").stat().st_size > 44
    for line in ("ann is here", "bob is here", f"painted {kept.name}"):
        assert line in said.err


async def test_people_read_lines(settings: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert await call.run(config.load(**settings), ROOM, build.SEND, 0.3, json=False)
    assert "kbit/s on the wire in all" in capsys.readouterr().out


async def test_models_that_cannot_be_loaded_end_the_call(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "worker", lambda settings, role: FakeWorker("no such model"))
    with pytest.raises(NodeError, match="no such model"):
        await call.run(config.load(**settings), ROOM, build.CALL, None, json=True)


async def test_m_mutes(settings: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    @contextlib.contextmanager
    def typed_at_once(actions: dict[str, Any], run_line: Any, show: Any) -> Iterator[bool]:
        actions[call_lines.MUTE_KEY]()
        run_line("/profile clear")
        yield True

    monkeypatch.setattr(call_lines.keyboard, "listening", typed_at_once)
    assert await call.run(config.load(**settings), ROOM, build.SEND, 0.6, json=True)
    said = capsys.readouterr()
    assert "m mutes you, r records, q ends the call" in said.err
    assert "muted: nobody hears you" in said.err
    assert "speech goes by clear now" in said.err
    assert json.loads(said.out)["speech"]["muted_s"] > 0


async def test_space_asks_for_the_floor(
    settings: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    @contextlib.contextmanager
    def typed_at_once(actions: dict[str, Any], run_line: Any, show: Any) -> Iterator[bool]:
        actions[call_lines.TALK_KEY]()
        run_line("/talk")
        actions[call_lines.TALK_KEY]()
        yield True

    monkeypatch.setattr(call_lines.keyboard, "listening", typed_at_once)
    asked = settings | {"push_to_talk": True}
    assert await call.run(config.load(**asked), ROOM, build.SEND, 0.6, json=True)
    said = capsys.readouterr()
    assert call_lines.TALK_HELP in said.err
    assert said.err.count("you have the floor: speak") == 1
    assert json.loads(said.out)["floor"] | {"held_s": {}} == {"asked": 1, "granted": 1, "refused": 0, "held_s": {}}


async def test_r_records_and_ends_that(
    settings: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    @contextlib.contextmanager
    def typed_at_once(actions: dict[str, Any], run_line: Any, show: Any) -> Iterator[bool]:
        run_line("/record talk.mcap")
        yield True
        actions[call_lines.RECORD_KEY]()

    monkeypatch.setattr(call_lines.keyboard, "listening", typed_at_once)
    assert await call.run(config.load(name="ann", **settings), ROOM, build.SEND, 0.6, json=True)
    said = capsys.readouterr()
    assert "r records" in said.err
    assert "recording to talk.mcap" in said.err
    assert "recorded 0:00 to talk.mcap" in said.err
    with SessionReader.open(tmp_path / "talk.mcap") as session:
        assert session.header.name == "ann"
        assert session.complete


async def test_a_recording_is_never_written_over_another(settings: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "talk.mcap"
    path.touch()
    with pytest.raises(UsageError, match="exists already"):
        await call.run(config.load(record=path, **settings), ROOM, build.SEND, 0.3, json=True)


async def test_a_call_waits_for_its_broker(
    settings: dict[str, Any], capsys: pytest.CaptureFixture[str], free_port: Callable[[], int]
) -> None:
    port = free_port()
    waiting = config.load(name="ann", wait=True, **{**settings, "broker": f"mqtt://127.0.0.1:{port}"})
    ready = config.load(name="bob", wait=False, **{**settings, "broker": f"mqtt://127.0.0.1:{port}"})
    said = ""

    def until_noted() -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return "trying again" in said

    calls = [asyncio.create_task(call.run(waiting, ROOM, build.SEND, 6.0, json=True))]
    await until(until_noted)
    async with broker.serve("127.0.0.1", port):
        calls.append(asyncio.create_task(call.run(ready, ROOM, build.RECEIVE, 5.0, json=True)))
        await asyncio.gather(*calls)
    output = capsys.readouterr()
    assert said.count("trying again") + output.err.count("trying again") == 1
    assert any(json.loads(line)["picture"]["painted"] for line in output.out.splitlines())


async def test_a_call_that_does_not_wait_ends(settings: dict[str, Any], free_port: Callable[[], int]) -> None:
    nowhere = config.load(wait=False, **{**settings, "broker": f"mqtt://127.0.0.1:{free_port()}"})
    with pytest.raises(NodeError, match="cannot reach the broker"):
        await call.run(nowhere, ROOM, build.SEND, 60.0, json=True)


async def test_a_call_whose_time_is_over_before_its_broker_answered_has_failed(
    settings: dict[str, Any], free_port: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = config.load(wait=True, **{**settings, "broker": f"mqtt://127.0.0.1:{free_port()}"})
    assert not await call.run(nowhere, ROOM, build.SEND, 0.3, json=True)
    assert "was never reached, so that nobody was met" in capsys.readouterr().err


async def test_the_models_begin_to_load_before_the_room_is_asked_for(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A passphrase takes a second to become a key, and who types it takes longer."""
    worker = FakeWorker()
    monkeypatch.setattr(build, "worker", lambda settings, role: worker)
    open_when_asked: list[bool] = []

    def ask(room: str | None, settings: Any) -> Any:
        open_when_asked.append(worker.open)
        raise NodeError("no such room")

    monkeypatch.setattr("node.rooms.resolve", ask)
    with pytest.raises(NodeError, match="no such room"):
        await call.run(config.load(**settings), "-", build.CALL, 1.0, json=True)
    assert open_when_asked == [True]
    assert not worker.open


@pytest.mark.parametrize(("piped", "good"), [(False, False), (True, True)])
async def test_a_call_in_which_nobody_could_be_spoken_with_is_none(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, piped: bool, good: bool
) -> None:
    tally = CallStats(0.0, "lean", never_spoken_with=["UDP is blocked"])

    async def called(*_: object) -> tuple[Summary, bool]:
        return summarise(tally, tally, 10.0), True

    monkeypatch.setattr(call, "_call", called)
    assert await call.run(config.load(**settings), ROOM, build.RECEIVE, 1.0, json=False, piped=piped) is good
