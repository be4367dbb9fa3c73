"""The head of an HTTP answer: any bytes are one or are none, and what it says can be shown."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.links import http_head
from node.links.http_head import Deadline

FIRST = b"HTTP/1.1 302 Found\r\n"


def test_a_head_is_read() -> None:
    head = http_head.parse(FIRST + b"Server: x\r\nLocation: https://h/login\r\n\r\n")
    assert head is not None
    assert (head.status, head.reason, head.location, str(head)) == (302, "Found", "https://h/login", "HTTP 302 Found")
    assert str(http_head.parse(b"HTTP/1.0 404\r\n\r\n")) == "HTTP 404"


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"NATS 1\r\n"])
def test_what_is_no_head_is_none(raw: bytes) -> None:
    assert http_head.parse(raw) is None


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_a_head_or_none_and_fit_in_a_line(reason: bytes, headers: bytes) -> None:
    http_head.parse(headers)
    head = http_head.parse(b"HTTP/1.1 403 " + reason + b"\r\n" + headers)
    for text in () if head is None else (head.reason, head.location):
        assert len(text) <= http_head.MAX_SHOWN
        assert not {"\n", "\r", "\x1b", "\x07"} & set(text)


def test_no_byte_after_the_head_is_taken() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(FIRST + b"\r\n" + b"\x20\x02\0\0")
        head = http_head.read(here, Deadline(5))
        assert head is not None
        assert here.recv(10) == b"\x20\x02\0\0"


@pytest.mark.parametrize("raw", [b"MQTT", b"HTTP/3", b"\x15\x03\x01", b"HTTP/1.1 200 OK\r\n" + bytes(20_000)])
def test_an_answer_that_is_none_is_not_waited_for(raw: bytes) -> None:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(raw)
        assert http_head.read(here, Deadline(5)) is None


def test_a_server_that_dribbles_gets_no_more_time() -> None:
    here, there = socket.socketpair()
    with here, there, pytest.raises(TimeoutError):
        there.sendall(b"HTTP/1.1 ")
        http_head.read(here, Deadline(0.05))
    with pytest.raises(TimeoutError):
        Deadline(0).left()
