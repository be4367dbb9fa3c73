"""Chat at a real broker that is killed, and before a real terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fake_models import FakeModels

from live_call import parts, place, running
from node.call.node import Node
from node.call.observers import CallObserver, ChatLine

LINES, NAMES = 200, ("ann", "bob", "eve")
AFTER = (60, 130)  # lines after which the broker is killed
DOWN_S = 1.0


class Read(CallObserver):
    def __init__(self) -> None:
        self.lines: list[ChatLine] = []

    def line_typed(self, line: ChatLine, frame: bytes) -> None:
        self.lines.append(line)

    def of(self, name: str) -> list[str]:
        return [line.text for line in self.lines if line.name == name]


async def test_two_hundred_lines_arrive_once_and_in_order_though_the_broker_is_killed_twice(
    start_mosquitto: Callable[..., object],
) -> None:
    broker = start_mosquitto()
    nodes = {name: Node(name, place(broker.address), parts(FakeModels())) for name in NAMES}  # type: ignore[attr-defined]
    read = {name: Read() for name in NAMES}
    for name, node in nodes.items():
        node.observers.add(read[name])
    said: dict[str, list[str]] = {name: [] for name in NAMES}
    async with running(*nodes.values()) as live:
        await live.until(lambda: all(len(node.peers()) == 2 for node in nodes.values()))
        for number in range(LINES):
            name = NAMES[number % 3]
            said[name].append(f"line {number} of {name}")
            nodes[name].chat.say_soon(said[name][-1])
            await asyncio.sleep(0.01)
            if number in AFTER:
                broker.kill()  # type: ignore[attr-defined]
            elif number - 10 in AFTER:  # what was said meanwhile waits
                await asyncio.sleep(DOWN_S)
                broker.start()  # type: ignore[attr-defined]
        others = LINES - min(len(lines) for lines in said.values())
        await live.until(lambda: all(len(one.lines) == LINES for one in read.values()), patience_s=90)
        assert others <= LINES
        for reader in read.values():
            for name in NAMES:
                assert reader.of(name) == said[name]
        marks = [line for one in read.values() for line in one.lines if line.mine]
        assert len(marks) == LINES
