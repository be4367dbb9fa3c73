"""The command `replay`."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from command import Command
from fake_models import FakeWorker
from files import written
from rich.console import Console
from sessions import FakeSession, came, picture, spoken, tone

from node.call.observers import CallObserver
from node.captions.coder import shipped_codecs
from node.commands import replay_targets
from node.commands.options import ReplayOptions
from node.replay import pictures
from node.replay.player import PlaybackOptions, Player
from node.speech.sinks import NullSink
from node.terminal import keyboard
from node.terminal.replay_status import Screen, line
from node.terminal.status import BufferedNotes
from protocol.errors import NodeError
from protocol.log import Header, Note, Record
from protocol.log.sealing import recording_secret
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

HUT, CASTLE = RoomSecret(b"hut" + bytes(13)), RoomSecret(b"castle" + bytes(10))


def records() -> list[Record]:
    return [
        came("b", 0.0, "Ben"),
        picture("b", 0.1, "a dog [b]"),
        *spoken("b", tone(0.3), at=0.1),
        Note(600_000, "end"),
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "a.mcap", records())


def test_it_plays_and_says_what_is_seen(file: Path, command: Command) -> None:
    assert command.run("replay", file, "--speaker", "heard.wav").code == 0
    assert command.out == "0:00  Ben: a dog [b]\n"
    assert command.err == ""
    assert Path("heard.wav").stat().st_size > 16_000


def test_it_paints_with_the_recorded_model(file: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def worker(generator: str) -> FakeWorker:
        asked.append(generator)
        return FakeWorker()

    monkeypatch.setattr(pictures, "Worker", worker)
    assert command.run("replay", file, "--speaker", "none", "--pictures", "out", "--generator", "some/model").code == 0
    assert asked == ["some/model"]
    assert len(list(Path("out").glob("*-b-00001.png"))) == 1
    assert "painted" in command.out


def test_missing_models_are_one_line_and_the_rest_is_played(
    file: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "Worker", lambda generator: FakeWorker("the model is not here"))
    assert command.run("replay", file, "--speaker", "none", "--pictures", "out").code == 0
    assert command.out == "no pictures: the model is not here\n0:00  Ben: a dog [b]\n"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--speed", "100"], 2, "--speed 100 is not between 0.25 and 8"),
        (["--from", "1:99"], 2, "not a time: '1:99'"),
        (["--from", "blue cheese", "--speaker", "none"], 1, "says 'blue cheese'"),
        (["--from", "9"], 2, "--from 0:09 is after the session's end, 0:00"),
        (["--as", "hut", "--speed", "2"], 2, "leave --speed out"),
        (["--who", "Zed", "--speaker", "none"], 1, "nobody here is called 'Zed'; there are: Ben"),
        (["--pictures", "out", "--models", "nothing", "--speaker", "none"], 1, "no preset 'nothing'"),
    ],
)
def test_wrong_usage_is_one_line(file: Path, command: Command, arguments: list[str], code: int, error: str) -> None:
    assert error in command.fails("replay", file, *arguments, code=code)


def test_what_is_no_session(tmp_path: Path, command: Command) -> None:
    (tmp_path / "a.mcap").write_bytes(b"nothing of the kind")
    assert "a.mcap" in command.fails("replay", "a.mcap")
    assert "nothere.mcap" in command.fails("replay", "nothere.mcap")


def test_what_is_sealed_needs_its_room(tmp_path: Path, command: Command) -> None:
    written(tmp_path / "a.mcap", records(), secret=recording_secret(HUT))
    assert "--room" in command.fails("replay", "a.mcap", "--speaker", "none")
    assert (
        "another room" in command.run("replay", "a.mcap", "--speaker", "none", "--room", RoomLink(CASTLE).reveal()).err
    )
    assert "Ben: a dog" in command.run("replay", "a.mcap", "--speaker", "none", "--room", RoomLink(HUT).reveal()).out


async def test_keys_pause_seek_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeSession([*records(), Note(60_000_000, "end")])
    player = Player(session, shipped_codecs(), CallObserver(), NullSink())
    typed: dict[str, Any] = {}

    class Listening:
        def __init__(self, actions: dict[str, Any]) -> None:
            typed.update(actions)

        def __enter__(self) -> bool:
            return True

        def __exit__(self, *_error: object) -> None:
            return None

    monkeypatch.setattr(keyboard, "listening", Listening)
    notes = BufferedNotes()
    playing = asyncio.create_task(replay_targets.play(player, notes))
    async with asyncio.timeout(10):
        while player.position_s == 0:  # noqa: ASYNC110 -- it plays by the real clock here
            await asyncio.sleep(0.01)
        typed[keyboard.RIGHT]()
        assert 5 <= player.position_s < 6
        typed[keyboard.RIGHT]()
        typed[keyboard.LEFT]()
        assert 5 <= player.position_s < 7
        typed[" "]()
        assert player.paused
        typed[keyboard.LEFT]()
        typed[keyboard.LEFT]()
        assert player.position_s == 0
        typed["q"]()
        await playing


def test_the_line_says_where_it_is() -> None:
    session, options = FakeSession([Note(80_000_000, "end")]), PlaybackOptions(start=40.0, speed=1.5, loop=True)
    player = Player(session, shipped_codecs(), CallObserver(), NullSink(), options)
    assert line(player) == f"playing  {'━' * 15}{'─' * 15}  0:40 / 1:20  1.5x  again and again"
    player.toggle()
    assert line(player).startswith("paused")
    out = io.StringIO()
    with Screen(player, Console(file=out, force_terminal=True, width=100)) as screen:
        screen.note("[b] is no markup")
        screen.refresh()
    assert "[b] is no markup" in out.getvalue()
    assert "0:40 / 1:20" in out.getvalue()


def test_the_recorded_generator_is_the_one_unless_another_is_named() -> None:
    recorded = Header(models={"generator": "some/model"})
    assert pictures.chosen_generator(recorded, None, None) == "some/model"
    assert pictures.chosen_generator(recorded, "photo-cpu", None) == "IDKiro/sdxs-512-0.9"
    assert pictures.chosen_generator(recorded, None, "other/model") == "other/model"
    assert pictures.chosen_generator(Header(), None, None).endswith("embedded/generator")
    assert pictures.chosen_generator(Header(models={"generator": "embedded"}), None, None).endswith(
        "embedded/generator"
    )
    with pytest.raises(NodeError, match="no preset"):
        pictures.chosen_generator(recorded, "nothing", None)


async def test_another_version_of_the_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "Worker", lambda generator: FakeWorker())
    monkeypatch.setattr(pictures.provenance, "version_of", lambda model: "new")
    notes: list[str] = []
    for version, model in (("old", None), ("new", None), ("old", "other/model")):
        header = Header(models={"generator": "some/model"}, versions={"generator": version})
        async with pictures.session_painter(header, None, model, notes.append) as paint:
            assert paint is not None
    assert notes == ["the generator is another version than the recorded one: its pictures may differ"]
    assert ReplayOptions().speed == 1
