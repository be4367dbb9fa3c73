"""A mosquitto process of the tests' own."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Certified

from node.links.address import BrokerAddress

LOOPBACK = "127.0.0.1"
PATIENCE_S = 20.0
CONNECT = bytes.fromhex("100d00044d5154540402000500") + b"\x01x"  # MQTT 3.1.1, clean session, client "x"
CONNACK = b"\x20"
Configured = Callable[[int, Path], str]  # of the port and the file of passwords


class Mosquitto:
    """A mosquitto process that can be stopped and started again on the same port."""

    def __init__(
        self,
        binary: str,
        folder: Path,
        port: int,
        users: Mapping[str, str],
        certified: Certified | None = None,
        configured: Configured | None = None,
    ) -> None:
        self.address = BrokerAddress(LOOPBACK, port)
        self._binary, self._folder = binary, folder
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {port} {LOOPBACK}", "connection_messages false", "set_tcp_nodelay true"]
        if users:
            lines += ["allow_anonymous false", f"password_file {_password_file(folder, users)}"]
        else:
            lines += ["allow_anonymous true"]
        if certified is not None:
            self.address = replace(self.address, tls=True, ca_file=str(certified.ca))
            lines += [f"certfile {certified.chain}", f"keyfile {_readable(certified.key)}"]
        text = "\n".join(lines) + "\n" if configured is None else configured(port, folder / "passwords")
        self._config.write_text(text)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        command = [self._binary, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        said = []
        assert self._process.stderr is not None
        for line in self._process.stderr:
            said.append(line)
            if line.rstrip().endswith(" running"):
                _greet(self.address)
                return
        raise AssertionError(f"mosquitto ended: {''.join(said)}")

    def let_in(self, users: Mapping[str, str]) -> None:
        """Let these users in from the next start on."""
        _password_file(self._folder, users)

    def kill(self) -> None:
        """Returns when the process is gone, which had no time for anything."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> None:
        """Returns when the process is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
            self._process = None


def _greet(address: BrokerAddress) -> None:
    """Waits for its answer to an MQTT CONNECT: mosquitto forgets a SIGTERM that comes before its loop turns."""
    with (
        socket.create_connection((address.host, address.port), PATIENCE_S) as plain,
        _secured(plain, address) as client,
    ):
        client.sendall(CONNECT)
        assert client.recv(1) == CONNACK


def _secured(plain: socket.socket, address: BrokerAddress) -> socket.socket:
    if not address.tls:
        return plain
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the certificate may be what the test finds wrong
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    return anyone.wrap_socket(plain)


def _readable(path: Path) -> Path:
    path.chmod(0o644)  # mosquitto gives up root's rights before it reads the file
    return path


def _password_file(folder: Path, users: Mapping[str, str]) -> Path:
    passwd = shutil.which("mosquitto_passwd")
    if passwd is None:
        pytest.skip("needs mosquitto_passwd")
    path = folder / "passwords"
    path.touch(mode=0o600)
    for name, password in users.items():
        subprocess.run([passwd, "-b", str(path), name, password], check=True)
    return _readable(path)
