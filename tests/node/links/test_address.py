"""Broker addresses as people type them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.links.address import BrokerAddress, without_password
from protocol.errors import NodeError

SECRET = "hunter2"


def _login(username: str, password: str) -> BrokerAddress:
    return BrokerAddress("h", 8883, tls=True, username=username, password=password)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("broker.example.org", BrokerAddress("broker.example.org", 8883, tls=True)),
        ("broker.example.org:1884", BrokerAddress("broker.example.org", 1884, tls=True)),
        ("ann@203.0.113.5", BrokerAddress("203.0.113.5", 8883, tls=True, username="ann")),
        ("[2001:db8::1]", BrokerAddress("2001:db8::1", 8883, tls=True)),
        ("localhost", BrokerAddress("localhost")),
        ("127.0.0.1:1884", BrokerAddress("127.0.0.1", 1884)),
        ("192.168.1.7", BrokerAddress("192.168.1.7")),
        ("raspberrypi.local", BrokerAddress("raspberrypi.local")),
        ("mqtts://192.168.1.7", BrokerAddress("192.168.1.7", 8883, tls=True)),
        ("mqtt://broker.example.org/", BrokerAddress("broker.example.org")),
        ("mqtts://broker.example.org", BrokerAddress("broker.example.org", 8883, tls=True)),
        ("mqtt://[::1]:1885", BrokerAddress("::1", 1885)),
        ("mqtt://ann@h", BrokerAddress("h", username="ann")),
        ("MQTTS://H", BrokerAddress("h", 8883, tls=True)),
        ("mqtt://h:", BrokerAddress("h")),
        ("mqtt://[fe80::1%eth0]", BrokerAddress("fe80::1%eth0")),
        ("mqtt://@h", BrokerAddress("h")),
        (f"mqtt://ann:{SECRET}/1?2#3@h:5", BrokerAddress("h", 5, username="ann", password=f"{SECRET}/1?2#3")),
        (f"mqtts://ann@example.org:{SECRET}:1@h", _login("ann@example.org", f"{SECRET}:1")),
        (f"mqtts://ann:{SECRET}@x@h", _login("ann", f"{SECRET}@x")),
        (f"mqtts://ann:{SECRET}%2F%25@h", _login("ann", f"{SECRET}/%")),
        (f"mqtts://ann:{SECRET}://x@h", _login("ann", f"{SECRET}://x")),
        (f"mqtts://ann%3Aa:{SECRET}%C3%BC@h", _login("ann:a", f"{SECRET}ü")),
        (f"mqtts://ann:{SECRET}%@h", _login("ann", f"{SECRET}%")),
        ("mqtts://ann:@h", _login("ann", "")),
        ("mqtt://ann:a%40b%3Ac@h:5", BrokerAddress("h", 5, username="ann", password="a@b:c")),
    ],
)
def test_an_address_is_read(url: str, address: BrokerAddress) -> None:
    assert BrokerAddress.parse(url) == address


def test_what_is_set_apart_wins_over_the_address() -> None:
    address = BrokerAddress.parse("mqtts://ann:old@h", username="bob", password="new", ca_file="/ca.pem")
    assert address == BrokerAddress("h", 8883, tls=True, username="bob", password="new", ca_file="/ca.pem")
    assert BrokerAddress.parse("mqtt://ann:old@h", username=None).username == "ann"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mqtt://",
        "http://h",
        "mqtt://h:port",
        "mqtt://h:99999",
        "mqtt://h:0",
        "mqtt://h/path",
        "mqtt://h?x=1",
        "mqtt://h#x",
        "mqtt://[::1",
        "mqtt://a..b",
        "mqtt://" + "x" * 300,
        "mqtt://h:+1883",
        "mqtt://h:1_883",
        "mqtt://h:１８８３",
        "mqtt://h:18833333333333333333333333",
        "mqtt://h:1883:1884",
        "mqtt://h\n",
        "mqtt://ho st",
        " h",
        "mqtt://h%20x",
        "mqtt://2001:db8::1",
        "2001:db8::1",
        "mqtt://[h]",
        "mqtt://[::1]1883",
        "mqtt://[::1%]",
        "mqtt://h\\x",
        "mqtt:h:1883",
        "ws://h/mqtt",
        "ssl://h",
        f"mqtt://ann:{SECRET}%00@h",
        f"mqtt://ann:{SECRET}%FF@h",
        f"mqtt://ann:{SECRET}\ud800@h",
        f"mqtt://ann:{SECRET}{'x' * 70_000}@h",
        f"http://ann:{SECRET}://x@h",
        f"http://ann:{SECRET}@h",
        f"mqtt://ann:{SECRET}@",
        f"mqtt://ann:{SECRET}@h:x",
        f"mqtt://ann:{SECRET}@h/x",
        f"ann:{SECRET}@h:x",
        f"mqtt://ann:{SECRET}@[::1",
    ],
)
def test_what_is_no_address_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(NodeError) as caught:
        BrokerAddress.parse(url)
    assert "mqtt://HOST:PORT" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", [f"mqtt://:{SECRET}@h", "mqtt://h"])
def test_a_password_needs_a_user(url: str) -> None:
    with pytest.raises(NodeError, match="no user for the broker mqtt://h:1883: write USER@HOST") as caught:
        BrokerAddress.parse(url, password=SECRET)
    assert SECRET not in str(caught.value)
    assert BrokerAddress.parse(url, username="ann", password=SECRET).username == "ann"


@given(st.text())
def test_any_text_is_an_address_or_a_node_error(url: str) -> None:
    try:
        address = BrokerAddress.parse(url)
    except NodeError as error:
        assert "\n" not in str(error)
    else:
        assert 0 < address.port < 65536
        assert address.host


def test_the_password_is_never_shown() -> None:
    address = BrokerAddress.parse(f"mqtt://ann:{SECRET}@[::1]")
    assert address.password == SECRET
    assert SECRET not in f"{address} {address!r}"
    assert str(address) == "mqtt://[::1]:1883"
    assert str(replace(address, host="h", tls=True, port=8883)) == "mqtts://h:8883"


@pytest.mark.parametrize(
    ("url", "open_"),
    [
        ("mqtt://broker.example.org", True),
        ("broker.example.org", False),
        ("mqtts://broker.example.org", False),
        ("mqtt://localhost", False),
        ("mqtt://192.168.1.7", False),
    ],
)
def test_who_goes_in_the_open(url: str, open_: bool) -> None:
    assert BrokerAddress.parse(url).in_the_open is open_


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"mqtts://ann:{SECRET}@h:5", "mqtts://ann@h:5"),
        (f"ann:{SECRET}@h", "ann@h"),
        (f"ann:x://{SECRET}@h", "ann@h"),
        (f"mqtt://ann:x://{SECRET}@h", "mqtt://ann@h"),
        (f"mqtt://ann:{SECRET}@x@h", "mqtt://ann@h"),
        (f"mqtt://:{SECRET}@h", "mqtt://h"),
        ("mqtt://ann@h", "mqtt://ann@h"),
        ("mqtt://h", "mqtt://h"),
        ("h", "h"),
    ],
)
def test_an_address_is_shared_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
