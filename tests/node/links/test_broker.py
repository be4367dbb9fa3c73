"""The broker inside the node."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Certified, certify
from cryptography.hazmat.primitives import serialization
from raw_mqtt import connect

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


# -- certificates


def served(certified: Certified) -> contextlib.AbstractAsyncContextManager[int]:
    return broker.serve(LOOPBACK, 0, certificate=broker.Certificate(certified.chain, certified.key))


async def refused(certified: Certified) -> str:
    with pytest.raises(NodeError) as caught:
        async with served(certified):
            pytest.fail("that was no certificate")
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_with_a_certificate_it_speaks_tls_alone(tmp_path: Path) -> None:
    certified = certify(tmp_path)
    async with served(certified) as port:
        context = ssl.create_default_context(cafile=str(certified.ca))
        _, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context)
        assert writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
        writer.close()
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(connect())
        assert await reader.read(1) in (b"", b"\x15")  # nothing, or a TLS alert
        writer.close()


async def test_a_certificate_that_is_none_is_one_line(tmp_path: Path) -> None:
    certified = certify(tmp_path)
    assert "cannot read '/no/such.pem'" in await refused(replace(certified, chain=Path("/no/such.pem")))
    assert "cannot read '/no/such.pem'" in await refused(replace(certified, key=Path("/no/such.pem")))
    assert "not a certificate and its key" in await refused(replace(certified, key=certified.chain))
    (tmp_path / "other").mkdir()
    assert "not a certificate and its key" in await refused(replace(certified, key=certify(tmp_path / "other").key))


async def test_a_key_behind_a_passphrase_is_one_line(tmp_path: Path) -> None:
    certified = certify(tmp_path)
    key = serialization.load_pem_private_key(certified.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"hunter2")
    certified.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    assert "without a passphrase" in await refused(certified)
