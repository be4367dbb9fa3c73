"""The endpoints of a node, built from the settings."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_models import FakeWorker
from PIL import Image

from node.call import build
from node.call.build import CALL, RECEIVE, SEND
from node.common import config
from node.links.address import BrokerAddress
from node.links.login import broker_address
from node.rooms import ResolvedRoom
from node.speech import opus_libraries
from node.speech.codec import SpeechDecoder
from node.speech.opus_libraries import BUNDLED, DecoderLibrary
from node.speech.pcm import Pcm
from node.vision.presets import PRESETS
from node.vision.scenes.world import Place, Who
from node.vision.types import PaintedPicture
from protocol.errors import NodeError, UsageError
from protocol.room_secret import RoomSecret
from protocol.signalling import Carries

ROOM = ResolvedRoom(RoomSecret(b"sixteen are many"))


def test_the_broker_and_its_login_come_from_the_settings() -> None:
    settings = config.load(
        broker="mqtts://ann@h", broker_username="bob", broker_password="secret", broker_ca_file="/ca.pem"
    )
    assert broker_address(settings) == BrokerAddress("h", 8883, True, "bob", "secret", "/ca.pem")


def test_a_floor_that_text_alone_does_not_need_is_one_line() -> None:
    for profile, role, lines in (("text", CALL, 1), ("text", RECEIVE, 0), ("lean", CALL, 0)):
        settings = config.load(speech="none", speaker="none", camera="scene", profile=profile, push_to_talk=True)
        _, notes = build.build_endpoints(settings, role, FakeWorker())  # type: ignore[arg-type]
        assert len([note for note in notes if note.startswith("text alone needs no floor")]) == lines


def test_the_place_is_checked_before_the_call() -> None:
    settings = config.load(broker="h", ice_servers=["stun:s"], media_address="10.0.0.7")
    place = build.build_rendezvous(settings, ROOM)
    assert (place.room, place.broker, place.ice_servers, place.address) == (
        ROOM.secret, BrokerAddress("h"), ("stun:s",), "10.0.0.7",
    )  # fmt: skip
    for url in ("http://s", "stuns:s", "turn:ann@s"):
        with pytest.raises(UsageError, match="not an ICE server"):
            build.build_rendezvous(config.load(ice_servers=["stun:s", url]), ROOM)
    with pytest.raises(UsageError, match="not a broker address"):
        build.build_rendezvous(config.load(broker="http://h"), ROOM)


def test_a_room_may_have_a_broker_of_its_own() -> None:
    room = ResolvedRoom(ROOM.secret, "mqtt://ann@own")
    assert build.build_rendezvous(config.load(), room).broker == BrokerAddress("own", username="ann")


@pytest.fixture
def models_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of a worker: the models that it would run."""

    def worker(**models: object) -> dict[str, object]:
        return {kind: model for kind, model in models.items() if model is not None}

    monkeypatch.setattr(build, "Worker", worker)


@pytest.mark.parametrize(
    ("role", "models"), [(SEND, ["captioner"]), (RECEIVE, ["generator"]), (CALL, ["captioner", "generator"])]
)
@pytest.mark.usefixtures("models_of_the_worker")
async def test_only_the_models_that_a_role_needs_are_loaded(
    role: build.Role, models: list[str], tmp_path: Path
) -> None:
    worker: Any = build.worker(config.load(captioner=str(tmp_path), generator=str(tmp_path)), role)
    assert list(worker) == models


@pytest.mark.usefixtures("models_of_the_worker")
async def test_a_preset_names_a_model_of_each_kind() -> None:
    worker: Any = build.worker(config.load(captioner="photo-cpu", generator="photo-gpu"), CALL)
    assert worker == {
        "captioner": PRESETS["photo-cpu"].captioner,
        "generator": PRESETS["photo-gpu"].generator,
    }


def test_who_is_before_the_camera_is_read_and_what_is_not_understood_is_told(
    quiet: dict[str, Any], fake_models: Any
) -> None:
    said = {"me": "a woman with long black hair and a monocle", "place": "kitchen"}
    parts, notes = build.build_endpoints(config.load(**quiet, **said), SEND, fake_models)
    assert parts.identity is not None
    assert (parts.identity.description.who, parts.identity.place) == (Who.WOMAN, Place.KITCHEN)
    assert [note for note in notes if "monocle" in note]


