"""Commands of the user's that run at events of a call."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from live_call import parts, place, running
from node.call import hooks
from node.call.hooks import MOST_AT_ONCE, MOST_WAITING, PREFIX, HookJob, HookRunner, Hooks, parse
from node.call.node import Node
from node.common import config
from protocol.errors import UsageError
from protocol.signalling import Hello

HOSTILE = "\x1b[31m$(touch pwned) `x`; rm -rf ~ \u202e\x00\ud800"


@dataclass(frozen=True)
class Line:
    """A line that was typed."""

    name: str
    text: str
    mine: bool = False
    spoken_s: float = 0.0


def python(code: str, *arguments: object) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import json, os, sys, time; {code}", *map(str, arguments))


def seen(path: Path) -> dict[str, str]:
    """Return what a command got by its environment, and wrote to the file."""
    return dict(json.loads(path.read_text()))


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.01)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def ours(path: Path) -> tuple[str, ...]:
    """A command that writes all of our variables that it has."""
    code = "part = sys.argv[1] + '.part'; open(part, 'w').write(json.dumps({name: value for name, value in "
    code += "os.environ.items() if name.startswith('PICTOPHONE_')})); os.rename(part, sys.argv[1])"
    return python(code, path)


class TestHooks:
    def jobs(self, **commands: tuple[str, ...]) -> tuple[Hooks, list[HookJob]]:
        jobs: list[HookJob] = []
        return Hooks(commands, "treehouse", jobs.append, {"me": "ann"}), jobs

    def test_the_floor_passes_on_to_one_and_to_nobody(self) -> None:
        made, jobs = self.jobs(floor=("true",))
        made.joined("x", Hello(1, "bob"))
        for holder in ("", "x", "x", "", "me"):
            made.floor_changed(holder)
        passed = [(job.variables[f"{PREFIX}NAME"], job.variables[f"{PREFIX}PEER"]) for job in jobs]
        assert passed == [("bob", "x"), ("", ""), ("ann", "me")]
        assert {job.event for job in jobs} == {"floor"}

    def test_a_peer_that_joins_is_one_event_until_it_leaves(self) -> None:
        made, jobs = self.jobs(join=("true",))
        made.joined("p1", Hello(1, "Ann"))
        made.joined("p1", Hello(1, "Ann", codecs=(0, 1)))
        made.joined("p2", Hello(2, ""))
        made.left("p1")
        made.joined("p1", Hello(3, "Ann"))
        assert [job.variables[f"{PREFIX}NAME"] for job in jobs] == ["Ann", "p2", "Ann"]
        assert jobs[0] == HookJob(
            event="join",
            words=("true",),
            variables={
                f"{PREFIX}NAME": "Ann", f"{PREFIX}PEER": "p1", f"{PREFIX}EVENT": "join", f"{PREFIX}ROOM": "treehouse",
            },
        )  # fmt: skip

    def test_a_line_of_a_peer_is_an_event_and_one_of_ours_is_not(self) -> None:
        made, jobs = self.jobs(message=("true",))
        made.line_typed(Line("Ann", "hello"), b"")
        made.line_typed(Line("me", "hello", mine=True), b"")
        made.joined("p1", Hello(1, "Ann"))
        assert [(job.event, job.variables[f"{PREFIX}MESSAGE"]) for job in jobs] == [("message", "hello")]

    def test_what_peers_say_is_printable(self) -> None:
        made, jobs = self.jobs(message=("true",))
        made.line_typed(Line(HOSTILE, HOSTILE), b"")
        for name in ("NAME", "MESSAGE"):
            value = jobs[0].variables[PREFIX + name]
            assert not set(value) & set("\x00\x1b\u202e\ud800\n")
            value.encode()


class TestHookRunner:
    async def test_a_command_gets_the_event_and_no_setting(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PICTOPHONE_BROKER_PASSWORD", "hunter2")
        monkeypatch.setenv("PICTOPHONE_ROOM", "hunter2")
        runner = HookRunner(print)
        runner.start(HookJob("join", ours(tmp_path / "seen"), {f"{PREFIX}NAME": "Ann"}))
        await until((tmp_path / "seen").exists)
        assert seen(tmp_path / "seen") == {f"{PREFIX}NAME": "Ann"}
        runner.end()

    async def test_there_is_no_shell(self, tmp_path: Path) -> None:
        runner, notes = HookRunner(print), tmp_path / "seen"
        runner.start(HookJob("join", (*ours(notes), f"; touch {tmp_path}/pwned", "$(id)"), {"X": f"$(touch {notes})"}))
        await until(notes.exists)
        assert names(tmp_path) == ["seen"]
        runner.end()

    async def test_one_that_fails_is_noted_once(self) -> None:
        notes: list[str] = []
        runner = HookRunner(notes.append)
        for _ in range(3):
            runner.start(HookJob("join", python("sys.exit(3)"), {}))
        runner.start(HookJob("message", ("/no/such/program",), {}))
        await until(lambda: len(notes) == 2 and runner._jobs.empty())
        assert set(notes) == {
            f"--on-join: {sys.executable!r} failed with exit code 3",
            "--on-message: cannot run '/no/such/program': No such file or directory",
        }
        runner.end()

    async def test_one_that_hangs_is_ended_with_all_that_it_started(self, tmp_path: Path) -> None:
        notes: list[str] = []
        runner = HookRunner(notes.append, timeout_s=2.0)
        code = "import subprocess; child = subprocess.Popen(['sleep', '60']); "
        code += "open(sys.argv[1], 'w').write(f'{child.pid} '); child.wait()"
        runner.start(HookJob("join", python(code, tmp_path / "child"), {}))
        await until(lambda: bool(notes))
        assert notes == [f"--on-join: {sys.executable!r} was ended after 2 s"]
        await until(lambda: not alive(int((tmp_path / "child").read_text())))
        runner.end()

    async def test_a_few_run_at_once_and_a_few_wait(self, tmp_path: Path) -> None:
        notes: list[str] = []
        runner = HookRunner(notes.append)
        code = "open(f'{sys.argv[1]}/{os.getpid()}', 'w').close(); time.sleep(60)"
        began = time.monotonic()
        for _ in range(MOST_AT_ONCE + MOST_WAITING + 20):
            runner.start(HookJob("join", python(code, tmp_path), {}))
        assert time.monotonic() - began < 1.0
        await until(lambda: len(names(tmp_path)) == MOST_AT_ONCE)
        await asyncio.sleep(0.2)
        pids = [int(name) for name in names(tmp_path)]
        assert len(pids) == MOST_AT_ONCE
        assert notes == ["too many commands of --on-join wait: some are left out"]
        runner.end()
        await until(lambda: not any(map(alive, pids)))
        await until(lambda: not any(thread.is_alive() for thread in runner._threads))
        assert len(names(tmp_path)) == MOST_AT_ONCE


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("command", ["", "  ", "notify 'Ann", "no-such-program-here x"])
def test_what_cannot_be_run_is_said_at_the_start(command: str) -> None:
    with pytest.raises(UsageError, match="--on-join") as caught:
        parse("join", command)
    assert "\n" not in str(caught.value)


def test_words_are_split_as_a_shell_does() -> None:
    assert parse("join", "true 'a b' \"$HOME\" c\\ d") == ("true", "a b", "$HOME", "c d")


class ObservedNode:
    """A node that has observers and a name, and nothing else."""

    def __init__(self) -> None:
        self.observers, self.id, self.name = self, "me", "ann"
        self.all: list[Any] = []

    def add(self, observer: Any) -> None:
        self.all.append(observer)

    def remove(self, observer: Any) -> None:
        self.all.remove(observer)


async def test_a_settings_file_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of the folder that a call is started from may be anybody's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictophone.toml").write_text('on_join = "touch pwned"\n')
    with (
        pytest.raises(UsageError, match="a settings file may not run commands"),
        hooks.running(config.load(), ObservedNode(), "treehouse", print),  # type: ignore[arg-type]
    ):
        pytest.fail("it runs")
    monkeypatch.setenv("PICTOPHONE_ON_JOIN", "true")
    with hooks.running(config.load(), node := ObservedNode(), "treehouse", print):  # type: ignore[arg-type]
        assert len(node.all) == 1
    assert node.all == []


async def test_without_a_command_nothing_observes() -> None:
    with hooks.running(config.load(), node := ObservedNode(), "treehouse", print):  # type: ignore[arg-type]
        assert node.all == []


async def test_variables_of_a_hook_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pictophone that a hook starts must not take the peer's name for its own."""
    for name in ("NAME", "ROOM", "PEER", "EVENT", "MESSAGE"):
        monkeypatch.setenv(PREFIX + name, "Ann")
    assert config.load() == config.load()
    assert "Ann" not in str(config.load())
    assert os.environ[f"{PREFIX}NAME"] == "Ann"


async def test_a_call_runs_the_command_when_a_peer_joins(
    tmp_path: Path, embedded_broker: Any, fake_models: Any
) -> None:
    ann, bob = (Node(name, place(embedded_broker), parts(fake_models)) for name in ("ann", "bob"))
    command = " ".join(map(json.dumps, ours(tmp_path / "seen")))
    with hooks.running(config.load(on_join=command), ann, "treehouse", print):
        async with running(ann, bob) as nodes:
            await nodes.until((tmp_path / "seen").exists)
    assert seen(tmp_path / "seen") == {
        f"{PREFIX}EVENT": "join", f"{PREFIX}NAME": "bob", f"{PREFIX}PEER": bob.id, f"{PREFIX}ROOM": "treehouse",
    }  # fmt: skip
