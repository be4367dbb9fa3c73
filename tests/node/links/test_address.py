"""Broker addresses as people type them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.links.address import BrokerAddress, without_password
from protocol.errors import UsageError

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
        ("ws://h", BrokerAddress("h", 80, path="/mqtt")),
        ("wss://H", BrokerAddress("h", 443, tls=True, path="/mqtt")),
        ("WSS://broker.example.org/", BrokerAddress("broker.example.org", 443, tls=True, path="/")),
        ("wss://h:8443/a/b%20c?x=1", BrokerAddress("h", 8443, tls=True, path="/a/b%20c?x=1")),
        ("ws://[::1]:9001/ws", BrokerAddress("::1", 9001, path="/ws")),
        (f"wss://ann:{SECRET}/1@h/ws", BrokerAddress("h", 443, True, "ann", f"{SECRET}/1", path="/ws")),
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
        "ws://",
        "wss://h/a b",
        "wss://h/#x",
        "wss://h/é",
        "wss://h\\x/",
        f"wss://ann:{SECRET}@h/a\r\nX-Other: 1",
        f"wss://ann:{SECRET}@h:x/mqtt",
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
    with pytest.raises(UsageError) as caught:
        BrokerAddress.parse(url)
    assert "mqtt://HOST:PORT" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", [f"mqtt://:{SECRET}@h", "mqtt://h"])
def test_a_password_needs_a_user(url: str) -> None:
    with pytest.raises(UsageError, match="no user for the broker mqtt://h:1883: write USER@HOST") as caught:
        BrokerAddress.parse(url, password=SECRET)
    assert SECRET not in str(caught.value)
    assert BrokerAddress.parse(url, username="ann", password=SECRET).username == "ann"


@given(st.text())
def test_any_text_is_an_address_or_a_node_error(url: str) -> None:
    try:
        address = BrokerAddress.parse(url)
    except UsageError as error:
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


# -- several


def test_a_list_holds_the_nodes_of_one_broker() -> None:
    address = BrokerAddress.parse(f"mqtts://ann:{SECRET}@a,b.example.org:1884, wss://c/ws")
    login = {"username": "ann", "password": SECRET}
    assert address.each() == (
        BrokerAddress("a", 8883, tls=True, **login),
        BrokerAddress("b.example.org", 1884, tls=True, **login),
        BrokerAddress("c", 443, tls=True, path="/ws", **login),
    )
    assert address.others == address.each()[1:]
    assert str(address) == "mqtts://a:8883"


def test_each_of_a_list_may_have_a_login_of_its_own() -> None:
    address = BrokerAddress.parse(f"mqtt://ann@a,mqtt://bob:{SECRET}@b,mqtt://c")
    assert [(one.username, one.password) for one in address.each()] == [("ann", None), ("bob", SECRET), ("ann", None)]
    overridden = BrokerAddress.parse(f"mqtt://ann@a,mqtt://bob:{SECRET}@b", username="eve", password="other")
    assert {(one.username, one.password) for one in overridden.each()} == {("eve", "other")}


@pytest.mark.parametrize(
    "url", [f"mqtt://ann:{SECRET},x@h", f"ann:1,{SECRET}@h", f"a:1883,{SECRET}@b", ",", "a,", "a,,b"]
)
def test_a_comma_that_may_be_of_a_login_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        BrokerAddress.parse(url)
    assert SECRET not in str(caught.value)
    assert SECRET not in without_password(url)


def test_a_percent_encoded_comma_is_of_the_login() -> None:
    assert BrokerAddress.parse(f"mqtt://ann:{SECRET}%2Cx@h").password == f"{SECRET},x"


def test_too_many_addresses_are_refused() -> None:
    with pytest.raises(UsageError, match="too many"):
        BrokerAddress.parse(",".join(["h"] * 17))


def test_what_all_need_is_given_to_all() -> None:
    address = BrokerAddress.parse("a,b").equipped(version="5", headers=(("X-Key", SECRET),))
    assert {one.version for one in address.each()} == {"5"}
    assert SECRET not in f"{address} {address!r}"


def test_what_comes_after_a_question_mark_is_not_shown() -> None:
    assert str(BrokerAddress.parse(f"wss://h/mqtt?token={SECRET}")) == "wss://h:443/mqtt?…"
    assert SECRET not in repr(BrokerAddress.parse(f"wss://h/mqtt?token={SECRET}"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"mqtts://ann:{SECRET}@a,b", "mqtts://ann@a,b"),
        (f"a,mqtts://ann:{SECRET}@b", "a,mqtts://ann@b"),
        (f"ann:1,{SECRET}@h", "ann@h"),
        (f"mqtt://ann:x,{SECRET}@h", "mqtt://ann@h"),
    ],
)
def test_a_list_is_shown_without_passwords(url: str, shown: str) -> None:
    assert without_password(url) == shown
