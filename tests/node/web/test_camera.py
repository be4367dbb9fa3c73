from __future__ import annotations

import asyncio
import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from web_board import HandClock

from node.web.camera import STALE_S, PageCamera, Shutter, SnapshotError, decoded


def file(colour: str = "red", format: str = "JPEG", size: tuple[int, int] = (16, 12)) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", size, colour).save(kept, format)
    return kept.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
async def test_the_newest_picture_is_seen(format: str) -> None:
    camera = PageCamera()
    for colour in ("red", "blue"):
        await camera.put(file(colour, format))
    seen = await camera.snapshot()
    assert (seen.mode, seen.size) == ("RGB", (16, 12))
    red, _, blue = seen.getpixel((8, 6))  # type: ignore[misc]
    assert blue > 200
    assert red < 50


async def test_a_snapshot_waits_for_a_page(hand: HandClock) -> None:
    camera = PageCamera(hand.clock.now)
    waiting = asyncio.create_task(camera.snapshot())
    await asyncio.sleep(0)
    assert not waiting.done()
    await camera.put(file())
    assert (await waiting).size == (16, 12)
    hand.time += STALE_S + 1
    again = asyncio.create_task(camera.snapshot())
    await asyncio.sleep(0)
    assert not again.done()
    await camera.put(file(size=(8, 8)))
    assert (await again).size == (8, 8)


async def test_a_camera_that_is_off_sees_nothing(hand: HandClock) -> None:
    camera = PageCamera(hand.clock.now)
    await camera.put(file())
    assert camera.is_showing
    camera.on = False
    await camera.put(file("blue"))
    assert not camera.is_showing
    waiting = asyncio.create_task(camera.snapshot())
    await asyncio.sleep(0)
    assert not waiting.done()
    camera.on = True
    await camera.put(file("blue", size=(8, 8)))
    assert (await waiting).size == (8, 8)
    hand.time += STALE_S
    assert not camera.is_showing


class Still:
    name, closed = "still", False

    async def snapshot(self) -> Image.Image:
        return Image.new("RGB", (4, 4))

    async def close(self) -> None:
        self.closed = True


async def test_any_camera_can_be_switched_off_and_on() -> None:
    still = Still()
    shutter = Shutter(still)
    assert (await shutter.snapshot()).size == (4, 4)
    shutter.on = False
    waiting = asyncio.create_task(shutter.snapshot())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert not shutter.on
    shutter.on = True
    assert (await waiting).size == (4, 4)
    await shutter.close()
    assert (shutter.name, still.closed) == ("still", True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        file()[:200],
        file(format="BMP"),
        file(format="GIF"),
    ],
)
async def test_what_is_no_picture_is_refused_and_changes_nothing(data: bytes) -> None:
    camera = PageCamera()
    await camera.put(file())
    with pytest.raises(SnapshotError):
        await camera.put(data)
    assert (await camera.snapshot()).size == (16, 12)


def test_a_small_file_that_claims_to_be_huge_is_refused() -> None:
    kept = io.BytesIO()
    Image.new("1", (9000, 9000)).save(kept, "PNG")
    assert len(kept.getvalue()) < 100_000
    with pytest.raises(SnapshotError, match="9000 x 9000"):
        decoded(kept.getvalue())


@given(st.binary(max_size=300), st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_any_bytes_are_a_picture_or_refused(noise: bytes, format: str, data: st.DataObject) -> None:
    whole = file(format=format)
    at = data.draw(st.integers(0, len(whole)))
    with contextlib.suppress(SnapshotError):
        assert decoded(whole[:at] + noise + whole[at + len(noise) :]).mode == "RGB"
