"""The broker inside the node."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from node.links import broker
from protocol.errors import NodeError

LOOPBACK = "127.0.0.1"


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except ConnectionRefusedError:
        return False
    writer.write(bytes.fromhex("e000"))  # DISCONNECT: the broker hangs up
    writer.close()
    await writer.wait_closed()
    return True


async def test_it_listens_for_the_length_of_the_context(free_port: Callable[[], int]) -> None:
    port = free_port()
    async with broker.serve(LOOPBACK, port) as listening:
        assert listening == port
        assert await _answers(port)
    assert not await _answers(port)


async def test_the_system_chooses_the_port_if_it_is_zero() -> None:
    async with broker.serve(LOOPBACK, 0) as one, broker.serve(LOOPBACK, 0) as other:
        assert 0 < one != other > 0


async def test_it_listens_on_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("needs an IPv6 loopback")
    async with broker.serve("::1", 0) as port:
        _, writer = await asyncio.open_connection("::1", port)
        writer.close()


async def test_a_taken_port_is_one_line() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NodeError) as caught:
            async with broker.serve(LOOPBACK, port):
                pytest.fail("the port was taken")
    assert str(caught.value) == f"cannot listen on {LOOPBACK}:{port}: address already in use; choose another --port"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1"])
async def test_an_address_that_is_not_ours_is_one_line(host: str) -> None:
    with pytest.raises(NodeError) as caught:
        async with broker.serve(host, 0):
            pytest.fail("nobody listens there")
    assert f"cannot listen on {host}:0: " in str(caught.value)
    assert "\n" not in str(caught.value)
