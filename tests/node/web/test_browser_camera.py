from __future__ import annotations

import asyncio
import contextlib
import io
import threading

import numpy as np
import pytest
from happenings import until
from hypothesis import given
from hypothesis import strategies as st
from page_events import HandClock
from PIL import Image

from node.web import browser_camera as module
from node.web.browser_camera import (
    LONGEST_SIDE,
    MAX_SCANS,
    STALE_S,
    DecoderBusy,
    PageCamera,
    SnapshotError,
    SwitchableCamera,
    decode,
)


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
    shutter = SwitchableCamera(still)
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
        decode(kept.getvalue())


def test_a_webp_which_takes_more_to_decode_may_have_fewer_pixels() -> None:
    with pytest.raises(SnapshotError, match="4000 x 4000"):
        decode(file(format="WEBP", size=(4000, 4000)))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_large_png_is_made_small_whatever_its_mode(mode: str) -> None:
    kept = io.BytesIO()
    Image.new(mode, (LONGEST_SIDE * 3, LONGEST_SIDE * 2), 0).save(kept, "PNG")
    seen = decode(kept.getvalue())
    assert (seen.mode, seen.size) == ("RGB", (LONGEST_SIDE, -(-LONGEST_SIDE * 2 // 3)))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_large_jpeg_is_decoded_at_a_part_of_its_size(
    mode: str, progressive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    shrink = module.shrink
    monkeypatch.setattr(module, "shrink", lambda image: sizes.append(image.size) or shrink(image))
    kept = io.BytesIO()
    Image.new(mode, (4096, 4096)).save(kept, "JPEG", progressive=progressive)
    assert decode(kept.getvalue()).size == (1024, 1024)
    assert sizes == [(2048, 2048)]


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    kept = io.BytesIO()
    Image.fromarray(np.full((8, 8), 100 << 8, np.uint16)).save(kept, "PNG")
    assert decode(kept.getvalue()).getpixel((4, 4)) == (100, 100, 100)


@pytest.mark.parametrize("side", [16, 2048])
def test_a_picture_is_turned_upright(side: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    kept = io.BytesIO()
    Image.new("RGB", (side, side // 2)).save(kept, "JPEG", exif=exif)
    seen = decode(kept.getvalue())
    assert seen.height == 2 * seen.width


def test_of_a_moving_picture_the_first_is_seen() -> None:
    for format in ("PNG", "WEBP"):
        kept = io.BytesIO()
        frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "lime")]
        frames[0].save(kept, format, save_all=True, append_images=frames[1:], lossless=True)
        assert decode(kept.getvalue()).getpixel((8, 8)) == (255, 0, 0)


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    """Half a megabyte of them takes a minute, at 16 megapixels."""
    whole = io.BytesIO()
    Image.new("L", (64, 64)).save(whole, "JPEG", progressive=True)
    data = whole.getvalue()
    assert decode(data).size == (64, 64)
    last, end = data.rfind(module.SCAN), data.rfind(b"\xff\xd9")
    with pytest.raises(SnapshotError, match="scans"):
        decode(data[:end] + data[last:end] * MAX_SCANS + data[end:])


async def test_one_picture_is_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    decode_now = module.decode

    def slow(data: bytes) -> Image.Image:
        go_on.wait()
        return decode_now(data)

    monkeypatch.setattr(module, "decode", slow)
    camera = PageCamera()
    first = asyncio.create_task(camera.put(file("red")))
    await asyncio.sleep(0)
    with pytest.raises(DecoderBusy):
        await camera.put(file("blue"))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(DecoderBusy):  # who sent it is gone, its thread is not
        await camera.put(file("blue"))
    go_on.set()
    await until(lambda: not camera.is_decoding)
    await camera.put(file("blue"))


@given(st.binary(max_size=300), st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_any_bytes_are_a_picture_or_refused(noise: bytes, format: str, data: st.DataObject) -> None:
    whole = file(format=format)
    at = data.draw(st.integers(0, len(whole)))
    with contextlib.suppress(SnapshotError):
        assert decode(whole[:at] + noise + whole[at + len(noise) :]).mode == "RGB"
