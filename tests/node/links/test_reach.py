"""Who can listen on the way to a host."""

from __future__ import annotations

import pytest

from node.links.reach import is_certainly_this_machine, is_private, names_this_machine

CERTAIN = [
    "127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST", "localhost.", "::ffff:127.0.0.1",
]  # fmt: skip
BY_RFC_6761 = ["x.localhost", "X.LocalHost.", "a.b.localhost"]
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.7", "169.254.3.4", "fd12::1", "fe80::1", "fe80::1%eth0",
    "raspberrypi", "nas.local", "Nas.Local.", "box.home.arpa", "db.internal", "::ffff:10.0.0.1",
]  # fmt: skip
PUBLIC = [
    "broker.example.org", "203.0.113.5", "8.8.8.8", "172.32.0.1", "11.0.0.1", "100.64.0.1", "2001:db8::1", "0.0.0.0",
    "::", "localhost.example.org", "local.example", "10.0.0.1.example.org", "::ffff:8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("host", CERTAIN)
def test_this_machine(host: str) -> None:
    assert is_certainly_this_machine(host)
    assert names_this_machine(host)
    assert is_private(host)


@pytest.mark.parametrize("host", BY_RFC_6761)
def test_a_name_below_localhost_is_this_machine_but_a_resolver_may_say_otherwise(host: str) -> None:
    assert names_this_machine(host)
    assert not is_certainly_this_machine(host)
    assert is_private(host)


def test_an_address_of_ipv6_may_have_brackets() -> None:
    assert is_certainly_this_machine("[::1]")


@pytest.mark.parametrize("host", ["127.0.0.1.example.org", "localhost.example.org", "notlocalhost", "127.0.0.1%a", ""])
def test_what_only_looks_like_this_machine(host: str) -> None:
    assert not names_this_machine(host)
    assert not is_certainly_this_machine(host)


@pytest.mark.parametrize("host", PRIVATE)
def test_a_network_of_ones_own(host: str) -> None:
    assert is_private(host)
    assert not names_this_machine(host)
    assert not is_certainly_this_machine(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_everywhere_else(host: str) -> None:
    assert not is_private(host)
    assert not names_this_machine(host)
    assert not is_certainly_this_machine(host)
