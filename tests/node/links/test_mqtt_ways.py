"""Ways to a broker: by WebSocket, through a proxy, in MQTT 5, at several addresses, and all that may be on the way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import raw_mqtt
from certificates import certify
from happenings import PATIENCE_S, Happenings, until
from scripted_broker import CLOSES, GOOD, SILENT, Behaviour, refuses, scripted
from scripted_http import answering

from brokers import bridges
from brokers.process import Missing
from node.links import mqtt, mqtt_client
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from node.links.server_url import Server
from node.links.wire_meter import WireMeter
from protocol.errors import NodeError

LOOPBACK = "127.0.0.1"
SECRET = "hunter2"


class Client:
    """A link at work, with all that it reports."""

    def __init__(self, address: BrokerAddress, **more: object) -> None:
        self.messages, self.states, self.notes = Happenings(), Happenings(), Happenings()
        self.link = MqttLink(
            address,
            on_message=lambda topic, payload: self.messages.add((topic, payload)),
            on_up=lambda: self.states.add("up"),
            on_down=lambda reason: self.states.add("down"),
            note=self.notes.add,
            **more,  # type: ignore[arg-type]
        )

    async def ups(self, number: int) -> None:
        await self.states.until(lambda states: states.count("up") >= number)

    async def carries(self, payload: bytes) -> None:
        """Passes when a message went there and back."""
        self.link.publish(Message("t", payload))
        await self.messages.until(lambda messages: ("t", payload) in messages)


@contextlib.asynccontextmanager
async def at_work(client: Client) -> AsyncIterator[Client]:
    await client.link.subscribe("t")
    task = asyncio.create_task(client.link.run())
    waiting = asyncio.create_task(client.ups(1))
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield client
    finally:
        for work in (task, waiting):
            work.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)


async def refusal(address: BrokerAddress, **more: object) -> str:
    with pytest.raises(NodeError) as caught:
        async with asyncio.timeout(PATIENCE_S):
            await Client(address, **more).link.run()
    text = str(caught.value)
    assert text.isprintable()
    assert SECRET not in text
    return text


@pytest.fixture
def by_websocket(tmp_path: Path) -> Iterator[BrokerAddress]:
    yield from _mosquitto(tmp_path, bridges.plain)


def _mosquitto(folder: Path, configured: Callable[[bridges.Place], str], **fields: object) -> Iterator[BrokerAddress]:
    """A mosquitto's address by WebSocket."""
    for reachable in (folder, folder.parent, folder.parent.parent):
        reachable.chmod(0o755)  # for the user that mosquitto becomes
    try:
        with bridges.bridged(folder, 1, configured) as (server,):
            assert server.websocket is not None
            yield replace(server.websocket, **fields)  # type: ignore[arg-type]
    except Missing as missing:
        pytest.skip(str(missing))


# -- by WebSocket


@pytest.mark.parametrize("size", [1, 130, 5_000, 70_000])
async def test_messages_go_by_websocket(by_websocket: BrokerAddress, size: int) -> None:
    async with at_work(Client(by_websocket)) as client:
        await client.carries(bytes(size))
        assert client.link.tls_state() is None


async def test_the_meter_sees_through_a_websocket(by_websocket: BrokerAddress) -> None:
    meter = WireMeter()
    async with at_work(Client(by_websocket, meter=meter)) as client:
        before = meter.total("sent")
        assert before > 0
        await client.carries(bytes(1_000))
        assert meter.total("sent") - before >= 1_000 + 8 + 52
        message = Message("t", bytes(200))
        plain = MqttLink(replace(by_websocket, path=None), on_message=print).message_cost(message)
        assert client.link.message_cost(message) - plain == 8


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[BrokerAddress]:
    files = certify(tmp_path)
    files.key.chmod(0o644)
    lines = f"protocol websockets\ncertfile {files.chain}\nkeyfile {files.key}"
    yield from _mosquitto(
        tmp_path,
        lambda place: bridges.plain(place).replace("protocol websockets", lines),
        tls=True,
        ca_file=str(files.ca),
    )


async def test_a_certificate_is_checked_beneath_a_websocket(secured: BrokerAddress) -> None:
    async with at_work(Client(secured)) as client:
        await client.carries(b"sealed on the way")
        await client.carries(bytes(70_000))
        state = client.link.tls_state()
        assert state is not None
        assert state.version.startswith("TLSv1.")
    assert "who it says: unable to get local issuer" in await refusal(replace(secured, ca_file=None), waits=True)
    assert "write ws:// or wss://" in await refusal(replace(secured, path=None))


@pytest.mark.parametrize("status", ["404 Not Found", "200 OK", "302 Found", "401 Unauthorized"])
async def test_a_path_without_a_websocket_ends_even_who_waits(status: str) -> None:
    async with answering(f"HTTP/1.1 {status}\r\nLocation: /login\r\n\r\n".encode(), closes=False) as web:
        assert f"(HTTP {status}" in await refusal(BrokerAddress(LOOPBACK, web.port, path="/x"), waits=True)


