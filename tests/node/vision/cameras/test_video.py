from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from node.vision.cameras.video import CATCH_UP_SECONDS, VideoCamera
from protocol.errors import NodeError

FRAMES, RATE = 20, 10
"""Two seconds, each frame brighter than the one before."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 12 * number, dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def frame(camera: VideoCamera) -> int:
    """Which frame the camera shows."""
    image = await camera.snapshot()
    assert (image.mode, image.size) == ("RGB", (64, 48))
    return round(np.asarray(image).mean() / 12)


async def test_it_plays_in_real_time_and_starts_again(clip: Path, clock: Clock) -> None:
    camera = VideoCamera(clip, clock)
    clock.now += 0.02
    shown = []
    for _ in range(8):
        shown.append(await frame(camera))
        clock.now += 0.55
    assert shown == [0, 5, 11, 16, 2, 7, 13, 18]
    await camera.close()


async def test_time_that_stands_still_shows_the_same_frame(clip: Path, clock: Clock) -> None:
    camera = VideoCamera(clip, clock)
    clock.now += 0.75
    assert [await frame(camera), await frame(camera)] == [7, 7]
    await camera.close()


async def test_it_pauses_while_nobody_looks_for_long(clip: Path, clock: Clock) -> None:
    camera = VideoCamera(clip, clock)
    clock.now += 1000 * CATCH_UP_SECONDS
    assert await frame(camera) <= 1
    clock.now += 1.05
    assert await frame(camera) == 11
    await camera.close()


async def test_a_file_that_was_cut_off_plays_as_far_as_it_goes(clip: Path, tmp_path: Path, clock: Clock) -> None:
    whole = tmp_path / "clip.avi"
    with av.open(str(clip)) as source, av.open(str(whole), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = whole.read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(data[: len(data) * 6 // 10])
    camera = VideoCamera(cut, clock)
    seen = set()
    for _ in range(30):
        seen.add(await frame(camera))
        clock.now += 0.1
    assert {0, 1, 2} < seen
    await camera.close()


async def test_a_picture_without_a_suffix_is_a_video_of_one_frame(tmp_path: Path, clock: Clock) -> None:
    Image.new("RGB", (64, 48), (24, 24, 24)).save(tmp_path / "picture", "PNG")
    camera = VideoCamera(tmp_path / "picture", clock)
    clock.now += 2.0
    assert await frame(camera) == 2
    await camera.close()


async def test_a_closed_camera_says_so(clip: Path, clock: Clock) -> None:
    camera = VideoCamera(clip, clock)
    await camera.close()
    await camera.close()
    clock.now += 1.0
    with pytest.raises(NodeError, match="closed"):
        await camera.snapshot()


def silence(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))


@pytest.mark.parametrize(
    "make", [lambda path: path.touch(), lambda path: path.write_bytes(b"no video at all" * 99), silence]
)
def test_what_holds_no_video_is_one_line(make: Callable[[Path], None], tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "clip.wav"
    make(path)
    with pytest.raises(NodeError, match=r"cannot play .*clip\.wav") as caught:
        VideoCamera(path, clock)
    assert len(str(caught.value).splitlines()) == 1
