"""The configurations that docs/ gives for brokers, run as they stand but for paths, ports, hosts and passwords."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from certificates import Certified, certify
from happenings import PATIENCE_S, Happenings

from brokers import bridges, nats
from brokers.process import LOOPBACK, BrokerProcess, Missing, program
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink

DOCS = Path(__file__).parents[2] / "docs"
SECRET = "hunter2"
ROOM, OTHER = "treehous", "zyxwvuts"


@pytest.fixture
def certified(tmp_path: Path) -> Certified:
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)  # for the user that mosquitto becomes
    files = certify(tmp_path)
    files.key.chmod(0o644)
    return files


def documented(name: str, changes: Mapping[str, str]) -> str:
    """The file of docs/ with each of these lines changed, all of which it must have."""
    text = (DOCS / name).read_text()
    for pattern, line in changes.items():
        text, count = re.subn(pattern, lambda _, line=line: line, text, flags=re.MULTILINE)  # type: ignore[misc]
        assert count, pattern
    return text


class Client:
    def __init__(self, address: BrokerAddress) -> None:
        self.messages, self.refused, self.up = Happenings(), Happenings(), asyncio.Event()
        self.link = MqttLink(
            address,
            on_message=lambda topic, payload: self.messages.add((topic, payload)),
            on_refused=self.refused.add,
            on_up=self.up.set,
            waits=True,  # a cluster may still be forming
        )


@contextlib.asynccontextmanager
async def at_work(*clients: Client) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(client.link.run()) for client in clients]
    try:
        async with asyncio.timeout(PATIENCE_S):
            for client, task in zip(clients, tasks, strict=True):
                up = asyncio.create_task(client.up.wait())
                await asyncio.wait({up, task}, return_when=asyncio.FIRST_COMPLETED)
                up.cancel()
                if task.done():
                    task.result()
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serves_a_room(here: BrokerAddress, there: BrokerAddress) -> None:
    """What is said and retained at one address is there at the other, for this room alone."""
    sender, receiver = Client(here), Client(there)
    await receiver.link.subscribe(f"{ROOM}/+/s")
    async with at_work(sender, receiver):
        await receiver.link.subscribe(f"{OTHER}/+/s")
        topic = f"{ROOM}/n/s"

        async def until_there(payload: bytes) -> None:  # a bridge may still be on its way
            while (topic, payload) not in receiver.messages.all:
                sender.link.publish(Message(topic, payload))
                await asyncio.sleep(0.1)

        async with asyncio.timeout(PATIENCE_S):
            await until_there(b"said")
        sender.link.publish(Message(f"{OTHER}/n/s", b"of others"))
        sender.link.publish(Message(f"{ROOM}/n/p", b"kept", retain=True))
        await until_there(b"last")
        assert not [topic for topic, _ in receiver.messages.all if topic.startswith(OTHER)]
        late = Client(there)
        await late.link.subscribe(f"{ROOM}/+/p")
        async with at_work(late):
            assert await late.messages.count(1) == [(f"{ROOM}/n/p", b"kept")]


# -- mosquitto


def _mosquitto(certified: Certified, place: bridges.Place, users: Mapping[str, str]) -> str:
    """docs/mosquitto.conf for these users, and by WebSocket; a bridge to the hub if there is one."""
    passwords, acl = place.folder / "passwords", place.folder / "acl"
    passwords.touch(0o600)
    for name, password in users.items():
        subprocess.run([program("mosquitto_passwd"), "-b", str(passwords), name, password], check=True)
    acl.write_text((DOCS / "mosquitto.acl").read_text() + "\nuser bridge\ntopic readwrite #\n")
    for file in (passwords, acl):
        file.chmod(0o644)
    files = {"certfile .*": f"certfile {certified.chain}", "keyfile .*": f"keyfile {certified.key}"}
    text = documented(
        "mosquitto.conf",
        {
            **files,
            "listener 8883": f"listener {place.mqtt} {LOOPBACK}",
            "password_file .*": f"password_file {passwords}",
            "acl_file .*": f"acl_file {acl}",
        },
    )
    text += documented("mosquitto-websocket.conf", {**files, "^listener 443": f"listener {place.websocket}"})
    if place.hub is not None:
        text += documented(
            "mosquitto-bridge.conf",
            {
                "connection hub": f"connection {place.name}",  # its client id has the host in it, which is one here
                "address .*": f"address {LOOPBACK}:{place.hub}",
                "bridge_cafile .*": f"bridge_cafile {certified.ca}",
                "remote_password .*": f"remote_password {SECRET}",
            },
        )
    return text


@pytest.fixture
def mosquittos(certified: Certified, tmp_path: Path) -> Iterator[Sequence[BrokerProcess]]:
    users = {"us": SECRET, "bridge": SECRET}
    like = BrokerAddress(LOOPBACK, tls=True, username="us", password=SECRET, ca_file=str(certified.ca))
    try:
        with bridges.bridged(tmp_path, 3, lambda place: _mosquitto(certified, place, users), like) as nodes:
            yield nodes
    except Missing as missing:
        pytest.skip(str(missing))


async def test_bridged_mosquittos_serve_a_room(mosquittos: Sequence[BrokerProcess]) -> None:
    await serves_a_room(mosquittos[1].address, mosquittos[2].address)


async def test_a_mosquitto_serves_by_websocket(mosquittos: Sequence[BrokerProcess]) -> None:
    assert mosquittos[0].websocket is not None
    assert mosquittos[0].websocket.scheme == "wss"
    await serves_a_room(mosquittos[0].websocket, mosquittos[0].address)


# -- NATS


@pytest.fixture
def nats_servers(certified: Certified, tmp_path: Path) -> Iterator[Sequence[BrokerProcess]]:
    def configured(place: nats.Place) -> str:
        routes = place.all_routes.replace("nats://", "nats://servers:CHANGE-THIS@")
        return documented(
            "nats.conf",
            {
                "server_name: n1": f"server_name: {place.name}",
                "127.0.0.1:4222": f"{LOOPBACK}:{place.clients}",
                "0.0.0.0:8883": f"{LOOPBACK}:{place.mqtt}",
                "0.0.0.0:443": f"{LOOPBACK}:{place.websocket}",
                "0.0.0.0:6222": f"{LOOPBACK}:{place.route}",
                "/etc/nats/chain.pem": str(certified.chain),
                "/etc/nats/key.pem": str(certified.key),
                "/var/lib/nats": f"{place.folder}/store",
                r"routes: \[[^\]]*\]": f"routes: [ {routes} ]",
                "CHANGE-THIS-TOO": SECRET,
            },
        )

    like = BrokerAddress(LOOPBACK, tls=True, username="us", password=SECRET, ca_file=str(certified.ca))
    try:
        with nats.cluster(tmp_path, 3, configured, like) as nodes:
            yield nodes
    except Missing as missing:
        pytest.skip(str(missing))


async def test_a_nats_cluster_serves_a_room(nats_servers: Sequence[BrokerProcess]) -> None:
    assert nats_servers[2].websocket is not None
    await serves_a_room(nats_servers[1].address, nats_servers[2].websocket)