async def test_a_web_server_without_its_broker_is_waited_for() -> None:
    async with answering(b"HTTP/1.1 502 Bad Gateway\r\n\r\n") as web:
        client = Client(BrokerAddress(LOOPBACK, web.port, path="/x"), waits=True)
        running = asyncio.create_task(client.link.run())
        (note,) = await client.notes.count(1)
        assert "no broker behind its web server now (HTTP 502 Bad Gateway)" in note
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_headers_are_sent_and_never_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with answering(b"HTTP/1.1 403 Forbidden\r\n\r\n") as web:
        address = BrokerAddress(LOOPBACK, web.port, path="/x", headers=(("Authorization", f"Bearer {SECRET}"),))
        await refusal(address)
    assert f"\r\nAuthorization: Bearer {SECRET}\r\n" in web.requests[0]
    assert SECRET not in caplog.text


# -- brokers that are none


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n" + bytes(100), "write ws:// or wss://"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "write ws:// or wss://"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "write mqtts://"),
        (b'INFO {"server_id":"N","version":"2.9.10"} \r\n' + bytes(100), "protocol of NATS"),
    ],
)
async def test_another_protocol_is_named(answer: bytes, said: str) -> None:
    async with scripted(Behaviour(answer, closes=True)) as server:
        assert said in await refusal(server.address)


async def test_a_packet_of_a_size_that_is_none_ends_the_connection() -> None:
    async with scripted(Behaviour(b"\x20\xff\xff\xff\x7f" + bytes(100))) as server:
        assert "it announces a packet of 268,435,455 bytes, which is none of ours" in await refusal(server.address)


async def test_an_end_does_not_wait_for_a_connection_that_is_being_made() -> None:
    """Its thread is none that the loop, or the interpreter, waits for at its end."""
    async with scripted(SILENT) as server:
        running = asyncio.create_task(Client(replace(server.address, tls=True)).link.run())
        await until(lambda: any(thread.name == "file" for thread in threading.enumerate()))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert all(thread.daemon for thread in threading.enumerate() if thread.name == "file")


async def test_tls_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_client, "CONNECT_TIMEOUT_S", 0.2)
    async with scripted(SILENT) as server:
        assert "timed out" in await refusal(replace(server.address, tls=True))
        assert "timed out" in await refusal(replace(server.address, path="/mqtt"))


# -- through a proxy


@pytest.fixture
def tinyproxy(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Callable[[str], int]]:
    """Starts a tinyproxy with these lines of configuration; gives its port."""
    if (binary := shutil.which("tinyproxy")) is None:
        pytest.skip("needs tinyproxy")
    started: list[subprocess.Popen[bytes]] = []

    def start(lines: str) -> int:
        port, file = free_port(), tmp_path / f"tinyproxy{len(started)}.conf"
        file.write_text(f"Port {port}\nListen {LOOPBACK}\nTimeout 60\nLogLevel Error\n{lines}\n")
        started.append(subprocess.Popen([binary, "-d", "-c", str(file)], stdout=-3, stderr=-3))
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(LOOPBACK, port)
                writer.close()
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("way", ["tcp", "websocket"])
async def test_a_real_proxy_lets_us_through(
    request: pytest.FixtureRequest, tinyproxy: Callable[[str], int], way: str
) -> None:
    address = request.getfixturevalue("mosquitto" if way == "tcp" else "by_websocket")
    port = tinyproxy(f"BasicAuth ann {SECRET}")
    await _listening(port)
    async with at_work(Client(replace(address, proxy=Server(LOOPBACK, port, "ann", SECRET)))) as client:
        await client.carries(b"through it")
    assert "wants a login (HTTP 407" in await refusal(replace(address, proxy=Server(LOOPBACK, port)))


async def test_a_real_proxy_that_lets_pass_one_port(mosquitto: BrokerAddress, tinyproxy: Callable[[str], int]) -> None:
    port = tinyproxy("ConnectPort 443")
    await _listening(port)
    text = await refusal(replace(mosquitto, proxy=Server(LOOPBACK, port)), waits=True)
    assert f"does not let us through to 127.0.0.1:{mosquitto.port} (HTTP 403" in text
    assert "port 443" in text


async def test_a_proxy_that_is_not_there(free_port: Callable[[], int]) -> None:
    port = free_port()
    text = await refusal(BrokerAddress("broker.example.org", proxy=Server(LOOPBACK, port)))
    assert f"the proxy http://127.0.0.1:{port} is not reached: Connection refused; check broker_proxy" in text


# -- MQTT 5


