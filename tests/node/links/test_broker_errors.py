"""What keeps a node from its broker, in a line."""

from __future__ import annotations

import os
import socket
import ssl

import pytest

from node.links import broker_errors
from node.links.address import BrokerAddress
from node.links.broker_errors import BrokerError, Failure
from node.links.http_head import NoWay

ADDRESS = BrokerAddress("h")


class Coded(Exception):
    """As `node.links.mqtt_client.Refused`, whose import takes aiomqtt."""

    def __init__(self, code: int) -> None:
        self.code = code


def caused(cause: Exception) -> Exception:
    error = Exception("text alone")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("code", range(256))
def test_every_code_is_one_line_about_the_broker(code: int) -> None:
    text = broker_errors.explain(Coded(code), ADDRESS)
    assert text.startswith("the broker mqtt://h:1883 ")
    assert "{" not in text
    assert text.isprintable()
    assert broker_errors.meaning(code)


@pytest.mark.parametrize(
    ("code", "final"), [(1, True), (3, False), (5, True), (0x84, True), (0x86, True), (0x88, False), (0x9F, False)]
)
def test_some_pass_by_themselves(code: int, final: bool) -> None:
    assert broker_errors.kind(Coded(code)).is_final is final


def test_a_refused_version_says_what_was_tried() -> None:
    assert "MQTT 3.1.1, nor 5;" in broker_errors.explain(Coded(1), ADDRESS)
    fixed = BrokerAddress("h", version="5")
    assert 'MQTT 5; name another broker, or set mqtt_version to "auto"' in broker_errors.explain(Coded(0x84), fixed)


def test_what_is_on_the_way_speaks_for_itself() -> None:
    error = caused(NoWay("the proxy is asleep"))
    assert broker_errors.explain(error, ADDRESS) == "cannot reach the broker mqtt://h:1883: the proxy is asleep"
    assert broker_errors.kind(error) is BrokerError.REFUSED
    assert broker_errors.kind(caused(NoWay("x", final=False))) is BrokerError.UNREACHABLE


def test_a_certificate_is_told_from_other_errors_of_tls() -> None:
    doubt = ssl.SSLCertVerificationError(1, "x")
    doubt.verify_message = "certificate has expired."
    assert "who it says: certificate has expired;" in broker_errors.explain(caused(doubt), ADDRESS)
    assert broker_errors.kind(caused(doubt)) is BrokerError.UNTRUSTED
    assert broker_errors.kind(caused(ssl.SSLError(1, "wrong version number"))) is BrokerError.UNREACHABLE


@pytest.mark.parametrize(
    ("address", "cure"),
    [
        (ADDRESS, "mqtts:// if it speaks TLS alone"),
        (BrokerAddress("h", tls=True), "mqtt:// if it speaks no TLS"),
        (BrokerAddress("h", path="/"), "wss:// if it speaks TLS alone"),
        (BrokerAddress("h", path="/", tls=True), "ws:// if it speaks no TLS"),
    ],
)
def test_an_address_that_leads_nowhere_comes_with_another(address: BrokerAddress, cure: str) -> None:
    assert cure in broker_errors.explain(Exception("connection refused"), address)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(111, "[Errno 111] Connect call failed"), os.strerror(111)),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (TimeoutError("timed out"), "timed out"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"), "TLS fails: "),
    ],
)
def test_what_the_system_says_comes_without_numbers(error: OSError, said: str) -> None:
    assert broker_errors.plain(error).startswith(said)


def test_of_several_what_a_person_can_mend_comes_first() -> None:
    closed, refuses = (
        Failure.of(error, BrokerAddress(host))
        for error, host in ((Exception("connection refused"), "a"), (Coded(5), "b"))
    )
    again = Failure.of(Exception("timed out"), BrokerAddress("a"))
    text = broker_errors.summary([closed, again, refuses])
    assert text.startswith("the broker mqtt://b:1883 refuses the login")
    assert text.endswith("; nor does it serve at mqtt://a:1883 (timed out)")
    assert broker_errors.summary([closed, again]) == again.text
