"""STUN and TURN servers as people write them: used, or refused aloud."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.links.ice_servers import IceServer, IceServerError, ice_server
from protocol.errors import NodeError, UsageError

SECRET = "hunter2"


def turn(urls: str, host: str, port: int = 3478, **more: object) -> IceServer:
    return IceServer(urls, "turn", host, port, **{"username": "ann", "credential": SECRET, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("stun:h", IceServer("stun:h", "stun", "h", 3478)),
        ("STUN:H:19302", IceServer("stun:H:19302", "stun", "h", 19302)),
        ("stun://h", IceServer("stun:h", "stun", "h", 3478)),
        ("stun:[2001:db8::1]", IceServer("stun:[2001:db8::1]", "stun", "2001:db8::1", 3478)),
        ("stun:[::1]:99", IceServer("stun:[::1]:99", "stun", "::1", 99)),
        ("turn:h", IceServer("turn:h", "turn", "h", 3478)),
        (f"turn:ann:{SECRET}@h", turn("turn:h", "h")),
        (f"turn://ann:{SECRET}@h:5", turn("turn:h:5", "h", 5)),
        (f"turn:ann:{SECRET}@[::1]:5?transport=tcp", turn("turn:[::1]:5?transport=tcp", "::1", 5, transport="tcp")),
        (f"turns:ann:{SECRET}@h", turn("turns:h", "h", 5349, transport="tcp", tls=True)),
        (f"turn:ann:{SECRET}/+=@h", turn("turn:h", "h", credential=f"{SECRET}/+=")),
        (f"turn:ann:{SECRET}:1@h", turn("turn:h", "h", credential=f"{SECRET}:1")),
        (f"turn:ann:{SECRET}?x#y@h", turn("turn:h", "h", credential=f"{SECRET}?x#y")),
        (f"turn:ann:{SECRET}@x@h", turn("turn:h", "h", credential=f"{SECRET}@x")),
        (f"turn:ann:{SECRET}%3A%2F@h", turn("turn:h", "h", credential=f"{SECRET}:/")),
        (f"turn:1700000000%3Aann:{SECRET}@h", turn("turn:h", "h", username="1700000000:ann")),
    ],
)
def test_a_server_is_read(text: str, server: IceServer) -> None:
    assert ice_server(text) == server
    assert SECRET not in repr(server)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its scheme"),
        ("h", "its scheme"),
        ("http://h", "its scheme"),
        ("stuns:h", "STUN over TLS"),
        ("stun:", "no host"),
        ("stun:h:port", "its port"),
        ("stun:h:0", "its port"),
        ("stun:h:65536", "its port"),
        ("stun:::1", "in brackets"),
        ("stun:[::1", "brackets"),
        ("stun:[h]", "brackets"),
        ("stun:h/x", "no host"),
        ("stun:h?transport=udp", "neither login nor transport"),
        (f"stun:ann:{SECRET}@h", "neither login nor transport"),
        ("turn:ann@h", "USER:PASSWORD"),
        (f"turn::{SECRET}@h", "USER:PASSWORD"),
        (f"turn:ann:{SECRET}@", "no host"),
        (f"turn:ann:{SECRET}@h?transport=tls", "transport=udp or transport=tcp"),
        (f"turn:ann:{SECRET}@h?x=1", "and nothing else"),
        (f"turns:ann:{SECRET}@h?transport=udp", "takes ?transport=tcp"),
        (f"turn:1700000000:ann:{SECRET}@h", "%3A"),
        (f"turn:ann:{SECRET}\n@h", "control characters"),
    ],
)
def test_what_is_none_is_wrong_usage_in_one_line_without_the_login(text: str, said: str) -> None:
    with pytest.raises(IceServerError) as caught:
        ice_server(text)
    message = str(caught.value)
    assert said in message
    assert "write stun:HOST" in message
    assert "\n" not in message
    assert SECRET not in message
    assert isinstance(caught.value, UsageError)
    assert isinstance(caught.value, NodeError)


@given(st.text())
def test_any_text_is_a_server_or_refused(text: str) -> None:
    for prefix in ("", "stun:", "turn:a:b@"):
        try:
            server = ice_server(prefix + text)
        except IceServerError as error:
            assert "\n" not in str(error)
        else:
            assert server.host
            assert 0 < server.port < 65_536