def test_a_place_that_is_none_is_told(quiet: dict[str, Any], fake_models: Any) -> None:
    with pytest.raises(UsageError, match="kitchen"):
        build.build_endpoints(config.load(**quiet, place="kitchn"), SEND, fake_models)


def test_an_unknown_preset_is_told() -> None:
    with pytest.raises(NodeError, match="no preset 'photo'"):
        build.worker(config.load(models="photo"), CALL)


def test_an_unknown_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no model folder"):
        build.worker(config.load(captioner=str(tmp_path / "none")), SEND)


@pytest.fixture
def quiet(tmp_path: Path) -> dict[str, Any]:
    """Settings that need no device."""
    picture = tmp_path / "seen.png"
    Image.new("RGB", (8, 8)).save(picture)
    return {"speech": "none", "speaker": "none", "camera": str(picture), "libopus": BUNDLED}


@pytest.mark.parametrize(
    ("role", "carries"),
    [
        (CALL, Carries.EVERYTHING | Carries.HIGH_BAND_IN | Carries.TEXT),
        (SEND, Carries.SPEECH_OUT | Carries.PICTURES_OUT | Carries.TEXT),
        (RECEIVE, Carries.SPEECH_IN | Carries.HIGH_BAND_IN | Carries.PICTURES_IN | Carries.TEXT),
    ],
)
async def test_a_role_has_its_ends(role: build.Role, carries: Carries, quiet: dict[str, Any], fake_models: Any) -> None:
    parts, notes = build.build_endpoints(config.load(**quiet), role, fake_models)
    assert parts.carries == carries
    assert notes == []
    if parts.camera is not None:
        await parts.camera.close()


def test_the_hello_says_that_the_chosen_libopus_enhances(
    quiet: dict[str, Any], fake_models: Any, enhancing_libopus: DecoderLibrary
) -> None:
    settings = config.load(**{**quiet, "libopus": enhancing_libopus.path})
    for role, says in ((RECEIVE, True), (SEND, False)):
        parts, _ = build.build_endpoints(settings, role, fake_models)
        assert (Carries.ENHANCED_IN in parts.carries) == says
    assert not np.array_equal(*(after_a_voice(ends.new_decoder()) for ends in (parts, replace(parts, library=None))))


def after_a_voice(decoder: SpeechDecoder) -> Pcm:
    return [decoder.decode(packet) for packet in opus_libraries.VOICE][-1]


def test_lyra_is_checked_before_the_call(tmp_path: Path, lyra_folder: Path) -> None:
    with pytest.raises(NodeError, match="Lyra V2's model files"):
        build.lyra_choice(config.load(lyra=tmp_path))
    assert build.lyra_choice(config.load()) is None
    choice = build.lyra_choice(config.load(lyra=lyra_folder, lyra_bitrate=6000))
    assert choice is not None
    assert (choice.folder, choice.bitrate) == (lyra_folder, 6000)


def test_no_sound_card_is_said_and_no_error(
    monkeypatch: pytest.MonkeyPatch, quiet: dict[str, Any], fake_models: Any
) -> None:
    def none() -> None:
        raise NodeError("no PortAudio here")

    monkeypatch.setattr("node.speech.soundcard.library", none)
    quiet |= {"speech": None, "speaker": None}
    _, notes = build.build_endpoints(config.load(**quiet), CALL, fake_models)
    assert notes == ["nothing will be said: no PortAudio here", "nothing will be heard: no PortAudio here"]
    for asked in ({"speech": "mic"}, {"speaker": "default"}):
        with pytest.raises(NodeError, match="no PortAudio"):
            build.build_endpoints(config.load(**{**quiet, **asked}), CALL, fake_models)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"speech": "/no/such.wav"}, NodeError),
        ({"camera": "/no/such"}, NodeError),
        ({"speaker": "heard.mp3"}, NodeError),
        ({"speaker": "/dev/null/heard.wav"}, NodeError),
        ({"profile": "none such"}, UsageError),
        ({"libopus": "/no/such/libopus.so.0"}, NodeError),
    ],
)
def test_an_end_that_cannot_be_had_is_one_line(
    changed: dict[str, str], error: type[Exception], quiet: dict[str, Any], fake_models: Any
) -> None:
    with pytest.raises(error) as caught:
        build.build_endpoints(config.load(**{**quiet, **changed}), CALL, fake_models)
    assert "\n" not in str(caught.value)


