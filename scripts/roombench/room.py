"""A room: its nodes are started one after another, one talks, and what that cost each is read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiencebench.brokers import Brokers

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
PATIENCE_S = 60.0
# Between two who join, as people do who were asked for the same hour. It is no part of what is measured.
JOINS_EVERY_S = 0.3

# From the first word on: links have been made and the first reports of the peers have come.
SETTLES_S = 4.0


PACKET_S = 0.12  # of speech in each of the talker's packets


class Failed(Exception):
    """There was no such room."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a room cost: rates in kbit/s and shares of a core while one talked, bytes until everybody was there."""

    route: str
    nodes: int
    talker_up_kbps: float
    listener_down_kbps: float
    listener_up_kbps: float
    setup_sent: int
    setup_received: int
    talker_cpu: float
    listener_cpu: float
    heard: float
    joined_s: float

    def __str__(self) -> str:
        return (
            f"{self.route:8}{self.nodes:>6}{self.talker_up_kbps:>11.1f}{self.listener_down_kbps:>11.1f}"
            f"{self.listener_up_kbps:>11.1f}{self.setup_sent:>12}{self.setup_received:>12}"
            f"{self.talker_cpu:>10.1%}{self.listener_cpu:>10.1%}{self.heard:>9.1%}{self.joined_s:>9.2f}"
        )


# Rates in kbit/s, the set-up in bytes of the node with most of it, processors in shares of a core.
HEAD = (
    f"{'route':8}{'nodes':>6}{'talker up':>11}{'l. down':>11}{'l. up':>11}{'set-up out':>12}{'set-up in':>12}"
    f"{'talker':>10}{'listener':>10}{'heard':>9}{'joined s':>9}"
)


class Member:
    """A node in a process of its own."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name, self._process = name, process

    async def ask(self, order: str) -> dict[str, Any]:
        """Give an order and return the answer. Raises Failed if none comes."""
        self.tell(order)
        return await self.answer(order)

    def tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n".encode())

    async def answer(self, order: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        except TimeoutError:
            raise Failed(f"{self.name} does not answer {order!r}: it waits for links that never come up") from None
        if not line:
            raise Failed(f"{self.name} ended before its time")
        answer: dict[str, Any] = json.loads(line)
        return answer


async def measure(brokers: Brokers, route: str, settings: dict[str, Any], nodes: int, seconds: float) -> Cost:
    """Raises Failed."""
    host, port = brokers.servers[0]
    settings = {"broker": f"mqtt://{host}:{port}", **settings}
    async with contextlib.AsyncExitStack() as stack:
        starting = [_member(f"n{number}", nodes - 1, settings) for number in range(nodes)]
        members = [await stack.enter_async_context(one) for one in starting]
        for member in members:
            await member.answer("start")
        joined, joined_s = await _join(members)
        members[0].tell("talk")
        await asyncio.sleep(SETTLES_S)
        before = await asyncio.gather(*(member.ask("count") for member in members))
        await asyncio.sleep(seconds)
        after = await asyncio.gather(*(member.ask("count") for member in members))
    return _cost(route, joined_s, joined, before, after)


async def _join(members: Sequence[Member]) -> tuple[list[dict[str, Any]], float]:
    """Let one in after the other; what each had sent and received when it had links to all, and the last one's time."""
    for member in members[:-1]:
        member.tell("join")
        await asyncio.sleep(JOINS_EVERY_S)
    members[-1].tell("join")
    began = time.monotonic()
    answers = await asyncio.gather(*(member.answer("join") for member in members))
    return list(answers), time.monotonic() - began


def _cost(
    route: str,
    joined_s: float,
    joined: list[dict[str, Any]],
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
) -> Cost:
    def rate(key: str, number: int) -> float:
        seconds = after[number]["at"] - before[number]["at"]
        return float(after[number][key] - before[number][key]) / seconds

    others = range(1, len(joined))
    return Cost(
        route=route,
        nodes=len(joined),
        talker_up_kbps=rate("sent", 0) * 8 / 1000,
        listener_down_kbps=max(rate("received", one) for one in others) * 8 / 1000,
        listener_up_kbps=max(rate("sent", one) for one in others) * 8 / 1000,
        setup_sent=max(one["sent"] for one in joined),
        setup_received=max(one["received"] for one in joined),
        talker_cpu=rate("cpu_s", 0),
        listener_cpu=max(rate("cpu_s", one) for one in others),
        heard=min(rate("heard", one) for one in others) * PACKET_S,
        joined_s=joined_s,
    )


@contextlib.asynccontextmanager
async def _member(name: str, others: int, settings: dict[str, Any]) -> AsyncIterator[Member]:
    given = json.dumps({"name": name, "others": others, "settings": settings})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "roombench.end", given),
        env=ENVIRONMENT,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Member(name, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
