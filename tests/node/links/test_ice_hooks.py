"""The contract with aioice: what node.links.ice_hooks reaches for exists and has its effect."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from linked import LOOPBACK, End, connected

from node.links import ice_hooks
from node.links.port_guard import MOST_STRANGE
from node.links.wire_meter import udp_kind
from node.speech.rates import SRTP_TAG

GARBAGE = 10_000


@pytest.fixture
async def bare() -> Any:
    """A connection of aiortc's own that no hook has touched."""
    connection = RTCPeerConnection()
    connection.addTransceiver("audio")
    yield connection
    await connection.close()


async def test_ice_keeps_its_sockets_where_they_are_looked_for(bare: RTCPeerConnection) -> None:
    gatherer = bare.getTransceivers()[0].sender.transport.transport._connection
    assert callable(gatherer.get_component_candidates)
    ice_hooks.choose_addresses(bare, LOOPBACK)
    await bare.setLocalDescription(await bare.createOffer())
    assert {protocol.local_candidate.host for protocol in gatherer._protocols} == {LOOPBACK}
    for protocol in gatherer._protocols:
        assert callable(protocol.transport.sendto)
        assert callable(protocol.datagram_received)


async def test_a_datagram_that_the_observer_refuses_is_not_sent() -> None:
    refused: list[bytes] = []

    def observer(direction: str, data: bytes) -> bool:
        lost = direction == "sent" and udp_kind(data) == "rtp" and not refused
        refused.extend([data] * lost)
        return not lost

    async with connected(End(observer=observer), End()) as (a, b):
        a.link.send(0, b"lost")
        await b.hears(a, b"found", 5760)
        assert [payload for _, _, payload in b.packets.all] == [b"found"]
        assert len(refused) == 1


async def test_a_datagram_that_the_observer_refuses_is_not_received() -> None:
    def deaf(direction: str, data: bytes) -> bool:
        return not (direction == "received" and udp_kind(data) == "rtp" and len(data) == 12 + len(b"lost") + SRTP_TAG)

    async with connected(End(), End(observer=deaf)) as (a, b):
        a.link.send(0, b"lost")
        await b.hears(a, b"found", 5760)
        assert [payload for _, _, payload in b.packets.all] == [b"found"]


def _garbage(kind: str, rng: random.Random) -> bytes:
    body = rng.randbytes(rng.choice((0, 1, 3, 11, 12, 19, 20, 40, 200)))
    match kind:
        case "stun":
            return _stun_like(rng)
        case "rtp":
            return bytes([0x80 | rng.getrandbits(6), rng.randrange(192)]) + body
        case "rtcp":
            return bytes([0x80 | rng.getrandbits(6), rng.randrange(192, 224)]) + body
        case "dtls":
            return bytes([rng.randrange(20, 64), 0xFE, rng.choice((0xFD, 0xFF))]) + body
        case _:
            return body


def _stun_like(rng: random.Random) -> bytes:
    """A STUN header whose length fits, and attributes of known kinds with contents that do not."""
    attributes = b""
    for _ in range(rng.randrange(4)):
        kind = rng.choice((0x0001, 0x0006, 0x0008, 0x0009, 0x0020, 0x0024, 0x0025, 0x8028, 0x8029, 0x802A, 0x7777))
        value = rng.randbytes(rng.choice((0, 1, 4, 8, 20)))
        attributes += kind.to_bytes(2) + rng.choice((len(value), 0, 9)).to_bytes(2) + value + bytes(-len(value) % 4)
    kind = rng.choice((0x0001, 0x0011, 0x0101, 0x0111, rng.getrandbits(14)))
    return kind.to_bytes(2) + len(attributes).to_bytes(2) + bytes.fromhex("2112a442") + rng.randbytes(12) + attributes


