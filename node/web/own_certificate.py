"""A certificate that the node makes for its page, signed by nobody else: browsers warn of it, and encrypt with it.

It is kept, with its key, in one file of the user's data folder, so that a browser that was let through once does not
ask again. Browsers show the fingerprint behind their warning; who compares it with the one that the node printed knows
that nobody is in between.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from node.common.files import replaced, unwritable, user_folder
from node.links.broker import Certificate

if TYPE_CHECKING:
    from cryptography import x509

# What `--page-certificate` is given to have one made.
AUTO = Path("auto")

FILE = "page.pem"

# Browsers refuse certificates of more than 398 days, at least those of authorities.
VALID_FOR = datetime.timedelta(days=397)
# Of that, what is left when it is replaced: a call should not see the end.
RENEWED_BEFORE = datetime.timedelta(days=30)
# A phone's clock may be behind by so much.
SINCE = datetime.timedelta(days=1)

ALWAYS = ("localhost", "127.0.0.1", "::1")


def own_certificate(hosts: Iterable[str], now: datetime.datetime | None = None) -> Certificate:
    """Return the certificate for these hosts, this machine's name and loopback; it is made if need be.

    That is when there is none, when it lacks a host or nears its end, or when others could read its key. Raises
    NodeError if it cannot be kept.
    """
    path = user_folder("XDG_DATA_HOME", ".local/share", "the page's certificate") / FILE
    now = now or datetime.datetime.now(datetime.UTC)
    names = _general_names([*hosts, socket.gethostname(), *ALWAYS])
    try:
        if not _serves(path, names, now):
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path, mode=0o600) as beside:
                beside.write_bytes(_made(names, now))
    except OSError as error:
        raise unwritable(path, error, "page's certificate") from None
    return Certificate(path, path)


def fingerprint_to_compare(certificate: Certificate) -> str | None:
    """Return the SHA-256 fingerprint, as browsers show it, of a certificate that none but itself vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    found = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
    return found.fingerprint(hashes.SHA256()).hex(":").upper() if found.issuer == found.subject else None


def _serves(path: Path, names: list[x509.GeneralName], now: datetime.datetime) -> bool:
    """Return whether the file has a certificate for the names that holds for a while, and a key that is secret."""
    from cryptography import x509

    with contextlib.suppress(FileNotFoundError, ValueError, ssl.SSLError, x509.ExtensionNotFound):
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return False
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, password="")
        found = x509.load_pem_x509_certificate(path.read_bytes())
        known = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        holds = found.not_valid_before_utc <= now < found.not_valid_after_utc - RENEWED_BEFORE
        return holds and all(name in known for name in names)
    return False


def _made(names: list[x509.GeneralName], now: datetime.datetime) -> bytes:
    """Return a new key and a certificate of it, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pictophone's page, made by its node")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SINCE)
        .not_valid_after(now - SINCE + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)


def _general_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Return the hosts as a certificate has them, each once; a machine's name that none can have is left out."""
    from cryptography import x509

    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(host.lower() for host in hosts if host):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            with contextlib.suppress(ValueError):
                names.append(x509.DNSName(host))
    return names
