from __future__ import annotations

import pytest

from node.web.page_address import DEFAULT, PageAddress, is_number, with_default
from protocol.errors import UsageError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8765", "127.0.0.1", 8765),
        ("localhost", "localhost", 8765),
        (":9000", "127.0.0.1", 9000),
        ("0.0.0.0:0", "0.0.0.0", 0),
        ("[::1]:81", "::1", 81),
    ],
)
def test_reads_hosts_and_ports(text: str, host: str, port: int) -> None:
    assert PageAddress.parse(text) == PageAddress(host, port)


@pytest.mark.parametrize(
    "text", ["", "a b:1", "host:port", "host:70000", "user@host:1", "http://host", "host/path", "[::1"]
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
        (["call", "--page", "0.0.0.0", "k"], ["call", "--page", "0.0.0.0", "k"]),
        (["demo", "--page", "off"], ["demo", "--page", "off"]),
        (["call", "--page=:80", "k"], ["call", "--page=:80", "k"]),
    ],
)
def test_the_option_may_stand_alone(given: list[str], meant: list[str]) -> None:
    assert with_default(given) == meant
