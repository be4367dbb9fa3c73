"""How many connections there may be, how long each may wait, and who has to go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from happenings import until
from page_events import HandClock
from web_client import LOOPBACK, Visitor, a_page, visiting

from node.web import connections as module
from node.web.connections import (
    HEAD_TIMEOUT_S,
    IDLE_TIMEOUT_S,
    MAX_CONNECTIONS,
    MAX_HEAD,
    STALL_TIMEOUT_S,
    Connection,
    Connections,
    RateLimiter,
    max_connections,
    source_of,
)


class Recorder(asyncio.Protocol):
    """What aiohttp would be."""

    def __init__(self) -> None:
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data


class Wire(asyncio.Transport):
    """A transport that goes nowhere."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True


def peer(number: int) -> tuple[str, int]:
    return f"127.0.0.{number}", 5


def opened(connections: Connections, number: int = 1) -> tuple[Connection, Wire]:
    connection, wire = connections.admit(peer(number), Recorder), Wire()
    assert connection is not None
    connection.connection_made(wire)
    return connection, wire


def asked(connection: Connection) -> Connection:
    connection.data_received(b"GET / HTTP/1.1\r\n\r\n")
    connection.begin_answer()
    return connection


@pytest.fixture
def few(hand: HandClock) -> Connections:
    return Connections(most=4, from_one=2, clock=hand.clock.now)


async def test_the_one_that_waited_longest_gives_way_to_another_of_its_address(few: Connections) -> None:
    (first, first_wire), (_, second_wire) = opened(few), opened(few)
    asked(first)
    first.end_answer(has_rest=False)
    _, third_wire = opened(few)
    assert not first_wire.aborted  # it once asked for something, the second never did
    assert second_wire.aborted
    assert (len(few), third_wire.aborted) == (2, False)


async def test_an_address_whose_connections_are_all_answered_gets_no_more(few: Connections) -> None:
    asked(opened(few)[0])
    asked(opened(few)[0])
    assert few.admit(peer(1), Recorder) is None
    assert few.admit(peer(2), Recorder) is not None


