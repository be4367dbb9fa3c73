"""A mosquitto in the broker's namespace that is reached by WebSocket and TLS on port 443, as behind a firewall."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from wirebench.network import ADDRESSES, Network
from wirebench.server import serving

CERTIFICATE, KEY = "broker.pem", "broker-key.pem"


@contextlib.contextmanager
def serving_websockets(made: Network, folder: Path) -> Iterator[None]:
    """Run it for the length of the context. Exits in one line where mosquitto or openssl is missing."""
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None or shutil.which("openssl") is None:
        sys.exit("measure_wire: --wss needs mosquitto and openssl")
    folder.chmod(0o755)  # for the user that mosquitto becomes
    _certify(folder)
    configuration = folder / "mosquitto.conf"
    lines = [
        "listener 1883 127.0.0.1",  # for nobody: mosquitto 2.0.11 does not start with WebSockets alone
        "listener 443",
        "socket_domain ipv4",  # the network has no IPv6
        "protocol websockets",
        f"certfile {folder / CERTIFICATE}",
        f"keyfile {folder / KEY}",
        "allow_anonymous true",
        "set_tcp_nodelay true",
        "connection_messages false",
        "user root",  # WebSockets begin to listen after the rights for low ports are given up
    ]
    configuration.write_text("\n".join([*lines, ""]))
    with serving(made, "mosquitto", [mosquitto, "-c", str(configuration)], 443):
        yield


def _certify(folder: Path) -> None:
    """Make a certificate that vouches for itself."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(folder / KEY))
    names = ("-subj", "/CN=wire", "-addext", f"subjectAltName=IP:{ADDRESSES['c']}")
    command = ("openssl", "req", "-x509", *key, *names, "-days", "2", "-out", str(folder / CERTIFICATE))
    subprocess.run(command, check=True, capture_output=True)
    (folder / KEY).chmod(0o644)
