"""A proxy on the way to the broker: its address, what it is asked, what it may answer."""

from __future__ import annotations

import socket

import pytest

from node.links import http_proxy
from node.links.http_head import Deadline, NoWay
from node.links.server_url import Server
from protocol.errors import UsageError

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "proxy", "shown"),
    [
        ("http://h:8888", Server("h", 8888), "http://h:8888"),
        ("h", Server("h"), "http://h:3128"),
        (f"http://ann:{SECRET}@[::1]:1/", Server("::1", 1, "ann", SECRET), "http://[::1]:1"),
    ],
)
def test_a_proxy_is_read(text: str, proxy: Server, shown: str) -> None:
    assert http_proxy.parse(text) == proxy
    assert http_proxy.shown(proxy) == shown


@pytest.mark.parametrize("text", ["https://h", "socks5://h", "", f"http://ann:{SECRET}@h:x", f"http://{SECRET}@"])
def test_what_is_no_proxy_is_one_line_without_the_login(text: str) -> None:
    with pytest.raises(UsageError, match="broker_proxy") as caught:
        http_proxy.parse(text)
    assert SECRET not in str(caught.value)


def _asked(answer: bytes, proxy: Server, host: str = "broker.example.org") -> str:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(answer)
        http_proxy.tunnel(here, proxy, host, 443, Deadline(5))
        return there.recv(4_096).decode()


def test_it_is_asked_for_a_connection() -> None:
    ok = b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n"
    assert _asked(ok, Server("p")) == (
        "CONNECT broker.example.org:443 HTTP/1.1\r\nHost: broker.example.org:443\r\n\r\n"
    )
    assert "\r\nProxy-Authorization: Basic YW5uOmh1bnRlcjI=\r\n" in _asked(ok, Server("p", None, "ann", SECRET))
    assert _asked(ok, Server("p"), "::1").startswith("CONNECT [::1]:443 ")


@pytest.mark.parametrize(
    ("answer", "said", "final"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "wants another login (HTTP 407", True),
        (b"HTTP/1.1 403 Access denied\r\n\r\n", "does not let us through to broker.example.org:443 (HTTP 403", True),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", "does not get through", False),
        (b"HTTP/1.1 418 \x1b[2J\r\n\r\n", "refuses a connection", True),
        (b"SSH-2.0-OpenSSH_9\r\n", "does not answer as an HTTP proxy does", True),
    ],
)
def test_what_it_refuses_is_one_line(answer: bytes, said: str, final: bool) -> None:
    with pytest.raises(NoWay) as caught:
        _asked(answer, Server("p", 8888, "ann", SECRET))
    text = str(caught.value)
    assert said in text
    assert text.startswith("the proxy http://p:8888 ")
    assert SECRET not in text
    assert text.isprintable()
    assert caught.value.is_final is final
