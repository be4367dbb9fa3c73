"""What frames are to a call."""

from __future__ import annotations

import socket

import pytest

from wirebench.capture import TURN_PORT, Seen, bytes_before, kind_and_size, rates


def frame(protocol: int, body: bytes, ethertype: int = 0x0800, padding: int = 0) -> bytes:
    size = 20 + len(body)
    ip = bytes([0x45, 0]) + size.to_bytes(2) + bytes(5) + bytes([protocol]) + bytes(10)
    return bytes(12) + ethertype.to_bytes(2) + ip + body + bytes(padding)


@pytest.mark.parametrize(
    ("first", "kind"), [(b"\x80\x60", "rtp"), (b"\x80\xc8", "rtcp"), (b"\x00\x01", "stun"), (b"\x16\xfe", "dtls")]
)
def test_datagrams_are_told_apart_and_padding_is_not_counted(first: bytes, kind: str) -> None:
    assert kind_and_size(frame(socket.IPPROTO_UDP, bytes(8) + first, padding=8)) == (kind, 30)


def test_tcp_is_the_brokers_or_the_turn_servers_and_the_rest_is_other() -> None:
    assert kind_and_size(frame(socket.IPPROTO_TCP, bytes(32))) == ("mqtt", 52)
    for ports in ((TURN_PORT, 50_000), (50_000, TURN_PORT)):
        head = b"".join(port.to_bytes(2) for port in ports)
        assert kind_and_size(frame(socket.IPPROTO_TCP, head + bytes(28))) == ("turn_tcp", 52)
    assert kind_and_size(frame(socket.IPPROTO_ICMP, bytes(8))) == ("other", 28)


def test_what_is_no_ipv4_is_nothing() -> None:
    assert kind_and_size(frame(socket.IPPROTO_UDP, bytes(8), ethertype=0x0806)) is None
    assert kind_and_size(b"short") is None


SEEN = [
    Seen(1.0, "a", "stun", 100),
    Seen(10.0, "a", "rtp", 150),
    Seen(10.5, "b", "rtp", 999),
    Seen(11.9, "a", "rtcp", 100),
    Seen(12.0, "a", "rtp", 150),
]


def test_rates_are_those_of_one_node_in_a_time() -> None:
    assert rates(SEEN, "a", 10.0, 12.0) == {"rtp": 0.6, "total": 1.0, "payload": 0.424, "rtcp": 0.4}


def test_set_up_is_what_came_before() -> None:
    assert bytes_before(SEEN, "a", 10.0) == 100
