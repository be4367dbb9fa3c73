"""What tests of the whole tree share: brokers on loopback, models that need no training, the recordings.

Nothing here needs the internet or a fixed port. What a machine may lack (mosquitto, the data folder beside the
checkout) is skipped with its reason.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from node.links.mqtt import BrokerAddress

if TYPE_CHECKING:
    from PIL import Image

LOOPBACK = "127.0.0.1"
SHARED_SPEECH = Path(__file__).parents[2] / "shared" / "data" / "speech"
PATIENCE_S = 20.0  # how long a test waits for what must happen; only a failing test ever waits that long


class Happenings:
    """A list that others add to and a test waits on: `await seen.until(lambda all: len(all) == 3)`."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._news = asyncio.Event()

    def add(self, item: Any) -> None:
        self.all.append(item)
        self._news.set()

    def __len__(self) -> int:
        return len(self.all)

    async def until(self, condition: Callable[[list[Any]], object]) -> list[Any]:
        """Waits until the condition holds for all that happened so far, and returns it."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.all):
                self._news.clear()
                await self._news.wait()
        return self.all

    async def count(self, number: int) -> list[Any]:
        """Waits until that many things happened."""
        return await self.until(lambda happened: len(happened) >= number)


@pytest.fixture
def happenings() -> type[Happenings]:
    return Happenings


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives a TCP port of loopback that nobody listens on."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture
async def embedded_broker() -> AsyncIterator[BrokerAddress]:
    """The node's own broker, open to everybody."""
    from node.links import broker

    async with broker.serve(LOOPBACK, 0) as port:
        yield BrokerAddress(LOOPBACK, port)


class Mosquitto:
    """A mosquitto process that can be stopped and started again on the same port."""

    def __init__(self, binary: str, folder: Path, port: int, users: Mapping[str, str]) -> None:
        self.address = BrokerAddress(LOOPBACK, port)
        self._binary = binary
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {port} {LOOPBACK}", "connection_messages false", "set_tcp_nodelay true"]
        if users:
            lines += ["allow_anonymous false", f"password_file {_password_file(folder, users)}"]
        else:
            lines += ["allow_anonymous true"]
        self._config.write_text("\n".join(lines) + "\n")
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

    def stop(self) -> None:
        """Returns when the process is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
            self._process = None


def _greet(address: BrokerAddress) -> None:
    """Waits for its answer to an MQTT CONNECT: mosquitto forgets a SIGTERM that comes before its loop turns."""
    with socket.create_connection((address.host, address.port), PATIENCE_S) as client:
        client.sendall(bytes.fromhex("100d00044d5154540402000500") + b"\x01x")
        assert client.recv(1) == b"\x20"


def _password_file(folder: Path, users: Mapping[str, str]) -> Path:
    passwd = shutil.which("mosquitto_passwd")
    if passwd is None:
        pytest.skip("needs mosquitto_passwd")
    path = folder / "passwords"
    path.touch(mode=0o600)
    for name, password in users.items():
        subprocess.run([passwd, "-b", str(path), name, password], check=True)
    path.chmod(0o644)  # mosquitto gives up root's rights before it reads the file
    return path


StartMosquitto = Callable[..., Mosquitto]


@pytest.fixture
def start_mosquitto(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[StartMosquitto]:
    """Starts a mosquitto: `start_mosquitto()`, or `start_mosquitto({"ann": "secret"})` for these users alone."""
    binary = shutil.which("mosquitto", path=None) or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        pytest.skip("needs mosquitto")
    started: list[Mosquitto] = []

    def start(users: Mapping[str, str] | None = None) -> Mosquitto:
        folder = tmp_path_factory.mktemp("mosquitto")
        for reachable in (folder, folder.parent, folder.parent.parent):
            reachable.chmod(0o755)  # for the user that mosquitto becomes
        server = Mosquitto(binary, folder, free_port(), users or {})
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def mosquitto(start_mosquitto: StartMosquitto) -> BrokerAddress:
    """A mosquitto open to everybody."""
    return start_mosquitto().address


class FakeModels:
    """Captions and paints at once: the words follow from the picture's bytes, the picture from words and seed."""

    WHO = ("a man", "a woman", "a cat", "a dog")
    WHERE = ("on a bench", "in a kitchen", "by the sea", "in a garden", "at a desk")

    def __init__(self) -> None:
        self.captioned: list[str] = []
        self.painted: list[tuple[str, int]] = []

    async def caption(self, image: Image.Image, client: str = "") -> str:
        number = zlib.crc32(image.tobytes())
        words = f"{self.WHO[number % len(self.WHO)]} {self.WHERE[number % len(self.WHERE)]} number {number % 1000}"
        self.captioned.append(words)
        return words

    async def paint(self, text: str, seed: int, client: str = "") -> Image.Image:
        from PIL import Image

        self.painted.append((text, seed))
        number = zlib.crc32(f"{seed} {text}".encode())
        return Image.new("RGB", (16, 16), (number & 255, number >> 8 & 255, number >> 16 & 255))


@pytest.fixture
def fake_models() -> FakeModels:
    return FakeModels()


@pytest.fixture(scope="session")
def shared_speech() -> list[Path]:
    """The recordings of people that lie beside the checkout."""
    clips = sorted(SHARED_SPEECH.glob("*.wav"))
    if not clips:
        pytest.skip(f"needs the recordings beside the checkout, in {SHARED_SPEECH}")
    return clips
