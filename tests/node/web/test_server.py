"""Ports that are taken, and TLS."""

from __future__ import annotations

import datetime
import socket
import ssl
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from node.links.broker import Certificate
from node.speech.profiles import LEAN
from node.web.page import Page
from node.web.page_address import PageAddress
from node.web.server import serve, tls_context
from protocol.errors import NodeError

LOOPBACK = "127.0.0.1"


@pytest.fixture
def taken() -> int:
    """A port that somebody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield int(server.getsockname()[1])


async def test_a_port_that_is_taken_is_named(taken: int) -> None:
    page = Page("call", PageAddress(LOOPBACK, taken), LEAN)
    with pytest.raises(NodeError, match=f"cannot be served at 127.0.0.1:{taken}: something else is there"):
        async with serve(page):
            pass


async def test_a_demo_takes_the_next_free_port_and_says_so(taken: int) -> None:
    notes: list[str] = []
    page = Page("demo", PageAddress(LOOPBACK, taken), LEAN, or_next=True, note=notes.append)
    async with serve(page) as link, aiohttp.ClientSession() as http, http.get(link + "healthz") as answer:
        assert answer.status == 200
        assert f":{taken}/" not in link
    assert notes == [f"port {taken} is taken: the page is at {link.rpartition(':')[2].strip('/')}"]


async def test_an_address_of_another_machine_is_refused() -> None:
    page = Page("call", PageAddress("192.0.2.1", 0), LEAN)
    with pytest.raises(NodeError, match="give another address by --page"):
        async with serve(page):
            pass


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    made = Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")
    made.chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    unencrypted = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    made.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, unencrypted))
    return made


async def test_with_a_certificate_the_page_is_encrypted(certificate: Certificate) -> None:
    notes: list[str] = []
    page = Page("call", PageAddress("0.0.0.0", 0), LEAN, certificate=certificate, note=notes.append)
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with serve(page) as link, aiohttp.ClientSession() as http:
        assert link.startswith("https://")
        async with http.get(link, ssl=trusting, allow_redirects=False) as answer:
            assert answer.status == 303
            assert "Secure" in answer.headers["Set-Cookie"]
    assert notes == []


@pytest.mark.parametrize("broken", ["chain", "key"])
@pytest.mark.parametrize("how", ["missing", "garbage"])
def test_files_that_cannot_be_used_are_named(certificate: Certificate, broken: str, how: str) -> None:
    path: Path = getattr(certificate, broken)
    path.unlink() if how == "missing" else path.write_text("garbage")
    with pytest.raises(NodeError, match=str(path)):
        tls_context(certificate)