@pytest.mark.parametrize("kind", ["stun", "rtp", "rtcp", "dtls", "anything"])
async def test_no_garbage_ends_a_call(kind: str) -> None:
    rng = random.Random(kind)
    async with connected() as (a, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        [ice] = ice_hooks.ice_transports(b.link.connection)
        peer = ice_hooks.nominated_address(ice._connection)  # as whose it is all looked into
        for number in range(GARBAGE // 5):
            protocol.datagram_received(_garbage(kind, rng), peer)
            if number % 100 == 0:
                await b.hears(a, b"%d" % number, number)  # in between, so that aiortc has read it all
        await b.hears(a, b"after", GARBAGE)
        await a.hears(b, b"and back")
        assert b.link.state == "connected"
        assert {payload for _, _, payload in b.packets.all} == {b"%d" % n for n in range(0, GARBAGE // 5, 100)} | {
            b"after"
        }


@pytest.mark.parametrize("kind", ["stun", "rtp", "dtls"])
async def test_no_garbage_keeps_a_call_from_coming_up(kind: str) -> None:
    rng = random.Random(kind)
    a, b = End(), End()
    offer = await a.link.offer()
    answer = await b.link.answer(offer)
    targets = [ice_hooks.ice_protocols(end.link.connection)[0] for end in (a, b)]
    accepting = asyncio.create_task(a.link.accept(answer))
    while not (a.states.all and b.states.all):
        for target in targets:
            target.datagram_received(_garbage(kind, rng), (LOOPBACK, 9))
        await asyncio.sleep(0)
    await accepting
    assert [a.states.all, b.states.all] == [["connected"], ["connected"]]
    await b.hears(a, b"hello")
    await asyncio.gather(a.link.close(), b.link.close())


async def test_strangers_that_flood_a_port_are_no_longer_read_and_the_call_goes_on() -> None:
    async with connected() as (a, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        where = protocol.transport.get_extra_info("sockname")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((LOOPBACK, 0))
            for _ in range(MOST_STRANGE + 1):
                protocol.datagram_received(b"\xff", stranger.getsockname())
            before = b.meter.received["other"].packets
            stranger.sendto(b"\xff", where)
            for number in range(3):
                await b.hears(a, b"after %d" % number, number)
                await a.hears(b, b"and back %d" % number, number)
        assert b.meter.received["other"].packets == before


async def test_each_datagram_is_counted_once_even_if_it_cannot_be_parsed() -> None:
    rng = random.Random(5)
    async with connected() as (_, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        before = b.meter.total("received")
        datagrams = [_stun_like(rng) for _ in range(200)]
        for datagram in datagrams:
            protocol.datagram_received(datagram, (LOOPBACK, 9))
        assert b.meter.total("received") - before == sum(len(datagram) + 28 for datagram in datagrams)


async def test_an_empty_datagram_from_the_network_ends_nothing() -> None:
    async with connected() as (a, b):
        protocol = ice_hooks.ice_protocols(b.link.connection)[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(3):
                stranger.sendto(b"", protocol.transport.get_extra_info("sockname"))
        await b.hears(a, b"one")
        await b.hears(a, b"two")
        assert b.meter.received["other"].packets == 3
        assert b.meter.received["other"].bytes == 3 * 28


def test_the_round_trip_is_smoothed_and_strangers_are_ignored() -> None:
    now = 10.0
    trips = ice_hooks.RoundTrips(lambda: now)

    def exchange(transaction: bytes, seconds: float) -> None:
        nonlocal now
        trips.observe("sent", b"\x00\x01" + bytes(6) + transaction)
        now += seconds
        trips.observe("received", b"\x01\x01" + bytes(6) + transaction)

    trips.observe("received", b"\x01\x01" + bytes(6) + b"never asked ")
    assert trips.seconds is None
    exchange(b"first reply!", 0.1)
    assert trips.seconds == pytest.approx(0.1)
    exchange(b"second reply", 0.9)
    assert trips.seconds == pytest.approx(0.2)
    trips.observe("received", b"\x01\x01" + bytes(6) + b"second reply")
    assert trips.seconds == pytest.approx(0.2)


def test_unanswered_requests_are_forgotten_at_a_limit() -> None:
    trips = ice_hooks.RoundTrips(lambda: 0.0)
    for number in range(1000):
        trips.observe("sent", b"\x00\x01" + bytes(6) + number.to_bytes(12))
    assert trips.open_requests == ice_hooks.MAX_OPEN_REQUESTS
    trips.observe("sent", b"\x00\x01")  # shorter than a header
    assert trips.open_requests == ice_hooks.MAX_OPEN_REQUESTS
