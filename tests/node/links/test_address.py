"""Broker addresses as people type them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.links.address import BrokerAddress
from protocol.errors import NodeError

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("broker.example.org", BrokerAddress("broker.example.org")),
        ("broker.example.org:1884", BrokerAddress("broker.example.org", 1884)),
        ("mqtt://broker.example.org/", BrokerAddress("broker.example.org")),
        ("mqtts://broker.example.org", BrokerAddress("broker.example.org", 8883, tls=True)),
        ("mqtt://[::1]:1885", BrokerAddress("::1", 1885)),
        ("mqtt://ann@h", BrokerAddress("h", username="ann")),
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
