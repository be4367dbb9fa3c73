"""Who can listen on the way to a host."""

from __future__ import annotations

import pytest

from node.links.reach import is_loopback, is_private

LOOPBACK = ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST", "x.localhost", "::ffff:127.0.0.1"]
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.7", "169.254.3.4", "fd12::1", "fe80::1", "fe80::1%eth0",
    "raspberrypi", "nas.local", "Nas.Local.", "box.home.arpa", "db.internal", "::ffff:10.0.0.1",
]  # fmt: skip
PUBLIC = [
    "broker.example.org", "203.0.113.5", "8.8.8.8", "172.32.0.1", "11.0.0.1", "100.64.0.1", "2001:db8::1", "0.0.0.0",
    "::", "localhost.example.org", "local.example", "10.0.0.1.example.org", "::ffff:8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert is_private(host)


@pytest.mark.parametrize("host", PRIVATE)
def test_a_network_of_ones_own(host: str) -> None:
    assert is_private(host)
    assert not is_loopback(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_everywhere_else(host: str) -> None:
    assert not is_private(host)
    assert not is_loopback(host)
