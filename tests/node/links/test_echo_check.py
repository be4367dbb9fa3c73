"""Whether the broker hands on what a node says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from happenings import Happenings

from node.links import echo_check
from node.links.address import BrokerAddress
from node.links.echo_check import EchoCheck
from protocol.topics import Letter

HELLO, SIGNAL = Letter.PRESENCE, Letter.SIGNAL


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo_check, "ECHO_PATIENCE_S", 0.05)


@pytest.fixture
async def missing() -> Happenings:
    return Happenings()


def watching(missing: Happenings, up: bool = True) -> EchoCheck:
    made = EchoCheck(lambda letter, size: missing.add((letter, size)))
    if up:
        made.up()
    return made


async def test_what_does_not_come_back_is_missed_once(missing: Happenings) -> None:
    echo = watching(missing)
    echo.posted(HELLO, 250)
    echo.posted(HELLO, 260)
    assert await missing.count(1) == [(HELLO, 250)]
    echo.posted(HELLO, 270)
    echo.posted(SIGNAL, 400)
    assert await missing.count(2) == [(HELLO, 250), (SIGNAL, 400)]


async def test_what_comes_back_is_not(missing: Happenings) -> None:
    echo = watching(missing)
    echo.posted(HELLO, 250)
    echo.returned(HELLO)
    echo.returned(SIGNAL)
    echo.posted(SIGNAL, 400)
    assert await missing.count(1) == [(SIGNAL, 400)]


async def test_what_came_back_after_all_may_be_missed_again(missing: Happenings) -> None:
    echo = watching(missing)
    echo.posted(HELLO, 250)
    await missing.count(1)
    echo.returned(HELLO)
    echo.posted(HELLO, 260)
    assert await missing.count(2) == [(HELLO, 250), (HELLO, 260)]


async def test_pictures_and_text_of_ours_are_not_read_by_us(missing: Happenings) -> None:
    echo = watching(missing)
    echo.posted(Letter.PICTURE, 20)
    echo.posted(Letter.TEXT, 20)
    assert echo.pending == frozenset()


async def test_without_a_broker_nothing_is_missed(missing: Happenings) -> None:
    echo = watching(missing, up=False)
    echo.posted(HELLO, 250)
    assert echo.pending == frozenset()
    echo.up()
    assert await missing.count(1) == [(HELLO, 250)]


async def test_what_a_broker_had_when_it_went_is_not_waited_for(missing: Happenings) -> None:
    echo = watching(missing)
    echo.posted(SIGNAL, 400)
    echo.down()
    echo.up()
    assert echo.pending == frozenset()


async def test_after_the_end_nothing_is_missed(missing: Happenings) -> None:
    echo = watching(missing)
    echo.posted(HELLO, 250)  # a goodbye
    echo.close()
    assert echo.pending == frozenset()
    echo.up()  # its broker came back while the goodbye was on its way
    assert echo.pending == frozenset()


async def test_a_broker_that_ends_the_connection_for_it_does_not_hand_it_on_either(missing: Happenings) -> None:
    echo = watching(missing)
    for number in range(echo_check.ENDS_IN_A_ROW):
        assert missing.all == []
        echo.posted(SIGNAL, 400 + number)
        echo.down()
        echo.up()
    assert missing.all == [(SIGNAL, 402)]
    echo.returned(SIGNAL)
    echo.posted(SIGNAL, 400)
    echo.down()
    assert len(missing) == 1


def test_lines_say_what_to_allow_and_no_secret() -> None:
    address = replace(BrokerAddress("h", 1884), username="us", password="hunter2")
    wanted = "must allow user us, topic readwrite treehous/+/h, topic readwrite treehous/+/s, "
    for line in (
        echo_check.not_handed_on(address, "treehous", HELLO, 250),
        echo_check.not_handed_on(address, "treehous", SIGNAL, 400),
        echo_check.refused(address, "treehous", ["treehous/+/h"]),
    ):
        assert "mqtt://h:1884" in line
        assert wanted in line
        assert "hunter2" not in line
        assert "\n" not in line
