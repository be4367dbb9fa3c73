"""What comes back of a stage's announcements: nothing from a broker that drops them, and those of somebody else."""

from __future__ import annotations

import asyncio

import pytest
from audience import CLOCK_MS, SECRET, SINCE, SPEAKER

from node.call import stage_echo
from node.call.stage_echo import TWICE, StageEcho
from node.links.address import BrokerAddress
from protocol.audience.epochs import Chain
from protocol.audience.signing import SpeakerKey
from protocol.audience.stage import Stage

ADDRESS = BrokerAddress("broker", 1883, username="us")


def stage(session: int, key: SpeakerKey = SPEAKER) -> Stage:
    return Stage(key, Chain(SINCE, SECRET), ["Ann"], session)


class Echo:
    """The echo of the session 5, which begins at `CLOCK_MS`."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.stage = stage(5)
        self.echo = StageEcho(self.stage, ADDRESS, self.notes.append)

    def hears(self, speaker: Stage, after_ms: int = 0) -> None:
        self.echo.receive(speaker.announce(0.0, CLOCK_MS + after_ms)[0].payload)


async def patience() -> None:
    """Let the timers of this moment fire."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.fixture
async def echo(monkeypatch: pytest.MonkeyPatch) -> Echo:
    monkeypatch.setattr(stage_echo, "ECHO_PATIENCE_S", 0.0)
    return Echo()


async def test_a_broker_that_hands_back_is_worth_no_word(echo: Echo) -> None:
    echo.echo.up(CLOCK_MS)
    echo.hears(echo.stage)
    await patience()
    echo.echo.up(CLOCK_MS + 9)
    await patience()
    assert echo.notes == []


async def test_a_broker_that_drops_what_is_announced_is_named_once(echo: Echo) -> None:
    echo.echo.up(CLOCK_MS)
    await patience()
    echo.echo.up(CLOCK_MS + 9)
    await patience()
    assert len(echo.notes) == 1
    assert echo.notes[0].startswith("the broker mqtt://broker:1883 does not hand our announcements back")
    assert echo.notes[0].endswith(f"must allow user us, topic readwrite {echo.stage.audience}/+")


async def test_a_broker_that_is_gone_hands_nothing_back(echo: Echo) -> None:
    echo.echo.up(CLOCK_MS)
    echo.echo.down()
    await patience()
    assert echo.notes == []


async def test_a_broker_that_refuses_to_be_read_is_named_once(echo: Echo) -> None:
    echo.echo.up(CLOCK_MS)
    echo.echo.down()
    for _ in range(2):
        echo.echo.refused()
        echo.echo.up(CLOCK_MS)
        await patience()
    assert len(echo.notes) == 1
    assert "does not let us read our announcements: its access list must allow user us" in echo.notes[0]


async def test_somebody_else_with_the_key_is_named_once(echo: Echo) -> None:
    echo.echo.up(CLOCK_MS)
    other = stage(6)
    for after_ms in (1, 10_001):
        echo.hears(other, after_ms)
    assert echo.notes == [TWICE]


async def test_what_a_broker_kept_of_an_earlier_session_is_nobody(echo: Echo) -> None:
    echo.echo.up(CLOCK_MS)
    echo.hears(stage(6), after_ms=-1)
    echo.echo.receive(stage(7).end(0.0, CLOCK_MS + 1)[-1].payload)
    assert echo.notes == []


async def test_what_is_not_of_our_key_is_nobody(echo: Echo) -> None:
    echo.echo.up(CLOCK_MS)
    echo.hears(stage(6, SpeakerKey(bytes(32))), after_ms=1)
    forged = bytearray(stage(6).announce(0.0, CLOCK_MS + 1)[0].payload)
    forged[-1] ^= 1
    for payload in (b"", b"garbage", bytes(forged)):
        echo.echo.receive(payload)
    assert echo.notes == []