def test_a_sound_file_is_said(tmp_path: Path, quiet: dict[str, Any], fake_models: Any) -> None:
    path = tmp_path / "words.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(32_000))
    parts, notes = build.build_endpoints(config.load(**{**quiet, "speech": str(path)}), SEND, fake_models)
    assert parts.source is not None
    assert notes == []


async def test_the_gallery_keeps_what_was_painted_and_says_so(tmp_path: Path) -> None:
    notes: list[str] = []
    painted = PaintedPicture(peer="bbbb", sequence=3, caption="a cat", seed=7, image=Image.new("RGB", (8, 8)))
    await build.gallery(build.keeper(tmp_path / "kept", notes.append))(painted)
    (kept,) = (tmp_path / "kept").iterdir()
    assert notes == [f"painted {kept.name}: a cat"]
    await build.gallery(build.keeper(None, notes.append))(painted)
    assert len(notes) == 1


def test_a_gallery_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NodeError, match="--pictures"):
        build.keeper(tmp_path / "file", print)


async def test_what_is_seen_now_is_kept_in_the_folder(tmp_path: Path) -> None:
    assert build.screen(None) is None
    show = build.screen(build.keeper(tmp_path, print))
    assert show is not None
    await show("bob", Image.new("RGB", (2, 2)))
    assert (tmp_path / "now-bob.png").is_file()


@pytest.mark.parametrize(
    ("role", "tries", "loaded"),
    [
        (SEND, 1, {"captioner"}),
        (SEND, 4, {"captioner", "generator"}),
        (RECEIVE, 4, {"generator"}),
        (CALL, 1, {"captioner", "generator"}),
    ],
)
@pytest.mark.usefixtures("models_of_the_worker")
def test_whoever_tries_seeds_needs_a_generator(tmp_path: Path, role: build.Role, tries: int, loaded: set[str]) -> None:
    settings = config.load(captioner=str(tmp_path), generator=str(tmp_path), tries=tries)
    worker: Any = build.worker(settings, role)
    assert set(worker) == loaded


async def test_the_worker_says_when_it_is_ready() -> None:
    said = asyncio.Event()
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        said.set()

    worker: Any = FakeWorker()
    async with build.running_models(worker, note) as models:
        assert models is worker
        assert worker.open
        await said.wait()
    assert notes == ["the picture models are ready"]
    assert not worker.open


async def test_models_that_cannot_be_loaded_end_the_call() -> None:
    worker: Any = FakeWorker("no such model")
    with pytest.raises(NodeError, match="no such model"):
        async with build.running_models(worker, print):
            await asyncio.Event().wait()
    assert not worker.open


async def test_a_call_that_is_over_before_the_models_are_ready_does_not_wait_for_them() -> None:
    class Slow(FakeWorker):
        async def ready(self) -> None:
            await asyncio.Event().wait()

    worker: Any = Slow()
    async with build.running_models(worker, print):
        """Over at once."""
    assert not worker.open


class _Stdin:
    def __init__(self, descriptor: int | Exception) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        if isinstance(self._descriptor, Exception):
            raise self._descriptor
        return self._descriptor


@pytest.mark.parametrize("wait", [True, False])
def test_whether_a_call_waits_is_what_the_settings_say(wait: bool) -> None:
    assert build.waits(config.load(wait=wait)) is wait


def test_the_environment_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_WAIT", "true")
    assert build.waits(config.load()) is True


def test_a_call_waits_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    try:
        for stdin, waits in (
            (_Stdin(theirs), False),
            (None, True),
            (_Stdin(ValueError("closed")), True),
            (_Stdin(io.UnsupportedOperation("no descriptor")), False),
        ):
            monkeypatch.setattr(sys, "stdin", stdin)
            assert build.waits(config.load()) is waits
        with Path(os.devnull).open() as nothing:
            monkeypatch.setattr(sys, "stdin", nothing)
            assert build.waits(config.load()) is True
    finally:
        os.close(ours)
        os.close(theirs)
