"""A call beside a worker without rest, and what speech missed in it."""

from __future__ import annotations

import asyncio
import json

import pytest
from fake_models import FakeWorker
from PIL import Image

from node.bench import deadlines
from node.call import build
from node.call.stats import CallStats
from node.common import config
from protocol.captions.model_codec import MAX_TOKENS
from protocol.errors import NodeError

PAINTING_S = 0.02


class SlowWorker(FakeWorker):
    """Takes its time for a picture, one at a time, and may fail at one that is asked for."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.clients: set[str] = set()
        self._fails_at = fails_at
        self._turn = asyncio.Lock()

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image:
        self.clients.add(client)
        async with self._turn:
            await asyncio.sleep(PAINTING_S)
        if self._fails_at is not None and len(self.painted) >= self._fails_at:
            raise NodeError("the picture worker died")
        return await super().paint(text, seed, client, look, extra)


def use(monkeypatch: pytest.MonkeyPatch, worker: SlowWorker) -> SlowWorker:
    monkeypatch.setattr(build, "worker", lambda settings, role: worker)
    return worker


async def test_a_call_is_held_while_pictures_are_painted_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = use(monkeypatch, SlowWorker())
    figures = await deadlines.run(config.load(speech="no such file.wav"), 3 / 60, quiet=True)
    assert not worker.open
    assert 3 <= figures["seconds"] < 10
    assert 20 < figures["painted"] <= len(worker.painted) <= figures["seconds"] / PAINTING_S
    assert len({words for words, _ in worker.painted}) > 10
    assert {client for client in worker.clients if client.startswith("busy")} == {"busy 0", "busy 1"}
    for way in ("a_to_b", "b_to_a"):
        assert figures[way]["sent"] >= figures[way]["received"] > 0
    assert json.loads(json.dumps(figures)) == figures
    lag = figures["loop_lag_ms"]
    assert 0 <= lag["p50"] <= lag["p99"] <= lag["p99.9"] <= lag["max"]
    assert any(line.startswith("event loop late by") for line in deadlines.for_people(figures))


async def test_a_hostile_peer_may_be_in_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = use(monkeypatch, SlowWorker())
    figures = await deadlines.run(config.load(), 3 / 60, quiet=True, hostile=True)
    assert figures["a_to_b"]["received"] > 0
    assert any(len(words.split()) == MAX_TOKENS for words, _ in worker.painted)


async def test_a_worker_that_dies_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, SlowWorker(fails_at=5))
    with pytest.raises(NodeError, match="the picture worker died"):
        await deadlines.run(config.load(), 1, quiet=True)


def report(**misses: float) -> dict[str, int]:
    a, b = CallStats(0.0, "lean", 120), CallStats(0.0, "lean", 120)
    a.speech_out.late = int(misses.pop("left_late", 0))
    for name, value in misses.items():
        setattr(b.speech_in, name, value)
    return deadlines.report(a, b, painted=8, seconds=4.0)


def test_everything_that_speech_missed_is_counted_once() -> None:
    assert report()["deadlines_missed"] == 0
    assert report(left_late=1, underruns=2, lost=3, late=4)["deadlines_missed"] == 10
    assert report(lost=1, concealed_ms=120)["deadlines_missed"] == 1
    assert report(concealed_ms=60)["deadlines_missed"] == 1
    assert report(mouth_to_ear_ms=[200.0, 260.4])["a_to_b"]["mouth_to_ear_ms_p95"] == 257


def test_people_read_every_figure_of_both_directions() -> None:
    lines = deadlines.for_people(report(underruns=7, left_late=1))
    assert lines[0] == "speech beside 8 pictures painted in 4 s, 2 a second:"
    assert lines[-1] == "speech deadlines missed: 8"
    table = {line[:32].strip(): line[32:].split() for line in lines[2:-1]}
    assert table["underruns of the loudspeaker"] == ["7", "0"]
    assert table["packets that left late"] == ["1", "0"]
    assert table["mouth to ear, ms (95 %)"] == ["-", "-"]
    assert len(table) == 8


def test_people_read_what_held_the_loop() -> None:
    lag = {"p50": 0.3, "p99": 7.0, "p99.9": 14.0, "max": 60.0, "over_50": 1}
    lines = deadlines.for_people(report() | {"loop_lag_ms": lag, "loop_held_ms": {"node/call/node.py:Node.count": 120}})
    assert "event loop late by, ms: p50 0.3, p99 7, p99.9 14, max 60; 1 times over 50" in lines
    assert "  held for    120 ms by node/call/node.py:Node.count" in lines
