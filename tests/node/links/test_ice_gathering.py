"""Candidates from several ICE servers, some of which are away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

import pytest
from fake_ice import LOOPBACK, SEEN_FROM, FakeServer, serving
from linked import BOTH_WAYS

from node.links import ice_gathering
from node.links.webrtc import PeerLink
from node.links.wire_meter import WireMeter

LOGIN = ("ann", "hunter2")


async def candidates(*servers: str, address: str = LOOPBACK) -> list[list[str]]:
    """The candidates of an offer: foundation, component, transport, priority, address, port, "typ", type and so on."""
    link = PeerLink(
        BOTH_WAYS,
        on_packet=lambda *_: None,
        on_state=lambda state: None,
        meter=WireMeter(),
        ice_servers=servers,
        address=address,
    )
    try:
        offer = await link.offer()
        return [line.split() for line in offer.splitlines() if line.startswith("a=candidate:")]
    finally:
        await link.close()


def kinds(found: list[list[str]]) -> list[str]:
    return [candidate[7] for candidate in found]


def at(server: FakeServer, login: str = "") -> str:
    return f"turn:{login}@{LOOPBACK}:{server.port}" if login else f"stun:{LOOPBACK}:{server.port}"


@pytest.fixture
def a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that waits for what is away fails by its own time limit."""
    monkeypatch.setattr(ice_gathering, "GATHER_S", 60.0)


async def test_without_servers_nobody_is_asked() -> None:
    assert kinds(await candidates()) == ["host"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.usefixtures("a_minute")
async def test_of_two_stun_servers_the_one_that_answers_counts(order: tuple[int, int]) -> None:
    async with serving(silent=True) as away, serving() as there:
        both = [at(away), at(there)]
        found = await candidates(*(both[number] for number in order))
        assert kinds(found) == ["host", "srflx"]
        assert found[1][4:6] == [SEEN_FROM[0], str(SEEN_FROM[1])]
        assert there.asked == ["BINDING"]


@pytest.mark.usefixtures("a_minute")
async def test_names_that_do_not_resolve_and_closed_ports_are_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind((LOOPBACK, 0))
        port = closed.getsockname()[1]
    async with serving() as there:
        assert kinds(await candidates("stun:no-such-host.invalid", f"stun:{LOOPBACK}:{port}", at(there))) == [
            "host",
            "srflx",
        ]


async def test_when_none_answers_the_offer_goes_out_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ice_gathering, "GATHER_S", 0.1)
    async with serving(silent=True) as stun, serving(silent=True) as turn:
        with caplog.at_level(logging.WARNING):
            found = await candidates(at(stun), at(turn, "ann:hunter2"))
    assert kinds(found) == ["host"]
    assert f"no ICE server answers: stun:{LOOPBACK}:{stun.port}, turn:{LOOPBACK}:{turn.port}" in caplog.text
    assert "hunter2" not in caplog.text


@contextlib.asynccontextmanager
async def on_ipv6() -> AsyncIterator[FakeServer]:
    try:
        async with serving("::1") as server:
            yield server
    except OSError as error:
        pytest.skip(f"needs IPv6 on loopback: {error}")


@pytest.mark.usefixtures("a_minute")
async def test_a_server_with_an_ipv6_address_is_asked_over_ipv6() -> None:
    async with on_ipv6() as server:
        assert kinds(await candidates(f"stun:[::1]:{server.port}", address="::1")) == ["host", "srflx"]
        assert server.asked == ["BINDING"]


@pytest.mark.parametrize("password", ["hunter2", "pa:ss/wo?rd#1=", "at@sign"])
@pytest.mark.usefixtures("a_minute")
async def test_of_two_relays_the_one_that_lets_us_in_counts(password: str) -> None:
    async with serving(login=("ann", "another")) as refuses, serving(login=("ann", password)) as there:
        found = await candidates(at(refuses, f"ann:{password}"), at(there, f"ann:{password}"))
        assert kinds(found) == ["host", "relay"]
        assert found[1][4:6] == ["203.0.113.9", str(there.port)]


async def test_a_silent_relay_does_not_hold_up_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ice_gathering, "GATHER_S", 60.0)
    monkeypatch.setattr(ice_gathering, "NEXT_RELAY_S", 0.05)
    async with serving(silent=True) as away, serving(login=LOGIN) as there, serving(login=LOGIN) as never:
        servers = [at(server, ":".join(LOGIN)) for server in (away, there, never)]
        assert kinds(await candidates(*servers)) == ["host", "relay"]
        assert away.asked[:1] == ["ALLOCATE"]


@pytest.mark.usefixtures("a_minute")
async def test_stun_and_turn_go_together() -> None:
    async with serving() as stun, serving(login=LOGIN) as turn:
        assert kinds(await candidates(at(stun), at(turn, ":".join(LOGIN)))) == ["host", "srflx", "relay"]


@pytest.mark.usefixtures("a_minute")
async def test_a_link_by_a_relay_goes_from_the_address_of_its_own_socket() -> None:
    async with serving(login=LOGIN) as server:
        link = PeerLink(
            BOTH_WAYS, on_packet=lambda *_: None, on_state=lambda state: None, meter=WireMeter(),
            ice_servers=[at(server, ":".join(LOGIN))], address=LOOPBACK,
        )  # fmt: skip
        assert "typ relay" in await link.offer()
        assert link.local_addresses == {LOOPBACK}
        await link.close()


async def test_a_place_that_comes_too_late_is_given_back() -> None:
    given: list[int] = []

    async def place(number: int) -> int:
        return number

    async def give_back(number: int) -> None:
        given.append(number)

    won = await ice_gathering._first([lambda: place(1), lambda: place(2)], 0.0, give_back)
    assert sorted([won, *given]) == ([1, 2] if given else [1])


async def test_nothing_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    before = asyncio.all_tasks()
    async with serving(silent=True) as away, serving() as there:
        await candidates(at(away), at(there))
    assert asyncio.all_tasks() <= before
