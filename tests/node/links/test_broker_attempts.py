"""Attempts in turn: what is said, what ends the link, which version is spoken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from node.links.address import BrokerAddress
from node.links.broker_attempts import Attempts
from node.links.broker_errors import WRONG_VERSION, WRONG_VERSION_5
from protocol.errors import NodeError


class Coded(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


async def itself(host: str, port: int) -> Sequence[str]:
    return [host]


def attempts(url: str, waits: bool = False, **fields: object) -> tuple[Attempts, list[str]]:
    notes: list[str] = []
    return Attempts(BrokerAddress.parse(url).equipped(**fields), notes.append, waits, itself), notes


async def test_at_the_start_all_are_tried_before_it_ends() -> None:
    tries, notes = attempts("a,b")
    tries.failed(await tries.next(), OSError("connection refused"))
    assert not tries.is_pause_due()
    tries.failed(await tries.next(), OSError("timed out"))
    with pytest.raises(NodeError, match=r"cannot reach the broker mqtt://b.*nor does it serve at mqtt://a:1883"):
        tries.is_pause_due()
    assert notes == []


async def test_one_that_answers_is_enough_and_is_named() -> None:
    tries, notes = attempts("a,b")
    tries.failed(await tries.next(), OSError("connection refused"))
    tries.is_up(await tries.next())
    assert notes == ["the broker answers at mqtt://b:1883, not at mqtt://a:1883 (connection refused)"]


async def test_coming_back_to_the_same_is_not_named() -> None:
    tries, notes = attempts("a")
    for _ in range(2):
        target = await tries.next()
        tries.is_up(target)
        tries.lost(target, lasted=True)
        assert tries.is_pause_due()
    assert notes == []


async def test_who_waits_says_it_once_and_goes_on() -> None:
    tries, notes = attempts("a,b", waits=True)
    for _ in range(6):
        tries.failed(await tries.next(), OSError("connection refused"))
        tries.is_pause_due()
    assert len(notes) == 1
    assert notes[0].endswith("; trying again")


async def test_who_waits_waits_as_long_as_one_may_mend_itself() -> None:
    tries, _ = attempts("a,b", waits=True)
    tries.failed(await tries.next(), Coded(5))
    tries.failed(await tries.next(), OSError("connection refused"))
    assert tries.is_pause_due()
    for _ in range(2):
        tries.failed(await tries.next(), Coded(5))
    with pytest.raises(NodeError, match="refuses the login"):
        tries.is_pause_due()


async def test_once_accepted_nothing_ends_it() -> None:
    tries, notes = attempts("a")
    tries.was_accepted = True
    tries.cut_off(await tries.next(), OSError("it closed the connection"))
    assert tries.is_pause_due()
    tries.failed(await tries.next(), Coded(5))
    assert tries.is_pause_due()
    assert len(notes) == 2


async def test_a_connection_that_did_not_last_counts_as_failed() -> None:
    tries, _ = attempts("a,b")
    target = await tries.next()
    tries.is_up(target)
    tries.lost(target, lasted=False)
    assert not tries.is_pause_due()
    second = await tries.next()
    assert second.host == "b"
    tries.is_up(second)
    tries.lost(second, lasted=False)
    assert tries.is_pause_due()  # or two that end every connection would be asked without a pause


@pytest.mark.parametrize("code", [WRONG_VERSION, WRONG_VERSION_5])
async def test_where_3_1_1_is_refused_5_is_tried_at_once(code: int) -> None:
    tries, _ = attempts("a,b")
    target = await tries.next()
    assert not tries.speaks_5(target.address)
    tries.failed(target, Coded(code))
    assert await tries.next() == target
    assert tries.speaks_5(target.address)
    tries.failed(target, Coded(code))
    assert (await tries.next()).host == "b"


@pytest.mark.parametrize(("version", "speaks_5"), [("3.1.1", False), ("5", True)])
async def test_a_version_that_is_set_stays(version: str, speaks_5: bool) -> None:
    tries, _ = attempts("a", version=version)
    target = await tries.next()
    tries.failed(target, Coded(WRONG_VERSION))
    assert tries.speaks_5(target.address) is speaks_5
    with pytest.raises(NodeError, match=f"does not speak MQTT {version}"):
        tries.is_pause_due()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Operation timed out", "answers nothing more; its log"),
        ("[code:4] The client is not currently connected.", "ends the connection; its log"),
        ("its quota is used up", "ends the connection (its quota is used up); its log"),
    ],
)
async def test_who_lets_in_and_never_serves_is_named(said: str, shown: str) -> None:
    tries, notes = attempts("a", waits=True)
    tries.cut_off(await tries.next(), OSError(said))
    assert tries.is_pause_due()
    assert shown in notes[0]
