"""The configuration that docs/ gives for mosquitto, run by it as it stands but for paths, port and room."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Certified, certify
from happenings import Happenings
from mosquitto import Mosquitto

from node.links import mqtt_client
from node.links.address import BrokerAddress
from node.links.mqtt import Message, MqttLink
from protocol.errors import NodeError

DOCS = Path(__file__).parents[2] / "docs"
SECRET = "hunter2"
ROOM, OTHER = "abcdefgh", "zyxwvuts"


@pytest.fixture
def documented(start_mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> BrokerAddress:
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)  # for the user that mosquitto becomes
    certified = certify(tmp_path)
    certified.key.chmod(0o644)
    acl = tmp_path / "acl"
    acl.write_text((DOCS / "mosquitto.acl").read_text().replace("treehous", ROOM))

    def configured(port: int, passwords: Path) -> str:
        return _configuration(port, certified, passwords, acl)

    server = start_mosquitto({"us": SECRET}, certified, configured)
    return replace(server.address, username="us", password=SECRET)


def _configuration(port: int, certified: Certified, passwords: Path, acl: Path) -> str:
    paths = {"certfile": certified.chain, "keyfile": certified.key, "password_file": passwords, "acl_file": acl}
    text = (DOCS / "mosquitto.conf").read_text()
    for key, path in paths.items():
        text, count = re.subn(rf"^{key} .*$", f"{key} {path}", text, flags=re.MULTILINE)
        assert count == 1, key
    text = text.replace("listener 8883", f"listener {port} 127.0.0.1")
    return f"{text}log_type information\n"  # so that it says when it runs


class Client:
    def __init__(self, address: BrokerAddress) -> None:
        self.messages, self.downs, self.up = Happenings(), Happenings(), asyncio.Event()
        self.link = MqttLink(
            address,
            on_message=lambda topic, payload: self.messages.add((topic, payload)),
            on_up=self.up.set,
            on_down=self.downs.add,
        )


async def test_a_room_is_for_its_users_alone(documented: BrokerAddress) -> None:
    one, spy = Client(documented), Client(documented)
    await one.link.subscribe(f"{ROOM}/+/h")
    await one.link.subscribe(f"{OTHER}/+/h")
    await spy.link.subscribe("#")
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(client.link.run()) for client in (one, spy)]
        await one.up.wait()
        await spy.up.wait()
        for room in (OTHER, ROOM):
            one.link.publish(Message(f"{room}/ab/h", b"hello", retain=True))
            one.link.publish(Message(f"{room}/ab/x", b"no letter of ours"))
        one.link.publish(Message(f"{ROOM}/cd/s/ab", b"to cd"))
        one.link.publish(Message(f"{OTHER}/cd/s/ab", b"to cd"))
        one.link.publish(Message(f"{ROOM}/ab/s", b"last"))
        assert await one.messages.count(1) == [(f"{ROOM}/ab/h", b"hello")]
        assert await spy.messages.count(3) == [
            (f"{ROOM}/ab/h", b"hello"),
            (f"{ROOM}/cd/s/ab", b"to cd"),
            (f"{ROOM}/ab/s", b"last"),
        ]
        for task in running:
            task.cancel()


async def test_who_has_no_login_or_no_tls_is_refused(
    documented: BrokerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_client, "CONNECT_TIMEOUT_S", 1.0)  # what speaks TLS alone does not answer
    for address in (replace(documented, password="wrong"), replace(documented, username=None, password=None)):
        with pytest.raises(NodeError, match="refuses the login"):
            await Client(address).link.run()
    with pytest.raises(NodeError, match="cannot reach"):
        await Client(replace(documented, tls=False)).link.run()


async def test_a_message_that_is_too_large_ends_its_sender(documented: BrokerAddress) -> None:
    client = Client(documented)
    running = asyncio.create_task(client.link.run())
    await client.up.wait()
    client.link.publish(Message(f"{ROOM}/ab/s", b"x" * 20_000))
    await client.downs.count(1)
    running.cancel()
