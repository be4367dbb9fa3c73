"""What is said of a broker that goes and comes."""

from __future__ import annotations

import asyncio

import pytest
from happenings import Happenings

from node.links import broker_notes
from node.links.broker_notes import MOST_SHORT, BrokerNotes, what_waits
from protocol.signalling import Hello

GONE = "the broker is gone (it closed the connection); speech goes on"
BACK = "the broker is back"
SHORT = "the broker ends each connection soon (it closed the connection); speech goes on; trying again now and then"


def ended(notes: BrokerNotes) -> None:
    notes.down("it closed the connection", "speech goes on")


async def test_it_is_gone_and_back() -> None:
    said: list[str] = []
    notes = BrokerNotes(said.append)
    assert not notes.up()
    ended(notes)
    assert notes.up()
    assert said == [GONE, BACK]


async def test_one_that_lasts_may_go_and_come_as_often_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_notes, "STABLE_S", 0.0)
    said: list[str] = []
    notes = BrokerNotes(said.append, "the audience's broker")
    notes.up()
    for _ in range(4):
        ended(notes)
        notes.up()
    assert said == [line.replace("the broker", "the audience's broker") for line in (GONE, BACK)] * 4


async def test_one_that_ends_each_connection_at_once_is_called_so_once_and_is_back_when_one_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = Happenings()
    notes = BrokerNotes(said.add)
    for _ in range(9):
        notes.up()
        ended(notes)
    assert said.all == [GONE, BACK] * MOST_SHORT + [SHORT]
    monkeypatch.setattr(broker_notes, "STABLE_S", 0.01)
    notes.up()
    assert await said.count(2 * MOST_SHORT + 2) == [*said.all[:-1], BACK]
    ended(notes)
    assert said.all[-1] == GONE


async def test_after_the_call_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    notes = BrokerNotes(said.append)
    for _ in range(MOST_SHORT + 1):
        notes.up()
        ended(notes)
    said.clear()
    monkeypatch.setattr(broker_notes, "STABLE_S", 0.001)
    notes.up()
    notes.close()
    await asyncio.sleep(0.01)
    assert said == []


def test_speech_that_waits_for_the_broker_is_named() -> None:
    hellos = {"aaaa": Hello(1, "ann"), "bbbb": Hello(2, "")}
    assert what_waits(hellos, lambda peer: False) == "pictures and text wait for it, speech goes on"
    waiting = what_waits(hellos, lambda peer: True)
    assert waiting == "pictures and text wait for it, and so does the speech with ann, bbbb"