async def test_nobody_is_taken_while_all_are_answered(few: Connections) -> None:
    busy = [asked(opened(few, number)[0]) for number in range(4)]
    waiting = asyncio.create_task(few.wait_for_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    busy[0].end_answer(has_rest=False)
    few.notify_idle()
    await waiting
    assert len(few) == 3


async def test_who_waits_gives_way_when_there_is_no_room(few: Connections) -> None:
    wires = [opened(few, number)[1] for number in range(4)]
    assert few.has_room()
    assert [wire.aborted for wire in wires] == [True, False, False, False]


async def test_a_head_has_its_time_however_it_drips(few: Connections, hand: HandClock) -> None:
    connection, wire = opened(few)
    for _ in range(int(HEAD_TIMEOUT_S)):
        connection.data_received(b"G")
        hand.time += 1
        few.abort_overdue()
    assert not wire.aborted
    hand.time += 1
    few.abort_overdue()
    assert wire.aborted


async def test_a_second_head_has_its_time_too_and_silence_has_more(few: Connections, hand: HandClock) -> None:
    (dripping, wire), (idle, idle_wire) = opened(few, 1), opened(few, 2)
    for connection in (dripping, idle):
        asked(connection)
    hand.time += 1000  # an answer takes as long as it takes
    few.abort_overdue()
    for connection in (dripping, idle):
        connection.end_answer(has_rest=False)
    dripping.data_received(b"G")
    hand.time += HEAD_TIMEOUT_S + 1
    few.abort_overdue()
    assert (wire.aborted, idle_wire.aborted) == (True, False)
    hand.time += IDLE_TIMEOUT_S
    few.abort_overdue()
    assert idle_wire.aborted


async def test_who_takes_nothing_of_an_answer_is_cut_off(few: Connections, hand: HandClock) -> None:
    connection, wire = opened(few)
    asked(connection)
    connection.pause_writing()
    hand.time += STALL_TIMEOUT_S
    connection.resume_writing()
    hand.time += STALL_TIMEOUT_S
    few.abort_overdue()
    assert not wire.aborted
    connection.pause_writing()
    hand.time += STALL_TIMEOUT_S + 1
    few.abort_overdue()
    assert wire.aborted


@pytest.mark.parametrize("lead", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize("second", [False, True])
async def test_a_head_has_its_length(few: Connections, lead: bytes, second: bool) -> None:
    connection, wire = opened(few)
    if second:
        asked(connection).end_answer(has_rest=False)
    connection.data_received(lead)
    for _ in range(MAX_HEAD // 1024):
        connection.data_received(bytes(1024))
    assert not wire.aborted
    connection.data_received(b"x")
    assert wire.aborted


async def test_a_body_that_comes_with_its_head_is_no_head(few: Connections) -> None:
    connection, wire = opened(few)
    for piece in (b"POST / HTTP/1.1\r\n\r", b"\n" + bytes(MAX_HEAD), bytes(MAX_HEAD)):
        connection.data_received(piece)
    connection.begin_answer()
    connection.data_received(bytes(MAX_HEAD * 2))
    connection.end_answer(has_rest=True)
    connection.data_received(bytes(MAX_HEAD * 2))
    assert not wire.aborted


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        (("192.0.2.7", 5), "192.0.2.7"),
        (("::ffff:192.0.2.7", 5, 0, 0), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 5, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::/64"),
        ("", ""),
        (None, ""),
    ],
)
def test_what_counts_as_one_client(peer: object, source: str) -> None:
    assert source_of(peer) == source


def test_the_descriptors_allow_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    for soft, most in ((256, 64), (1 << 20, MAX_CONNECTIONS), (resource.RLIM_INFINITY, MAX_CONNECTIONS)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert max_connections() == most


async def test_a_limiter_lets_a_burst_through_and_then_so_many_a_second(hand: HandClock) -> None:
    limiter = RateLimiter(10, 3, hand.clock.now)
    assert [limiter.take() for _ in range(5)] == pytest.approx([0, 0, 0, 0.1, 0.2])
    hand.time += 1
    assert limiter.take() == 0


async def test_one_caller_passes_in_a_round_of_the_loop() -> None:
    limiter, rounds, taken = RateLimiter(1e6, 100), 0, []

    async def take() -> None:
        await limiter.acquire()
        taken.append(rounds)

    tasks = [asyncio.create_task(take()) for _ in range(5)]
    while not all(task.done() for task in tasks):
        rounds += 1
        await asyncio.sleep(0)
    assert len(set(taken)) == 5


# -- a real page


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with visiting(a_page(microphone=True, camera=True)) as visitor:
        yield visitor


async def hold(visitor: Visitor, source: str, number: int, said: bytes = b"") -> list[socket.socket]:
    """Opens connections from an address and says this on each."""
    port = int(visitor.url.rstrip("/").rpartition(":")[2])
    held = []
    for _ in range(number):
        one = socket.socket()
        one.setblocking(False)
        one.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(one, (LOOPBACK, port))
        if said:
            await asyncio.get_running_loop().sock_sendall(one, said)
        held.append(one)
    return held


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])
async def test_a_page_is_served_however_many_hold_connections(visitor: Visitor, said: bytes) -> None:
    visitor.page.connections.most = 24
    held = [one for last in (1, 2, 3) for one in await hold(visitor, f"127.0.0.{last}", 24, said)]
    try:
        assert len(visitor.page.connections) <= 24
        assert await visitor.status("GET", "/healthz") == 200
        assert len(visitor.page.connections) <= 24
    finally:
        for one in held:
            one.close()


async def test_who_never_asks_is_sent_away(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_TIMEOUT_S", 0.0)
    monkeypatch.setattr(module, "POLL_S", 0.01)
    [held] = await hold(visitor, LOOPBACK, 1, b"POST /whep HT")
    await until(lambda: not len(visitor.page.connections))
    held.close()


async def test_no_stranger_writes_into_the_terminal(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    """aiohttp would log its parser's errors, which quote what came."""
    for nonsense in (b"GET / \x1b]52;c;eA==\x07/9\r\n\r\n", b"\x16\x03\x01\x00\r\n\r\n"):
        [held] = await hold(visitor, LOOPBACK, 1, nonsense)
        assert await asyncio.get_running_loop().sock_recv(held, 12) in (b"HTTP/1.0 400", b"HTTP/1.1 400")
        held.close()
    gzip = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert await visitor.status("POST", "/mute", data=b"abcde", headers=gzip) == 400
    assert caplog.records == []
