"""Who is on which of a listener's lines, and what becomes of those who share one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
from happenings import Happenings

from node.speech.libopus import OpusEncoder
from node.speech.pcm import SAMPLE_RATE, Pcm
from node.speech.profiles import QUICK
from node.web.broadcast import Broadcast, Listener

STEP = 2880


def tones(hertz: float, frames: int) -> list[bytes]:
    encoder = OpusEncoder(QUICK)
    samples = np.arange(frames * QUICK.frame_samples)
    pcm: Pcm = (9000 * np.sin(2 * np.pi * hertz * samples / SAMPLE_RATE)).astype(np.int16)
    return [encoder.encode(part) for part in pcm.reshape(frames, -1)]


class Lines:
    """A listener with so many lines, and what was pushed on each."""

    def __init__(self, count: int, tasks: asyncio.TaskGroup, clock: Callable[[], float]) -> None:
        self.pushed: dict[int, Happenings] = defaultdict(Happenings)
        pushes = [
            lambda timestamp, packet, line=line: self.pushed[line].add((timestamp, packet)) for line in range(count)
        ]
        self.listener = Listener(pushes, tasks, clock)

    def packets(self, line: int) -> list[bytes]:
        return [packet for _, packet in self.pushed[line].all]


@pytest.fixture
async def tasks() -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.TaskGroup() as group:
        yield group


@pytest.fixture
async def lines(tasks: asyncio.TaskGroup) -> AsyncIterator[Callable[[int], Lines]]:
    made: list[Lines] = []

    def make(count: int) -> Lines:
        made.append(Lines(count, tasks, asyncio.get_running_loop().time))
        return made[-1]

    yield make
    for one in made:
        one.listener.close()


def say(listener: Listener, person: str, packets: list[bytes], first: int = 0) -> None:
    for number, packet in enumerate(packets, start=first):
        listener.forward(person, number, number * STEP, packet, ())


async def test_each_has_a_line_of_their_own_also_a_late_one(lines: Callable[[int], Lines]) -> None:
    three = lines(3)
    ann, bob, eve = tones(200, 2), tones(300, 2), tones(400, 2)
    say(three.listener, "ann", ann)
    say(three.listener, "bob", bob)
    say(three.listener, "eve", eve)
    assert [three.packets(line) for line in range(3)] == [ann, bob, eve]


async def test_a_line_that_is_left_is_taken_again(lines: Callable[[int], Lines]) -> None:
    two = lines(2)
    ann, eve = tones(200, 1), tones(400, 1)
    say(two.listener, "ann", ann)
    two.listener.left("ann")
    two.listener.left("nobody")
    say(two.listener, "eve", eve)
    assert two.packets(0) == ann + eve


async def test_who_has_no_line_is_mixed_into_the_last_one(lines: Callable[[int], Lines]) -> None:
    two = lines(2)
    ann, bob, eve = tones(200, 2), tones(300, 2), tones(400, 2)
    say(two.listener, "ann", ann)
    say(two.listener, "bob", bob)
    say(two.listener, "eve", eve)
    await two.pushed[1].count(len(bob) + 6)
    assert two.packets(0) == ann
    mixed = two.pushed[1].all[len(bob) : len(bob) + 6]
    assert not {packet for _, packet in mixed} & {*bob, *eve}
    assert set(np.diff([timestamp for timestamp, _ in mixed])) == {960}


async def test_a_person_who_is_alone_again_is_passed_on_untouched(lines: Callable[[int], Lines]) -> None:
    one = lines(1)
    say(one.listener, "ann", tones(300, 1))
    say(one.listener, "bob", tones(1000, 1))
    one.listener.left("ann")
    last = tones(1000, 2)
    say(one.listener, "bob", last, first=1)
    assert one.packets(0)[-2:] == last


async def test_all_listeners_hear_but_no_person_their_own_speech(lines: Callable[[int], Lines]) -> None:
    broadcast, first, second = Broadcast(), lines(1), lines(1)
    broadcast.excluded = "me"
    for one in (first, second):
        broadcast.add(one.listener)
    [packet] = tones(200, 1)
    broadcast.forward("ann", 0, 0, packet, ())
    broadcast.forward("me", 0, 0, packet, ())
    broadcast.forward("ann", 0, 0, b"\xfc" + bytes(8), ())  # Lyra: noise to a browser
    assert first.packets(0) == second.packets(0) == [packet]
    broadcast.remove(first.listener)
    broadcast.remove(first.listener)
    broadcast.forward("ann", 1, STEP, packet, ())
    assert (len(first.packets(0)), len(second.packets(0)), len(broadcast)) == (1, 2, 1)


async def test_sound_from_elsewhere_begins_with_free_lines(lines: Callable[[int], Lines]) -> None:
    broadcast, two = Broadcast(), lines(2)
    broadcast.add(two.listener)
    ann, bob, eve = tones(200, 1), tones(300, 1), tones(400, 1)
    say(two.listener, "ann", ann)
    say(two.listener, "bob", bob)
    broadcast.restart()
    say(two.listener, "eve", eve)
    assert [packet for packet in two.packets(0) if len(packet) > 1] == ann + eve
    assert [packet for packet in two.packets(1) if len(packet) > 1] == bob


async def test_sound_from_elsewhere_ends_a_mix(lines: Callable[[int], Lines]) -> None:
    broadcast, one = Broadcast(), lines(1)
    broadcast.add(one.listener)
    say(one.listener, "ann", tones(300, 1))
    say(one.listener, "bob", tones(1000, 1))
    broadcast.restart()
    last = tones(1000, 2)
    say(one.listener, "bob", last, first=1)
    assert one.packets(0)[-2:] == last
