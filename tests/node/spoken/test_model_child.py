"""A model's process: asked, replaced when it dies, given up when it cannot be used, and ended with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from node.common import child_process
from node.spoken import model_child
from node.spoken.model_child import MOST_FAILURES, ModelChild, environment
from node.spoken.serving import NICENESS
from protocol.errors import NodeError

CHILD = """
import os, sys, time
from node.spoken.serving import serve
from protocol.errors import NodeError

def load():
    if "broken" in sys.argv:
        raise NodeError("there is no such model")
    if "dead" in sys.argv:
        os._exit(3)
    def answer(kind, value=None):
        print("noise of a library")
        if kind == "die":
            os._exit(1)
        if kind == "hang":
            time.sleep(1000)
        if kind == "fail":
            raise ValueError("not this one")
        if kind == "nice":
            return os.nice(0)
        return [value, os.environ.get("HF_HUB_OFFLINE"), os.environ.get("PICTOPHONE_ROOM")]
    return answer

serve(load)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tmp_path / "child.py"
    path.write_text(CHILD)
    monkeypatch.setattr(child_process, "command", lambda module: (sys.executable, module))
    monkeypatch.setenv("PICTOPHONE_ROOM", "a secret")
    return str(path)


async def test_it_answers_offline_without_settings_and_gives_way_to_everything(program: str) -> None:
    async with ModelChild("a model", program, []) as child:
        assert await child.ask("echo", b"\0\1" * 100_000) == [b"\0\1" * 100_000, "1", None]
        assert await child.ask("fail") is None
        if hasattr(os, "nice"):
            assert await child.ask("nice") == NICENESS
        assert child.restarts == 0
        pid = child.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_one_that_dies_is_replaced_at_the_next_request(program: str) -> None:
    async with ModelChild("a model", program, []) as child:
        assert await child.ask("die") is None
        assert (await child.ask("echo", 1) or [None])[0] == 1
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        answers = [await child.ask("echo", number) for number in (2, 3)]
        assert (answers[-1] or [None])[0] == 3


async def test_one_that_hangs_is_killed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelChild("a model", program, []) as child:
        await child.ask("echo", 0)
        with monkeypatch.context() as patch:
            patch.setattr(model_child, "LONGEST_S", 0.2)
            assert await child.ask("hang") is None
        assert child.restarts == 1
        assert (await child.ask("echo", 1) or [None])[0] == 1


async def test_a_request_that_is_broken_off_leaves_no_reply_to_another(program: str) -> None:
    async with ModelChild("a model", program, []) as child:
        await child.ask("echo", 0)
        asking = asyncio.create_task(child.ask("hang"))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (await child.ask("echo", 1) or [None])[0] == 1


async def test_a_model_that_cannot_be_loaded_says_why_and_is_not_tried_again(program: str) -> None:
    async with ModelChild("the model", program, ["broken"]) as child:
        for _ in range(2):
            with pytest.raises(NodeError, match="the model: there is no such model"):
                await child.ask("echo", 1)


async def test_whether_it_can_be_used_is_known_before_it_is_asked(program: str) -> None:
    async with ModelChild("a model", program, []) as child:
        await child.prepare()
        assert (await child.ask("echo", 1) or [None])[0] == 1
    async with ModelChild("the model", program, ["broken"]) as child:
        with pytest.raises(NodeError, match="the model: there is no such model"):
            await child.prepare()
    async with ModelChild("the model", program, ["dead"]) as child:
        await child.prepare()
        assert await child.ask("echo", 1) is None


async def test_a_program_that_always_dies_is_given_up(program: str) -> None:
    async with ModelChild("the model", program, ["dead"]) as child:
        for _ in range(MOST_FAILURES - 1):
            assert await child.ask("echo", 1) is None
        with pytest.raises(NodeError, match="failed 3 times in a row: its process ended"):
            await child.ask("echo", 1)


async def test_a_request_that_fails_is_one_line_and_costs_only_itself(
    program: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with ModelChild("the model", program, []) as child:
        assert [await child.ask("fail") for _ in range(MOST_FAILURES + 1)] == [None] * (MOST_FAILURES + 1)
        assert (await child.ask("echo", 1) or [None])[0] == 1
        assert child.restarts == 0
    line = "the model gave no answer, and what it was asked is left out: ValueError: not this one"
    assert next(one.getMessage() for one in caplog.records if one.name == model_child.__name__) == line


def test_only_a_model_of_the_hub_may_use_the_network() -> None:
    assert environment(online=False)["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in {*environment(online=True)} - {*os.environ}
    assert environment(online=True)["HF_HUB_DISABLE_TELEMETRY"] == "1"
