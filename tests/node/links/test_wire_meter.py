"""What is counted as "on the wire"."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.links import wire_meter
from node.links.wire_meter import Count, TcpTraffic, WireMeter

SEGMENT = 20 + 32


@pytest.mark.parametrize(("address", "size"), [("127.0.0.1", 20), ("192.168.1.7", 20), ("::1", 40), ("fd00::7", 40)])
def test_the_header_of_an_address(address: str, size: int) -> None:
    assert wire_meter.ip_header(address) == size


@pytest.mark.parametrize(
    ("datagram", "kind"),
    [
        (b"", "other"),
        (b"\x00\x01", "stun"),
        (b"\x03", "stun"),
        (b"\x04", "other"),
        (b"\x13", "other"),
        (b"\x14\xfe\xfd", "dtls"),
        (b"\x3f", "dtls"),
        (b"\x40", "turn"),
        (b"\x4f", "turn"),
        (b"\x50", "other"),
        (b"\x7f", "other"),
        (b"\x80\x60", "rtp"),
        (b"\x80", "rtp"),
        (b"\x80\xbf", "rtp"),
        (b"\x80\xc0", "rtcp"),
        (b"\x81\xc8", "rtcp"),
        (b"\xbf\xdf", "rtcp"),
        (b"\x80\xe0", "rtp"),  # payload type 96 with the marker bit
        (b"\xc0", "other"),
        (b"\xff", "other"),
    ],
)
def test_the_kind_of_a_datagram(datagram: bytes, kind: str) -> None:
    assert wire_meter.udp_kind(datagram) == kind


@given(st.lists(st.tuples(st.sampled_from(["sent", "received"]), st.binary(max_size=60), st.booleans())))
def test_the_meter_loses_no_byte(datagrams: list[tuple[wire_meter.Direction, bytes, bool]]) -> None:
    meter = WireMeter()
    for direction, data, six in datagrams:
        meter.datagram(direction, data, "::1" if six else "127.0.0.1")
    for direction, counts in (("sent", meter.sent), ("received", meter.received)):
        mine = [(data, 48 if six else 28) for one, data, six in datagrams if one == direction]
        assert meter.total(direction) == sum(len(data) + headers for data, headers in mine)
        assert sum(count.packets for count in counts.values()) == len(mine)
        for kind in counts:
            assert counts[kind].packets == sum(wire_meter.udp_kind(data) == kind for data, _ in mine)


def test_a_count_counts_packets_and_bytes() -> None:
    count = Count()
    count.add(50)
    count.add(7)
    assert count == Count(packets=2, bytes=57)


def test_the_total_holds_every_tcp_link_as_it_stands_now() -> None:
    meter = WireMeter()
    now = [TcpTraffic(100, 10)]
    meter.add_tcp(lambda: now[0])
    meter.add_tcp(lambda: TcpTraffic(5, 7))
    meter.datagram("sent", b"\x80\x60", "127.0.0.1")
    assert (meter.total("sent"), meter.total("received")) == (100 + 5 + 30, 10 + 7)
    now[0] = TcpTraffic(200, 10)
    assert meter.total("sent") == 200 + 5 + 30


@pytest.mark.parametrize(("address", "cost"), [("127.0.0.1", 31 + 2 * 52), ("::1", 31 + 2 * 72)])
def test_a_message_costs_its_segment_and_the_acknowledgement(address: str, cost: int) -> None:
    assert wire_meter.tcp_message_cost(31, address) == cost


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            yield client, accepted


needs_tcp_info = pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="this system does not tell TCP_INFO")


@needs_tcp_info
def test_tcp_traffic_is_what_must_have_been_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    fresh = wire_meter.tcp_traffic(client)
    assert fresh == TcpTraffic(sent=2 * SEGMENT + 8, received=SEGMENT + 8)  # SYN, SYN+ACK, ACK
    client.sendall(bytes(1000))
    assert len(server.recv(2000, socket.MSG_WAITALL | socket.MSG_DONTWAIT)) == 1000
    after = wire_meter.tcp_traffic(client)
    assert after is not None
    assert after.sent - fresh.sent == 1000 + SEGMENT
    assert after.received - fresh.received in (0, SEGMENT)  # the acknowledgement may wait
    received = wire_meter.tcp_traffic(server)
    assert received is not None
    assert abs(received.received - after.sent) in (0, SEGMENT)  # whether a kernel counts the SYN at the accepting end


@needs_tcp_info
def test_each_small_message_is_a_segment_of_its_own(pair: tuple[socket.socket, socket.socket]) -> None:
    client, server = pair
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    before = wire_meter.tcp_traffic(client)
    assert before is not None
    for size in (19, 31, 200):
        client.sendall(bytes(size))
        assert len(server.recv(size, socket.MSG_WAITALL)) == size
    after = wire_meter.tcp_traffic(client)
    assert after is not None
    assert after.sent - before.sent == 19 + 31 + 200 + 3 * SEGMENT


def test_what_is_no_tcp_socket_has_no_traffic() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        assert wire_meter.tcp_traffic(datagrams) is None


def test_a_system_without_tcp_info_says_so(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[socket.socket, socket.socket]
) -> None:
    monkeypatch.delattr(socket, "TCP_INFO", raising=False)
    assert wire_meter.tcp_traffic(pair[0]) is None
