"""A call that was recorded, played again: against what was heard live, and into a room for another process."""

from __future__ import annotations

import asyncio
import json
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_models import FakeModels
from files import written
from PIL import Image
from replayed import alike, heard_again, is_loud
from sessions import came, picture, spoken

from live_call import KeepingSink, clip_after, parts, place, running, secret
from node.call.node import Node
from node.captions.coder import shipped_codecs
from node.links.address import BrokerAddress
from node.recording.reader import SessionReader
from node.recording.recorder import Recorder
from node.replay.pictures import PictureReader
from node.speech import sound_files
from node.speech.dialogue import shipped
from node.speech.pcm import FRAME_SAMPLES
from node.vision.types import PaintedPicture
from protocol.log import Frame, Header, Speech
from protocol.room_link import RoomLink

pytestmark = pytest.mark.real_time

TALK_S = 6.0
ALIKE = 0.97  # of the frames: a pause's noise is another one, and a frame at its edge has some of it
PATIENCE_S = 60


class Drawings:
    """A camera whose picture changes every two seconds."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    async def snapshot(self) -> Image.Image:
        number = int((asyncio.get_running_loop().time() - self._began) / 2)
        return Image.new("RGB", (64, 64), (50 + 60 * number % 200, 0, 200 - 60 * number % 200))

    async def close(self) -> None:
        """Nothing is open."""


async def test_replay_is_what_was_heard_and_seen(embedded_broker: BrokerAddress, tmp_path: Path) -> None:
    sink, models, painted = KeepingSink(), FakeModels(), list[PaintedPicture]()

    async def show(one: PaintedPicture) -> None:
        painted.append(one)

    talks = parts(models, source=clip_after(shipped()[0].path, 1.0), camera=Drawings())
    ann, ben = Node("ann", place(embedded_broker), talks), Node(
        "ben", place(embedded_broker), parts(models, sink=sink, paints=True), show=show
    )  # fmt: skip
    recorder = Recorder(tmp_path / "call.mcap", Header(node=ben.id, name="ben"))
    ben.observers.add(recorder)
    async with running(ann, ben) as call:
        await call.until(lambda: ben.count().speech_in.received > 0)
        await asyncio.sleep(TALK_S)
    recorder.stop()
    assert await asyncio.to_thread(recorder.join, PATIENCE_S)
    with SessionReader.open(tmp_path / "call.mcap") as session:
        packets = [record for record in session.records() if isinstance(record, Speech)]
        assert ben.count().speech_in.received == len(packets) > 20
        assert ben.count().speech_in.late == 0
        again = heard_again(session, ann.id)
        reading = PictureReader(shipped_codecs(), session.header.codebooks, lambda text: None)
        told = [reading.read(record) for record in session.records() if isinstance(record, Frame)]
    frames, same = alike(sink.sound(), again)
    print(f"{same} of {frames} frames have the very samples")
    assert frames > 20
    assert same >= ALIKE * frames
    repainted = [
        (one.prompt.text, (await models.paint(one.prompt.text, one.prompt.seed)).tobytes()) for one in told if one
    ]
    assert len(painted) >= 2
    assert [(one.caption, one.image.tobytes()) for one in painted] == repainted[: len(painted)]


async def pictophone(*arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "node", *arguments]
    return await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def test_a_replay_in_a_room_is_heard_and_seen_by_another_process(
    embedded_broker: BrokerAddress, tmp_path: Path
) -> None:
    clip = np.concatenate(list(sound_files.blocks(shipped()[0].path, FRAME_SAMPLES)))[: 5 * 16_000]
    words = "a woman with long black hair wearing a red shirt is smiling in an office"
    session = written(
        tmp_path / "call.mcap",
        [came("b", 0.1, "Ben"), *spoken("b", clip, at=0.5, sequence=65_500), picture("b", 0.5, words, sequence=9)],
        Header(node="me", name="Ann"),
    )
    heard, pictures = tmp_path / "heard.wav", tmp_path / "pictures"
    common = [RoomLink(secret("hut")).reveal(), "--broker", str(embedded_broker)]
    receiving = await pictophone(
        "receive", *common, "--speaker", str(heard), "--pictures", str(pictures), "--json", "--seconds", "18"
    )
    await until_there(heard)
    replaying = await pictophone("replay", str(session), "--as", *common)
    out, errors = await asyncio.wait_for(replaying.communicate(), PATIENCE_S)
    assert replaying.returncode == 0, errors.decode()
    assert f"Ben: {words}" in out.decode().replace("\n", " ")
    result = await received(receiving)
    packets = len(clip) // FRAME_SAMPLES
    assert result["speech"]["lost"] == 0
    assert result["speech"]["packets_received"] >= packets - 2
    assert result["picture"]["painted"] >= 1
    assert len(list(pictures.glob("[0-9]*.png"))) >= 1
    with wave.open(str(heard)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    seconds = [is_loud(sound[at : at + 16_000]) for at in range(0, len(sound) - 16_000, 16_000)]
    assert sum(seconds) >= 4


async def until_there(path: Path) -> None:
    """The listener opens its file when its node is made; the room is entered right after."""
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110 -- another process makes it
            await asyncio.sleep(0.05)


async def received(process: asyncio.subprocess.Process) -> dict[str, Any]:
    out, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 0, errors.decode()
    result: dict[str, Any] = json.loads(out)
    return result
