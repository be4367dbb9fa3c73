from __future__ import annotations

import pytest

from node.web.page_address import DEFAULT, MAX_HOSTS, PageAddress, is_number, reachable_hosts, with_default
from protocol.errors import UsageError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8765", "127.0.0.1", 8765),
        ("localhost", "localhost", 8765),
        (":9000", "127.0.0.1", 9000),
        ("9000", "127.0.0.1", 9000),
        ("0.0.0.0:0", "0.0.0.0", 0),
        ("[::1]:81", "::1", 81),
    ],
)
def test_reads_hosts_and_ports(text: str, host: str, port: int) -> None:
    assert PageAddress.parse(text) == PageAddress(host, port)


@pytest.mark.parametrize(
    "text", ["", "a b:1", "host:port", "host:70000", "user@host:1", "70000", "http://host", "host/path", "[::1"]
)
def test_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="no address to serve the page at"):
        PageAddress.parse(text)


@pytest.mark.parametrize(
    ("host", "loopback", "number"),
    [
        ("127.0.0.1", True, True),
        ("127.8.9.1", True, True),
        ("::1", True, True),
        ("[::1]", True, True),
        ("LocalHost", True, False),
        ("localhost.", True, False),
        ("a.localhost", False, False),
        ("localhost.example.org", False, False),
        ("127.0.0.1.example.org", False, False),
        ("192.168.1.5", False, True),
        ("0.0.0.0", False, True),
    ],
)
def test_knows_loopback_from_what_looks_like_it(host: str, loopback: bool, number: bool) -> None:
    assert PageAddress(host).is_loopback is loopback
    assert is_number(host) is number


def test_links_can_be_opened_on_this_machine() -> None:
    assert PageAddress("::1", 80).url() == "http://[::1]:80/"
    assert PageAddress("0.0.0.0", 80).url(secure=True) == "https://127.0.0.1:80/"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["demo", "--page"], ["demo", "--page", DEFAULT]),
        (["call", "--page", "kitchen"], ["call", "--page", DEFAULT, "kitchen"]),
        (["call", "--page", "--name", "ann", "k"], ["call", "--page", DEFAULT, "--name", "ann", "k"]),
        (["call", "--page", ":80", "k"], ["call", "--page", ":80", "k"]),
        (["call", "--page", "9000", "k"], ["call", "--page", "9000", "k"]),
        (["call", "--page", "0.0.0.0", "k"], ["call", "--page", "0.0.0.0", "k"]),
        (["demo", "--page", "off"], ["demo", "--page", "off"]),
        (["call", "--page=:80", "k"], ["call", "--page=:80", "k"]),
    ],
)
def test_the_option_may_stand_alone(given: list[str], meant: list[str]) -> None:
    assert with_default(given) == meant


CODE = "-".join(["7KQ2M"] * 6)


@pytest.mark.parametrize("link", ["pictophone:7KQ2M", "Pictophone-Audience:7KQ2M", f"{CODE}@broker.example.org:1883"])
def test_a_link_after_the_option_is_a_room_and_no_address_that_an_error_would_repeat(link: str) -> None:
    assert with_default(["call", "--page", link]) == ["call", "--page", DEFAULT, link]


# -- what others reach it by

MACHINE = frozenset({"192.168.1.5", "10.0.0.7", "203.0.113.9", "169.254.3.4", "fe80::1", "2001:db8::5", "fd00::5"})


@pytest.mark.parametrize("host", ["127.0.0.1", "192.168.1.5", "kitchen.home.arpa"])
def test_one_address_is_reached_by_itself(host: str) -> None:
    assert reachable_hosts(PageAddress(host), lambda: MACHINE) == [host]


def test_of_all_ipv4_addresses_that_of_the_way_out_comes_first_and_private_ones_before_others() -> None:
    everywhere = PageAddress("0.0.0.0")
    assert reachable_hosts(everywhere, lambda: MACHINE, "192.168.1.5") == ["192.168.1.5", "10.0.0.7", "203.0.113.9"]
    assert reachable_hosts(everywhere, lambda: MACHINE, "203.0.113.9") == ["203.0.113.9", "10.0.0.7", "192.168.1.5"]


def test_the_ipv6_wildcard_takes_ipv6_alone_and_no_address_that_needs_a_scope() -> None:
    assert reachable_hosts(PageAddress("::"), lambda: MACHINE, "fd00::5") == ["fd00::5", "2001:db8::5"]


def test_a_machine_without_a_network_is_reached_on_loopback() -> None:
    def unreadable() -> frozenset[str]:
        raise OSError("no netlink")

    assert reachable_hosts(PageAddress("0.0.0.0"), frozenset) == ["127.0.0.1"]
    assert reachable_hosts(PageAddress("0.0.0.0"), unreadable) == ["127.0.0.1"]
    assert reachable_hosts(PageAddress("::"), frozenset) == ["::1"]


def test_a_server_of_containers_prints_a_few() -> None:
    many = frozenset(f"172.17.0.{number}" for number in range(1, 100))
    found = reachable_hosts(PageAddress("0.0.0.0"), lambda: many, "172.17.0.50")
    assert found[0] == "172.17.0.50"
    assert len(found) == MAX_HOSTS


def test_the_systems_own_choice_is_one_of_its_addresses() -> None:
    assert reachable_hosts(PageAddress("0.0.0.0"))
