"""The certificate that a node makes for its page."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import ssl
import stat
from pathlib import Path

import pytest
from certificates import certify
from cryptography import x509

from node.links.broker import Certificate
from node.web.own_certificate import RENEWED_BEFORE, VALID_FOR, fingerprint_to_compare, own_certificate
from node.web.server import tls_context
from protocol.errors import NodeError

DAY = datetime.timedelta(days=1)
HOSTS = ["192.168.1.5", "fd00::5", "kitchen.home.arpa"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "pictophone"


def test_its_key_is_for_this_user_alone(folder: Path) -> None:
    made = own_certificate(HOSTS)
    assert made.chain == made.key == folder / "page.pem"
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert not list(folder.glob("*.part"))


def test_a_kept_one_serves_as_long_as_it_fits() -> None:
    first = own_certificate(HOSTS).chain.read_bytes()
    assert own_certificate(HOSTS).chain.read_bytes() == first
    assert own_certificate(HOSTS[:1]).chain.read_bytes() == first
    late = datetime.datetime.now(datetime.UTC) + VALID_FOR - RENEWED_BEFORE - 2 * DAY
    assert own_certificate(HOSTS, late).chain.read_bytes() == first


def test_it_is_made_anew_for_another_address_near_its_end_and_when_its_key_was_open() -> None:
    path = own_certificate(HOSTS).chain
    seen = [path.read_bytes()]

    def is_another() -> bool:
        seen.append(path.read_bytes())
        return seen[-1] != seen[-2]

    own_certificate(["192.168.1.6"])
    assert is_another()
    own_certificate(["192.168.1.6"], datetime.datetime.now(datetime.UTC) + VALID_FOR - RENEWED_BEFORE + DAY)
    assert is_another()
    path.chmod(0o640)
    own_certificate(["192.168.1.6"])
    assert is_another()
    for damaged in (b"", b"no certificate", path.read_bytes()[:200], path.read_bytes()[-500:]):
        path.write_bytes(damaged)
        own_certificate(["192.168.1.6"])
        assert is_another()


async def test_a_client_that_trusts_it_reaches_each_of_its_names() -> None:
    made = own_certificate(HOSTS)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls_context(made))
    trusting = ssl.create_default_context(cafile=str(made.chain))
    port = server.sockets[0].getsockname()[1]
    async with server:
        for name in (*HOSTS, "localhost", "127.0.0.1"):
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
            writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="192.168.1.9")


def test_the_fingerprint_is_the_one_that_browsers_show_and_only_of_what_they_warn_of(tmp_path: Path) -> None:
    made = own_certificate(HOSTS)
    der = ssl.PEM_cert_to_DER_cert("-----BEGIN CERT" + made.chain.read_text().partition("-----BEGIN CERT")[2])
    digest = hashlib.sha256(der).hexdigest().upper()
    assert fingerprint_to_compare(made) == ":".join(digest[at : at + 2] for at in range(0, 64, 2))
    vouched = certify(tmp_path)
    assert fingerprint_to_compare(Certificate(vouched.chain, vouched.key)) is None


def test_a_name_that_no_certificate_can_have_is_left_out() -> None:
    found = x509.load_pem_x509_certificate(own_certificate(["küche", "10.0.0.1"]).chain.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "küche" not in names.get_values_for_type(x509.DNSName)
    assert found.not_valid_after_utc - found.not_valid_before_utc <= datetime.timedelta(days=398)


def test_a_folder_that_cannot_be_written_is_named(folder: Path) -> None:
    folder.write_text("a file")
    with pytest.raises(NodeError, match="cannot write the page's certificate"):
        own_certificate(HOSTS)
