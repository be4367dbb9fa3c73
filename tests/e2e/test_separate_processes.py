"""`pictophone send` and `pictophone receive`, two processes through mosquitto, and a listener who is late."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from live_call import PATIENCE_S, parts, place, running, secret
from node.call.node import Node
from node.links.address import BrokerAddress
from node.speech.dialogue import shipped
from node.speech.sinks import NullSink
from node.vision.presets import preset
from node.vision.worker import Worker
from protocol.room_link import RoomLink

pytestmark = pytest.mark.real_time

LATE_S = 10.0
SEES_WITHIN_S = 4.0  # two on a machine that has time: here other tests run beside it
CALL_S = 30.0


async def pictophone(*arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "node", *arguments, "--json"]
    return await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def summary(process: asyncio.subprocess.Process) -> dict[str, Any]:
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    result: dict[str, Any] = json.loads(out)
    return result


async def test_send_and_receive_and_a_late_listener(mosquitto: BrokerAddress, tmp_path: Path) -> None:
    common = [RoomLink(secret("hut")).reveal(), "--broker", str(mosquitto), "--seconds", str(CALL_S)]
    voice = str(shipped()[0].path)
    began = time.monotonic()
    sending = await pictophone("send", *common, "--speech", voice, "--loop", "--camera", "scene:3", "--name", "ann")
    heard, pictures = tmp_path / "heard.wav", tmp_path / "pictures"
    receiving = await pictophone(
        "receive", *common, "--speaker", str(heard), "--pictures", str(pictures), "--name", "ben"
    )
    seen_after_s = await join_late(mosquitto, began)
    sent, received = await asyncio.gather(summary(sending), summary(receiving))
    assert seen_after_s <= SEES_WITHIN_S
    assert sent["picture"]["sent"] >= 3
    assert sent["speech"]["packets_sent"] > 0
    assert received["picture"]["painted"] >= 3
    assert received["speech"]["packets_received"] > 0
    assert received["speech"]["lost"] == 0
    assert heard.stat().st_size > CALL_S / 2 * 32_000
    assert len(list(pictures.glob("[0-9]*.png"))) == received["picture"]["painted"]


async def join_late(broker: BrokerAddress, began: float) -> float:
    """Joins ten seconds after the others with warm models; how long until the current picture is painted."""
    painted = asyncio.Event()

    async def show(_: object) -> None:
        painted.set()

    async with Worker(generator=preset("embedded").generator) as models:
        await models.ready()
        await asyncio.sleep(max(0.0, LATE_S - (time.monotonic() - began)))
        listener = Node("carl", place(broker, "hut"), parts(models, sink=NullSink(), paints=True), show=show)
        joined = time.monotonic()
        async with running(listener), asyncio.timeout(PATIENCE_S):
            await painted.wait()
            return time.monotonic() - joined