async def test_mqtt_5_is_spoken_if_it_is_set(mosquitto: BrokerAddress) -> None:
    async with at_work(Client(replace(mosquitto, version="5"))) as client:
        assert client.link.speaks_5
        for pattern in ("a/+", "b"):
            await client.link.subscribe(pattern)
        await client.carries(b"five")
        await client.link.unsubscribe("b")
        client.link.publish(Message("b", b"no more"))
        client.link.publish(Message("a/c", b"x"))
        await client.messages.until(lambda messages: messages[-1] == ("a/c", b"x"))
        client.link.probe()
        await client.carries(b"still here")


async def test_mqtt_5_comes_where_3_1_1_is_refused() -> None:
    async with scripted(refuses(1), Behaviour(raw_mqtt.packet(0x20, b"\0\0\0"))) as server:
        client = Client(server.address)
        task = asyncio.create_task(client.link.run())
        await client.ups(1)
        assert client.link.speaks_5
        assert client.notes.all == []
        server.send(raw_mqtt.packet(0xE0, b"\x8b\0"))
        await client.states.until(lambda states: "down" in states)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0x84, "does not speak MQTT"),
        (0x86, "refuses the login"),
        (0x87, "does not let this login in"),
        (0x9A, "retain"),
    ],
)
async def test_refusals_of_mqtt_5_are_one_line(code: int, said: str) -> None:
    async with scripted(Behaviour(raw_mqtt.packet(0x20, bytes([0, code, 0])))) as server:
        assert said in await refusal(replace(server.address, version="5"))


async def test_mosquitto_refuses_a_wrong_login_in_mqtt_5(start_mosquitto: Callable[..., object]) -> None:
    address = start_mosquitto({"ann": SECRET}).address
    assert "login" in await refusal(replace(address, username="ann", password=f"{SECRET}!", version="5"))


# -- several addresses


def several(*addresses: BrokerAddress) -> BrokerAddress:
    return replace(addresses[0], others=addresses[1:])


async def test_one_that_serves_is_found_at_the_start(mosquitto: BrokerAddress, free_port: Callable[[], int]) -> None:
    closed = BrokerAddress(LOOPBACK, free_port())
    async with scripted(Behaviour(b"", closes=True)) as liar, scripted(refuses(5)) as closed_shop:
        every = several(closed, liar.address, closed_shop.address, mosquitto)
        async with at_work(Client(every)) as client:
            await client.carries(b"found")
            assert client.link.address == mosquitto
            (note,) = client.notes.all
            assert note.startswith(f"the broker answers at {mosquitto}, not at {closed} ")


async def test_none_that_serves_is_one_line(free_port: Callable[[], int]) -> None:
    closed = BrokerAddress(LOOPBACK, free_port())
    async with scripted(refuses(5)) as server:
        text = await refusal(several(closed, server.address))
    assert text.startswith(f"the broker {server.address} refuses the login")
    assert f"; nor does it serve at {closed} (" in text


async def test_a_silent_one_is_left_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_client, "CONNACK_TIMEOUT_WITH_OTHERS_S", 1.0)
    async with (
        scripted(SILENT) as silent,
        scripted(GOOD) as good,
        at_work(Client(several(silent.address, good.address))) as client,
    ):
        assert client.link.address == good.address


async def test_one_that_dies_is_left_at_once_with_all_subscriptions(start_mosquitto: Callable[..., object]) -> None:
    first, second = start_mosquitto(), start_mosquitto()
    async with at_work(Client(several(first.address, second.address))) as client:
        client.link.pause_s = lambda attempts: 2 * PATIENCE_S  # type: ignore[method-assign]
        await client.link.subscribe("more")
        first.kill()
        await client.ups(2)
        await client.carries(b"at the other")
        client.link.publish(Message("more", b"too"))
        await client.messages.until(lambda messages: ("more", b"too") in messages)
        assert client.notes.all[-1].startswith(f"the broker answers at {second.address}")


async def test_one_that_hangs_is_left_when_it_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "PROBE_TIMEOUT_S", 0.05)
    async with (
        scripted(Behaviour(answers_probes=False)) as hanging,
        scripted(GOOD) as good,
        at_work(Client(several(hanging.address, good.address))) as client,
    ):
        client.link.probe()
        await client.ups(2)
        assert client.link.address == good.address


async def test_all_numbers_of_a_name_are_tried(mosquitto: BrokerAddress) -> None:
    async def both(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.3", LOOPBACK]

    async with at_work(Client(replace(mosquitto, host="both.example.org"), resolve=both)) as client:
        await client.carries(b"at the second")
        assert client.notes.all == []


async def test_brokers_that_let_in_and_close_are_not_asked_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[int] = []
    monkeypatch.setattr(MqttLink, "pause_s", lambda link, attempts: pauses.append(attempts) or 0.0)
    async with scripted(CLOSES, CLOSES, GOOD) as first, scripted(CLOSES) as second:
        client = Client(several(first.address, second.address))
        async with at_work(client):
            assert client.link.address == first.address
    assert pauses == [1, 2]
