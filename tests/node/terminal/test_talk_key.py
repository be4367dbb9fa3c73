"""The key by which one talks: pressed and pressed again, or held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from node.terminal.talk_key import LET_GO_AFTER_S, REPEATS_AFTER_S, TalkKey


class Timers:
    """Stands for the loop: its clock and its timers."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, after_s: float, action: Callable[[], Any]) -> Timer:
        self.timers.append(Timer(self.now + after_s, action))
        return self.timers[-1]

    def run(self, seconds: float) -> None:
        self.now += seconds
        for timer in [timer for timer in self.timers if timer.at <= self.now]:
            self.timers.remove(timer)
            if not timer.cancelled:
                timer.action()


class Timer:
    def __init__(self, at: float, action: Callable[[], Any]) -> None:
        self.at, self.action, self.cancelled = at, action, False

    def cancel(self) -> None:
        self.cancelled = True


class Floor:
    """A floor that is granted at once, unless it is `taken`."""

    def __init__(self) -> None:
        self.on = self.taken = False
        self.asked = 0

    def ask(self) -> None:
        self.asked += 1
        self.on = not self.taken

    def release(self) -> None:
        self.on = False


@pytest.fixture
def loop() -> Timers:
    return Timers()


@pytest.fixture
def floor() -> Floor:
    return Floor()


@pytest.fixture
def key(floor: Floor, loop: Timers) -> TalkKey:
    return TalkKey(floor.ask, floor.release, lambda: floor.on, cast(asyncio.AbstractEventLoop, loop))


def test_pressed_it_asks_and_pressed_again_it_releases(key: TalkKey, floor: Floor, loop: Timers) -> None:
    key.press()
    loop.run(5)
    assert floor.on
    key.press()
    loop.run(5)
    assert not floor.on
    assert floor.asked == 1


def test_held_it_releases_soon_after_it_is_let_go(key: TalkKey, floor: Floor, loop: Timers) -> None:
    key.press()
    loop.run(0.66)
    for _ in range(60):
        key.press()
        loop.run(1 / 30)
        assert floor.on
    loop.run(LET_GO_AFTER_S)
    assert not floor.on
    assert floor.asked == 1


def test_pressed_twice_in_a_row_it_releases_a_moment_later(key: TalkKey, floor: Floor, loop: Timers) -> None:
    key.press()
    loop.run(0.1)
    key.press()
    assert floor.on
    loop.run(REPEATS_AFTER_S)
    assert not floor.on


def test_held_while_another_speaks_it_asks_once(key: TalkKey, floor: Floor, loop: Timers) -> None:
    floor.taken = True
    for _ in range(40):
        key.press()
        loop.run(1 / 30)
    loop.run(1)
    assert floor.asked == 1
    floor.taken = False
    key.press()
    assert floor.on
