"""What is here and what is missing, on a machine that the tests furnish."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from certificates import certify
from command import ROOM
from fake_ice import serving
from fake_models import FakeWorker

from node.call import build
from node.commands import doctor
from node.commands.doctor import Finding
from node.common import config
from node.common.config import Settings
from node.links import broker, ice_gathering
from node.links.address import BrokerAddress
from node.speech import soundcard
from node.speech.opus_libraries import DecoderLibrary
from node.speech.soundcard import SoundDevices
from node.vision import cameras
from node.vision.perception import files
from protocol.errors import NodeError
from protocol.room_link import RoomLink


@pytest.fixture(autouse=True)
def equipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has everything."""
    monkeypatch.setattr(build, "worker", lambda settings, role: FakeWorker())
    monkeypatch.setattr(files, "verified", lambda folder: {"model.tflite": folder / "model.tflite"})
    monkeypatch.setattr(soundcard, "devices", lambda: SoundDevices(("headset",), ("headset", "screen")))
    monkeypatch.setattr(cameras, "webcams", lambda: [SimpleNamespace(name="webcam:front")])


async def examine(settings: Settings, room: str | None = None) -> dict[str, Finding]:
    return {finding.subject: finding async for finding in doctor.examine(settings, room)}


def at(address: BrokerAddress) -> Settings:
    return config.load(broker=str(address))


async def test_all_is_well(embedded_broker: BrokerAddress, capsys: pytest.CaptureFixture[str]) -> None:
    assert await doctor.run(at(embedded_broker))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", subject]
        for subject in ("Python", "libopus", "broker", "microphone", "loudspeaker", "webcam", "perception", "models")
    ]
    assert lines[2].endswith(f" {embedded_broker} answers")
    assert lines[3].endswith(" headset")
    assert lines[4].endswith(" headset, screen")
    assert lines[5].endswith(" webcam:front")


async def test_libopus_says_its_version_and_place(embedded_broker: BrokerAddress) -> None:
    assert "libopus 1." in (await examine(at(embedded_broker)))["libopus"].text


async def test_devices_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, embedded_broker: BrokerAddress, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(soundcard, "devices", lambda: SoundDevices(note="no PortAudio here; install it"))
    monkeypatch.setattr(cameras, "webcams", list)
    assert await doctor.run(at(embedded_broker))
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == "-- microphone   no PortAudio here; install it"
    assert lines[4] == "-- loudspeaker  no PortAudio here; install it"
    assert lines[5].startswith("-- webcam       none found: plug one in")


async def test_a_machine_without_a_device_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, embedded_broker: BrokerAddress
) -> None:
    monkeypatch.setattr(soundcard, "devices", lambda: SoundDevices(outputs=("screen",)))
    found = await examine(at(embedded_broker))
    assert str(found["microphone"]) == (
        "-- microphone   none found: plug one in, use a sound file, or talk and listen on the page (--page)"
    )
    assert found["loudspeaker"].good


async def test_an_old_python_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert str(await anext(doctor.examine(config.load()))) == "NO Python       3.10.4 is too old: install 3.11 or newer"


async def test_models_that_cannot_be_loaded_fail(
    monkeypatch: pytest.MonkeyPatch, embedded_broker: BrokerAddress, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "worker", lambda settings, role: FakeWorker("no such model: name another"))
    assert not await doctor.run(at(embedded_broker))
    assert "NO models       no such model: name another" in capsys.readouterr().out


@pytest.mark.parametrize(("models", "mark"), [("embedded", "--"), ("people", "NO")])
async def test_perception_models_may_be_missing_where_they_were_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, embedded_broker: BrokerAddress, models: str, mark: str
) -> None:
    def missing(folder: Path) -> dict[str, Path]:
        raise NodeError("the models are not here: fetch them")

    monkeypatch.setattr(files, "verified", missing)
    found = await examine(config.load(broker=str(embedded_broker), models=models))
    assert str(found["perception"]) == f"{mark} perception   the models are not here: fetch them"


async def test_the_libopus_that_decodes_is_shown_where_it_is_another(
    embedded_broker: BrokerAddress, enhancing_libopus: DecoderLibrary
) -> None:
    settings = at(embedded_broker).model_copy(update={"libopus": enhancing_libopus.path})
    text = (await examine(settings))["libopus"].text
    assert (
        f"; decodes by {enhancing_libopus.version} ({enhancing_libopus.path}), which restores wideband speech" in text
    )
    settings = settings.model_copy(update={"libopus": "/gone"})
    assert "NO libopus      '/gone' is no libopus: No such file" in str((await examine(settings))["libopus"])


async def test_a_missing_libopus_fails(monkeypatch: pytest.MonkeyPatch, embedded_broker: BrokerAddress) -> None:
    def missing() -> str:
        raise NodeError("no libopus here; install it")

    monkeypatch.setattr("node.speech.libopus.version", missing)
    assert str((await examine(at(embedded_broker)))["libopus"]) == "NO libopus      no libopus here; install it"


