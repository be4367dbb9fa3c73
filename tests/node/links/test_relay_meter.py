"""What a datagram costs by way of a TURN server, against what the system counts."""

from __future__ import annotations

import asyncio
import sys

import pytest

from node.links.relay_meter import RelayMeter, relays_of
from node.links.wire_meter import WireMeter, tcp_traffic

RTP = bytes([0x80, 111]) + bytes(110)


def test_by_udp_a_datagram_has_the_head_of_a_channel() -> None:
    meter = WireMeter()
    meter.datagram("sent", RTP, "198.51.100.1")
    meter.datagram("sent", RTP, "198.51.100.1", RelayMeter("203.0.113.9"))
    assert meter.sent["rtp"].bytes == (112 + 28) + (112 + 4 + 28)
    assert meter.total("sent") == meter.sent["rtp"].bytes


def test_by_tcp_it_is_filled_up_and_has_tcps_head() -> None:
    assert RelayMeter("203.0.113.9", tcp=None).count("sent", 113) == 113 + 4 + 28
    with_socket = RelayMeter("2001:db8::1", tcp=_Deaf(), tls=True)  # type: ignore[arg-type]
    assert with_socket.count("sent", 113) == 120 + 22 + 32 + 40


class _Deaf:
    """A socket of a system that does not tell what it counts."""

    family = 2

    def getsockopt(self, *_: object) -> bytes:
        raise OSError


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what a connection costs")
async def test_the_total_is_what_the_system_counts_of_the_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    meter = WireMeter()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        (relay,) = relays_of(writer.transport, object())
        assert relays_of(writer.transport, writer.transport) == []
        for _ in range(20):
            writer.write(len(RTP).to_bytes(4) + RTP)
            meter.datagram("sent", RTP, "198.51.100.1", relay)
            await reader.readexactly(4 + len(RTP))
            meter.datagram("received", RTP, "198.51.100.1", relay)
        counted = tcp_traffic(writer.get_extra_info("socket"))
        assert counted is not None
        assert meter.sent["rtp"].bytes == 20 * (116 + 52)
        assert (meter.total("sent"), meter.total("received")) == counted
        assert meter.kinds("sent")["turn"] == counted.sent - 20 * 168 > 0
        writer.close()
        await writer.wait_closed()
    assert meter.total("sent") == counted.sent


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what a connection costs")
async def test_of_connections_that_ended_nothing_is_kept_but_their_cost() -> None:
    """A link that is made anew has another relay, for as long as the call lasts."""
    meter, costs = WireMeter(), []
    async with await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0) as server:
        for _ in range(5):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            (relay,) = relays_of(writer.transport, object())
            for _ in range(2):
                meter.datagram("sent", RTP, "198.51.100.1", relay)
            meter.datagram("sent", RTP, "198.51.100.1", RelayMeter("203.0.113.9"))
            await reader.read()
            total = meter.total("sent")
            costs.append(relay.remainder().sent)
            writer.close()
            await writer.wait_closed()
            meter.datagram("sent", RTP, "198.51.100.1", relay)
    assert meter.relays == 1
    assert meter.kinds("sent")["turn"] == sum(costs)
    assert meter.total("sent") == total + 116 + 52
