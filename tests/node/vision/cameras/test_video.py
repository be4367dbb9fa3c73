from __future__ import annotations

import asyncio
import shutil
import struct
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from node.vision.cameras import video
from node.vision.cameras.video import CATCH_UP_SECONDS, DECODE_SECONDS, VideoCamera
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


MATRICES = {
    "as it is": ((1, 0, 0, 1), None),
    "rot90": ((0, 1, -1, 0), Image.Transpose.ROTATE_270),
    "rot180": ((-1, 0, 0, -1), Image.Transpose.ROTATE_180),
    "rot270": ((0, -1, 1, 0), Image.Transpose.ROTATE_90),
    "mirrored": ((-1, 0, 0, 1), Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": ((1, 0, 0, -1), Image.Transpose.FLIP_TOP_BOTTOM),
    "rot90, mirrored": ((0, 1, 1, 0), Image.Transpose.TRANSPOSE),
    "rot270, mirrored": ((0, -1, -1, 0), Image.Transpose.TRANSVERSE),
}
"""a, b, c, d of the matrix, and how the picture is turned by it: (x, y) to (ax + cy, bx + dy)."""


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


def corners_video(path: Path, size: tuple[int, int] = (64, 48), **stream_options: object) -> None:
    """A video whose four corners are told from each other."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = 250, 180
    pixels[height // 2 :, : width // 2] = 90
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for name, value in stream_options.items():
            setattr(stream.codec_context, name, value)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def corners(image: Image.Image) -> list[int]:
    grey, (right, bottom) = np.asarray(image.convert("L")), (image.width - 5, image.height - 5)
    return [int(grey[y, x]) for x, y in ((4, 4), (right, 4), (4, bottom), (right, bottom))]


@pytest.mark.parametrize("name", MATRICES)
async def test_it_is_turned_as_the_camera_was_held(name: str, tmp_path: Path, clock: Clock) -> None:
    values, turn = MATRICES[name]
    corners_video(tmp_path / "a.mp4")
    whole = (tmp_path / "a.mp4").read_bytes()
    at = whole.rindex(matrix(1, 0, 0, 1))  # the track's; the film's comes first
    (tmp_path / "a.mp4").write_bytes(whole[:at] + matrix(*values) + whole[at + 36 :])
    camera = VideoCamera(tmp_path / "a.mp4", clock)
    seen = await camera.snapshot()
    await camera.close()
    lying = Image.fromarray(np.array([[250, 180], [90, 0]], np.uint8))
    meant = lying if turn is None else lying.transpose(turn)
    assert seen.size == ((48, 64) if values[0] == 0 else (64, 48))
    assert corners(seen) == pytest.approx(list(meant.tobytes()), abs=20)


async def test_pixels_that_are_not_square_are_shown_in_their_shape(tmp_path: Path, clock: Clock) -> None:
    corners_video(tmp_path / "a.mp4", sample_aspect_ratio=Fraction(2, 1))
    camera = VideoCamera(tmp_path / "a.mp4", clock)
    assert (await camera.snapshot()).size == (128, 48)
    await camera.close()


async def test_a_large_frame_is_shrunk(tmp_path: Path, clock: Clock) -> None:
    corners_video(tmp_path / "a.mp4", (4096, 1024))
    camera = VideoCamera(tmp_path / "a.mp4", clock)
    assert (await camera.snapshot()).size == (2048, 512)
    await camera.close()


def scratched(clip: Path, path: Path, first: int, last: int) -> Path:
    """The clip with the packets from `first` to `last` overwritten."""
    with av.open(str(clip)) as source:
        places = [(packet.pos, packet.size) for packet in source.demux(video=0) if packet.pos is not None]
    data = bytearray(clip.read_bytes())
    for at, size in places[first : last + 1]:
        data[at : at + size] = b"\xff" * size
    path.write_bytes(data)
    return path


async def test_damaged_frames_are_passed_over(clip: Path, tmp_path: Path, clock: Clock) -> None:
    for first, last in ((0, 3), (9, 14)):
        camera = VideoCamera(scratched(clip, tmp_path / "scratched.mp4", first, last), clock)
        seen = []
        for _ in range(12):
            seen.append(await frame(camera))
            clock.now += 0.1
        await camera.close()
        assert set(seen) <= set(range(FRAMES))
        assert len(set(seen)) > 4


def test_a_video_of_nothing_but_damage_is_one_line(clip: Path, tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(NodeError, match="cannot play") as caught:
        VideoCamera(scratched(clip, tmp_path / "scratched.mp4", 0, FRAMES), clock)
    assert len(str(caught.value).splitlines()) == 1


async def test_times_that_jump_are_played_on(clip: Path, tmp_path: Path, clock: Clock) -> None:
    with av.open(str(clip)) as source, av.open(str(tmp_path / "jumps.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(packet for packet in source.demux(video=0) if packet.dts is not None):
            packet.stream = stream
            packet.pts += 10**6 * packet.time_base.denominator * (number >= 5)
            packet.dts = packet.pts
            target.mux(packet)
    camera = VideoCamera(tmp_path / "jumps.mkv", clock)
    seen = []
    for _ in range(10):
        seen.append(await frame(camera))
        clock.now += 0.1
    await camera.close()
    assert seen[-1] >= 8


async def test_what_is_too_large_for_the_machine_plays_slower(clip: Path, clock: Clock) -> None:
    moments: list[float] = []
    camera = VideoCamera(clip, lambda: moments.pop(0) if moments else clock.now)
    clock.now += 0.01
    assert await frame(camera) == 0
    moments += [clock.now + 1.5, *[clock.now + 1.5 + 2 * DECODE_SECONDS] * 9]
    assert await frame(camera) == 1
    await camera.close()


async def test_a_disk_that_hangs_is_one_line_and_closing_does_not_wait(
    clip: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    camera = VideoCamera(clip, clock)
    monkeypatch.setattr(video, "MAX_WAIT", 0.01)
    monkeypatch.setattr(camera, "_advance_to", lambda now: over.wait())
    with pytest.raises(NodeError, match="does not answer"):
        await camera.snapshot()
    await camera.close()
    over.set()


@pytest.mark.parametrize(
    "name", ["a:b.mp4", "http:x.mp4", "%03d.mp4", "-x.mp4", "concat:x|y.mp4", "pipe:", "C:\\x.mp4"]
)
async def test_a_name_is_no_address(clip: Path, tmp_path: Path, clock: Clock, name: str) -> None:
    if sys.platform == "win32":
        pytest.skip("needs names that Windows does not have")
    await asyncio.to_thread(shutil.copy, clip, tmp_path / name)
    camera = VideoCamera(tmp_path / name, clock)
    assert await frame(camera) == 0
    await camera.close()
