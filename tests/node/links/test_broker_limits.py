"""Packets that are cut out of a stream, and paced, in memory."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_mqtt import packet, publish

from node.links import broker_limits
from node.links.broker_limits import LimitExceeded, PacketReader, TokenBucket


def stream(data: bytes, end: bool = True) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=broker_limits.MAX_PACKET_BYTES)
    reader.feed_data(data)
    if end:
        reader.feed_eof()
    return reader


def test_a_burst_goes_at_once_and_what_follows_at_its_pace() -> None:
    now = 100.0
    pace = TokenBucket(lambda: now)
    assert [pace.next() for _ in range(int(broker_limits.MAX_BURST))] == [0.0] * int(broker_limits.MAX_BURST)
    assert pace.next() == pytest.approx(1 / broker_limits.MAX_PACKETS_PER_S)
    assert pace.next() == pytest.approx(2 / broker_limits.MAX_PACKETS_PER_S)
    now += 3600
    assert [pace.next() for _ in range(int(broker_limits.MAX_BURST) + 1)][-2:] == [
        0.0,
        pytest.approx(1 / broker_limits.MAX_PACKETS_PER_S),
    ]


@given(st.lists(st.binary(max_size=300), max_size=5), st.lists(st.integers(1, 50), min_size=1))
def test_what_goes_in_comes_out_whatever_is_asked_for(bodies: list[bytes], asked: list[int]) -> None:
    async def read_all() -> bytes:
        reader, got, index = PacketReader(stream(whole)), b"", 0
        while part := await reader.read(asked[index % len(asked)]):
            got, index = got + part, index + 1
        return got

    whole = b"".join(packet(0x30, body) for body in bodies)
    assert asyncio.run(read_all()) == whole


async def test_packets_are_fetched_whole() -> None:
    first, second = publish("t", b"x" * 200), packet(0xC0, b"")
    reader = PacketReader(stream(first + second))
    assert [await reader.fetch(), await reader.fetch()] == [first, second]
    reader.put_back(first)
    assert await reader.read() == first
    assert await reader.read(5) == b""


async def test_nothing_is_nothing_and_waits_for_nothing() -> None:
    reader = PacketReader(stream(b"", end=False))
    assert await reader.read(0) == b""


@pytest.mark.parametrize(
    "data",
    [
        publish("t", b"x" * (broker_limits.MAX_PACKET_BYTES + 1)),
        b"\x30\xff\xff\xff\x7f",
        b"\x30\xff\xff\xff\xff\x01",
        publish("t", b"x", qos=2),
    ],
)
async def test_what_asks_for_too_much_is_the_end(data: bytes) -> None:
    with pytest.raises(LimitExceeded):
        await PacketReader(stream(data, end=False)).fetch()
    assert await PacketReader(stream(data, end=False)).read(1) == b""


async def test_the_largest_packet_goes_through() -> None:
    largest = packet(0x30, b"x" * broker_limits.MAX_PACKET_BYTES)
    assert await PacketReader(stream(largest)).read() == largest


async def test_who_stops_in_the_middle_is_the_end() -> None:
    reader = PacketReader(stream(publish("t", b"x")[:-1], end=False))
    reader.patience_s = 0.01
    assert await reader.read(1) == b""
    assert await PacketReader(stream(publish("t", b"x")[:-1])).read(1) == b""
