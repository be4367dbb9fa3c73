"""The command that serves a broker."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
from certificates import certify
from happenings import Happenings
from raw_mqtt import NOT_AUTHORISED, RawClient, connect

from node.commands import broker
from node.commands.broker import NOT_ENCRYPTED, PASSWORD_VISIBLE, BrokerOptions
from node.common import config
from protocol.errors import NodeError, UsageError

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def settings_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(config.ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def password_file(folder: Path) -> Path:
    path = folder / "password"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


class Serving:
    """The command at work, and the line that it prints."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, asked: BrokerOptions) -> None:
        self._asked, self.said = asked, Happenings()
        monkeypatch.setattr(broker, "say", self.said.add)
        monkeypatch.setattr(broker, "remark", self.said.add)

    async def __aenter__(self) -> str:
        self._running = asyncio.create_task(broker.run(config.load(), self._asked))
        waiting = asyncio.create_task(self.said.until(lambda lines: any("listens" in line for line in lines)))
        await asyncio.wait({self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            waiting.cancel()
            self._running.result()
        return next(line for line in self.said.all if "listens" in line)

    async def __aexit__(self, *_error: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        assert await self._running


def port_in(line: str) -> int:
    return int(line.partition(";")[0].rpartition(":")[2])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_it_says_where_it_listens_and_ends_on_a_signal(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Happenings()
    monkeypatch.setattr(broker, "say", said.add)
    running = asyncio.create_task(broker.run(config.load(), BrokerOptions("127.0.0.1", 0)))
    (line,) = await said.count(1)
    assert line.startswith("the broker listens on mqtt://127.0.0.1:")
    socket.create_connection(("127.0.0.1", port_in(line))).close()
    os.kill(os.getpid(), number)
    assert await running
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_in(line)))


async def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(NodeError, match="choose another --port"):
        await broker.run(config.load(), BrokerOptions("127.0.0.1", taken.getsockname()[1]))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "broker.example.org", "a.localhost"])
async def test_others_than_this_machine_need_a_password(host: str) -> None:
    with pytest.raises(UsageError, match=f"listens on {host} needs --username and --password-file"):
        await broker.run(config.load(), BrokerOptions(host, 0))


async def test_with_a_password_all_may_come(settings_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = Serving(monkeypatch, BrokerOptions("0.0.0.0", 0, "us", password_file=password_file(settings_folder)))
    async with at_work as line:
        await RawClient.enter(port_in(line), login=("us", SECRET))
        stranger = await RawClient.open(port_in(line))
        assert (await stranger.ask(connect()))[1][1] == NOT_AUTHORISED
    assert [SECRET in line or PASSWORD_VISIBLE in line for line in at_work.said.all] == [False, False]
    assert NOT_ENCRYPTED in at_work.said.all


async def test_a_password_among_the_arguments_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = Serving(monkeypatch, BrokerOptions("127.0.0.1", 0, "us", SECRET))
    async with at_work as line:
        await RawClient.enter(port_in(line), login=("us", SECRET))
    assert at_work.said.all[0] == PASSWORD_VISIBLE


async def test_the_environment_may_hold_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_BROKER_USERNAME", "us")
    monkeypatch.setenv("PICTOPHONE_BROKER_PASSWORD", SECRET)
    at_work = Serving(monkeypatch, BrokerOptions("127.0.0.1", 0))
    async with at_work as line:
        await RawClient.enter(port_in(line), login=("us", SECRET))
    assert len(at_work.said.all) == 1


async def test_the_login_of_the_settings_file_is_for_another_broker(
    settings_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings_folder / "pictophone.toml").write_text(f'broker_username = "us"\nbroker_password = "{SECRET}"\n')
    async with Serving(monkeypatch, BrokerOptions("127.0.0.1", 0)) as line:
        await RawClient.enter(port_in(line))


async def test_with_a_certificate_it_speaks_tls(settings_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = certify(settings_folder)
    asked = BrokerOptions("0.0.0.0", 0, "us", None, password_file(settings_folder), files.chain, files.key)
    at_work = Serving(monkeypatch, asked)
    async with at_work as line:
        assert line.startswith("the broker listens on mqtts://0.0.0.0:")
    assert len(at_work.said.all) == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (BrokerOptions("127.0.0.1", 0, "us"), "--username and --password"),
        (BrokerOptions("127.0.0.1", 0, None, SECRET), "--username and --password"),
        (BrokerOptions("127.0.0.1", 0, "us", SECRET, Path("file")), "not both"),
        (BrokerOptions("127.0.0.1", 0, certificate=Path("chain")), "--certificate and --key"),
        (BrokerOptions("127.0.0.1", 0, key=Path("key")), "--certificate and --key"),
    ],
)
async def test_what_does_not_go_together_is_one_line(asked: BrokerOptions, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        await broker.run(config.load(), asked)
    assert SECRET not in str(caught.value)


def test_the_password_does_not_show() -> None:
    assert SECRET not in repr(BrokerOptions("h", 0, "us", SECRET))
