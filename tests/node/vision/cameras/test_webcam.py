"""Webcams, with a device in memory in the place of FFmpeg's."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import av
import numpy as np
import pytest

from node.vision.cameras import webcam
from node.vision.cameras.webcam import MOST_DAMAGED, SILENT_SECONDS, Webcam, WebcamCamera, webcams
from protocol.errors import NodeError


class Device:
    """Gives the frames that the test puts into it; None unplugs it."""

    def __init__(self) -> None:
        self.frames: queue.Queue[int | type[Exception] | None] = queue.Queue()
        self.opened: list[tuple[str, str]] = []
        self.closed = self.missing = False

    def open(self, address: str, format: str, options: dict[str, str]) -> Device:
        if self.missing:
            raise OSError(2, "No such file or directory")
        self.opened.append((address, format))
        return self

    def decode(self, video: int) -> Iterator[av.VideoFrame]:
        while (level := self.frames.get()) is not None:
            if not isinstance(level, int):
                raise level(1, "no frame yet")
            yield av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, dtype=np.uint8), format="rgb24")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    device = Device()
    monkeypatch.setattr(av, "open", device.open)
    monkeypatch.setattr(sys, "platform", "linux")
    return device


def list_devices(monkeypatch: pytest.MonkeyPatch, *devices: tuple[str, str, list[str]]) -> None:
    listed = [SimpleNamespace(name=name, description=text, media_types=kinds) for name, text, kinds in devices]
    monkeypatch.setattr(av, "enumerate_input_devices", lambda device_format: listed)


async def brightness(camera: WebcamCamera) -> int:
    return round(np.asarray(await camera.snapshot()).mean())


async def close(camera: WebcamCamera, device: Device) -> None:
    device.frames.put(0)
    device.frames.put(None)
    await camera.close()
    assert device.closed


async def test_a_snapshot_is_the_newest_frame(device: Device) -> None:
    camera = WebcamCamera("/dev/video0")
    device.frames.put(10)
    assert await brightness(camera) == 10
    for level in (20, 30, 40):
        device.frames.put(level)
    while await brightness(camera) != 40:
        pass
    assert device.opened == [("/dev/video0", "v4l2")]
    await close(camera, device)


async def test_a_device_that_has_no_frame_yet_is_asked_again(device: Device) -> None:
    camera = WebcamCamera("/dev/video0")
    device.frames.put(av.BlockingIOError)
    device.frames.put(10)
    assert await brightness(camera) == 10
    await close(camera, device)


async def test_a_damaged_frame_is_passed_over(device: Device) -> None:
    camera = WebcamCamera("/dev/video0")
    for level in (10, av.InvalidDataError, av.InvalidDataError, 20):
        device.frames.put(level)
    while await brightness(camera) != 20:
        pass
    await close(camera, device)


async def test_a_webcam_of_damaged_frames_only_is_one_line(device: Device) -> None:
    camera = WebcamCamera("/dev/video0")
    for _ in range(MOST_DAMAGED + 1):
        device.frames.put(av.InvalidDataError)
    with pytest.raises(NodeError, match=r"/dev/video0.*gives no picture"):
        await camera.snapshot()
    await camera.close()
    assert device.closed


async def test_a_webcam_that_is_unplugged_is_one_line(device: Device) -> None:
    camera = WebcamCamera("/dev/video0")
    device.frames.put(None)
    with pytest.raises(NodeError, match=r"/dev/video0.*it stopped"):
        await camera.snapshot()
    await camera.close()
    assert device.closed


async def test_a_webcam_that_is_plugged_in_again_is_opened_again(device: Device) -> None:
    camera = WebcamCamera("/dev/video0")
    device.frames.put(10)
    assert await brightness(camera) == 10
    device.frames.put(None)
    with pytest.raises(NodeError, match="it stopped"):
        while await brightness(camera) == 10:
            pass
    assert device.closed
    device.missing = True
    with pytest.raises(NodeError, match="cannot open the webcam"):
        await camera.snapshot()
    device.missing = device.closed = False
    device.frames.put(20)
    assert await brightness(camera) == 20
    assert len(device.opened) == 2
    await close(camera, device)
    with pytest.raises(NodeError, match="is closed"):
        await camera.snapshot()
    assert len(device.opened) == 2


async def test_a_webcam_that_falls_silent_does_not_show_its_last_frame_for_ever(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    camera = WebcamCamera("/dev/video0", lambda: now)
    device.frames.put(10)
    assert await brightness(camera) == 10
    now += SILENT_SECONDS
    monkeypatch.setattr(webcam, "SILENT_SECONDS", 0.01)
    with pytest.raises(NodeError, match="it is silent"):
        await camera.snapshot()
    monkeypatch.setattr(webcam, "SILENT_SECONDS", SILENT_SECONDS)
    device.frames.put(20)
    assert await brightness(camera) == 20
    await close(camera, device)


async def test_the_first_webcam_is_taken_when_none_is_named(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    list_devices(monkeypatch, ("/dev/video2", "Front", []), ("/dev/video4", "Back", []))
    camera = WebcamCamera()
    assert camera.name == "/dev/video2"
    await close(camera, device)


def test_microphones_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    list_devices(monkeypatch, ("0", "FaceTime", ["video"]), ("1", "Microphone", ["audio"]))
    assert webcams() == [Webcam("0", "FaceTime")]


def test_a_system_that_cannot_list_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(device_format: str) -> None:
        raise ValueError(device_format)

    monkeypatch.setattr(av, "enumerate_input_devices", refuse)
    assert webcams() == []
    monkeypatch.setattr(sys, "platform", "plan9")
    assert webcams() == []
    with pytest.raises(NodeError, match="no webcam on this machine"):
        WebcamCamera()


def test_a_webcam_that_cannot_be_opened_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NodeError, match="/dev/video99") as caught:
        WebcamCamera("/dev/video99")
    assert len(str(caught.value).splitlines()) == 1
    monkeypatch.setattr(sys, "platform", "plan9")
    with pytest.raises(NodeError, match="no webcam support on plan9"):
        WebcamCamera("front")
