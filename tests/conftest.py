"""What tests of the whole tree share: brokers on loopback, models that need no training, the recordings.

Nothing here needs a fixed port, nor the internet, but for one package of Debian's, once. What a machine may lack
(mosquitto, the data folder beside the checkout) is skipped with its reason.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import debian_opus
import pytest
from certificates import Certified
from fake_models import FakeModels
from hypothesis import HealthCheck, settings
from mosquitto import LOOPBACK, Configured, Mosquitto

from node.links.address import BrokerAddress
from node.speech import opus_libraries
from node.speech.opus_libraries import DecoderLibrary
from protocol.errors import NodeError

# Fuzzing measures no time: these tests share two cores with whatever else runs.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SHARED_SPEECH = Path(__file__).parents[2] / "shared" / "data" / "speech"
SHARED_LYRA = SHARED_SPEECH.parent / "lyra"


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


@pytest.fixture
def enhancing_libopus() -> DecoderLibrary:
    """Debian 13's libopus, which enhances wideband speech."""
    try:
        return opus_libraries.loaded(debian_opus.library())
    except NodeError as error:
        pytest.skip(f"needs Debian 13's libopus: {error}")


StartMosquitto = Callable[..., Mosquitto]


@pytest.fixture
def start_mosquitto(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[StartMosquitto]:
    """Starts a mosquitto: `start_mosquitto()`, or `start_mosquitto({"ann": "secret"})` for these users alone.

    With `certified` it speaks TLS, as `certificates.certify` made them in a folder that others can read.
    `configured(port, passwords)` gives another configuration than the tests' own.
    """
    binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        pytest.skip("needs mosquitto")
    started: list[Mosquitto] = []

    def start(
        users: Mapping[str, str] | None = None,
        certified: Certified | None = None,
        configured: Configured | None = None,
    ) -> Mosquitto:
        folder = tmp_path_factory.mktemp("mosquitto")
        for reachable in (folder, folder.parent, folder.parent.parent):
            reachable.chmod(0o755)  # for the user that mosquitto becomes
        server = Mosquitto(binary, folder, free_port(), users or {}, certified, configured)
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


@pytest.fixture(scope="session")
def lyra_folder() -> Path:
    """Lyra V2's model files, which the project does not carry."""
    if not SHARED_LYRA.is_dir():
        pytest.skip(f"needs Lyra's model files beside the checkout, in {SHARED_LYRA}")
    return SHARED_LYRA