async def test_a_broker_that_was_named_must_answer(free_port: Callable[[], int]) -> None:
    address = BrokerAddress("127.0.0.1", free_port())
    finding = (await examine(at(address)))["broker"]
    assert (finding.good, finding.needed) == (False, True)
    assert f"cannot reach the broker {address}" in finding.text


async def test_a_broker_that_was_not_named_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    monkeypatch.setattr(doctor.login, "broker_address", lambda settings, own: BrokerAddress("127.0.0.1", free_port()))
    finding = (await examine(config.load()))["broker"]
    assert (finding.good, finding.needed) == (False, False)
    assert str(finding).startswith("-- broker ")


async def test_a_broker_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "BROKER_TIMEOUT_S", 0.2)
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with silent:
        address = BrokerAddress("127.0.0.1", silent.sockets[0].getsockname()[1])
        finding = (await examine(at(address)))["broker"]
    assert not finding.good
    assert "does not answer within" in finding.text


async def test_a_room_is_checked_with_its_broker(embedded_broker: BrokerAddress, free_port: Callable[[], int]) -> None:
    found = await examine(config.load(), f"{ROOM}@{embedded_broker}")
    assert found["room"].good
    assert RoomLink.parse(ROOM).secret.room_id() in found["room"].text
    assert ROOM[11:16] not in found["room"].text
    assert found["broker"].text == f"{embedded_broker} answers"
    found = await examine(config.load(), f"{ROOM}@mqtt://127.0.0.1:{free_port()}")
    assert (found["broker"].good, found["broker"].needed) == (False, True)


async def test_a_room_that_is_none_fails(embedded_broker: BrokerAddress) -> None:
    found = await examine(at(embedded_broker), "treehouse")
    assert str(found["room"]).startswith("NO room         this is no saved room")
    assert found["broker"].good


async def test_a_certificate_is_looked_at(tmp_path: Path) -> None:
    files = certify(tmp_path)
    async with broker.serve("127.0.0.1", 0, certificate=broker.Certificate(files.chain, files.key)) as port:
        address = f"mqtts://127.0.0.1:{port}"
        finding = (await examine(config.load(broker=address, broker_ca_file=str(files.ca))))["broker"]
        assert finding.good
        assert finding.text.startswith(f"{address} answers by TLSv1.")
        assert finding.text.endswith("its certificate is good for 1 days: renew it")
        finding = (await examine(config.load(broker=address)))["broker"]
        assert not finding.good
        assert "does not show that it is who it says" in finding.text


def test_devices_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.device_lines() == [
        "microphones:", "  headset", "loudspeakers:", "  headset", "  screen", "webcams:", "  webcam:front",
    ]  # fmt: skip
    monkeypatch.setattr(soundcard, "devices", lambda: SoundDevices(note="no PortAudio here"))
    monkeypatch.setattr(cameras, "webcams", list)
    assert doctor.device_lines() == [
        "microphones:", "  none found", "loudspeakers:", "  none found", "webcams:", "  none found",
        "no PortAudio here",
    ]  # fmt: skip


async def test_a_broker_is_tried_with_the_room(
    start_mosquitto: Callable[..., Any], tmp_path: Path, embedded_broker: BrokerAddress
) -> None:
    """`answers` is no promise: a broker may let us in and hand on nothing."""
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite treehous/+/h\n")
    acl.chmod(0o644)
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)  # for the user that mosquitto becomes
    server = start_mosquitto(
        configured=lambda port, passwords: f"listener {port} 127.0.0.1\nallow_anonymous true\nacl_file {acl}\n"
    )
    found = await examine(config.load(), f"{ROOM}@{server.address}")
    assert found["broker"].good
    assert (found["access"].good, found["access"].needed) == (False, True)
    room = RoomLink.parse(ROOM).secret.room_id()
    assert f"topic readwrite {room}/+/h, topic readwrite {room}/+/s" in found["access"].text
    assert (await examine(config.load(), f"{ROOM}@{embedded_broker}"))["access"].good
    assert "access" not in await examine(at(embedded_broker))


async def test_ice_servers_are_asked(embedded_broker: BrokerAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ice_gathering, "GATHER_S", 1.0)
    async with serving() as there, serving(silent=True) as away:
        good, bad = f"stun:127.0.0.1:{there.port}", f"turn:ann:hunter2@127.0.0.1:{away.port}"
        settings = {"broker": str(embedded_broker), "media_address": "127.0.0.1"}
        found = await examine(config.load(ice_servers=[good], **settings))
        assert str(found["ICE"]) == f"ok ICE          {good} answers"
        found = await examine(config.load(ice_servers=[good, bad], **settings))
        assert (found["ICE"].good, found["ICE"].needed) == (False, False)
        assert f"{good} answers, turn:127.0.0.1:{away.port} does not answer: check" in found["ICE"].text
        assert "hunter2" not in found["ICE"].text
    found = await examine(config.load(ice_servers=["stuns:h"], **settings))
    assert "STUN over TLS" in found["ICE"].text
    assert "ICE" not in await examine(at(embedded_broker))
