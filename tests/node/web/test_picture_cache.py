from __future__ import annotations

import asyncio
import io

import pytest
from happenings import Happenings
from PIL import Image

from node.web import picture_cache
from node.web.picture_cache import MAX_SIDE, PictureCache, PictureEncoder, encode_webp


def test_an_album_forgets_the_oldest_when_it_is_full() -> None:
    album = PictureCache(most_bytes=10)
    first, second, third = (album.keep(bytes(4)) for _ in range(3))
    assert album.find(first) is None
    assert album.find(second) == album.find(third) == bytes(4)
    assert album.size == 8


def test_a_picture_larger_than_the_album_is_kept_all_the_same() -> None:
    album = PictureCache(most_bytes=10)
    assert album.find(album.keep(bytes(11))) == bytes(11)


def test_what_is_dropped_is_gone_and_may_be_dropped_again() -> None:
    album = PictureCache()
    url = album.keep(b"1")
    for _ in range(2):
        album.drop(url)
    album.drop(None)
    assert album.find(url) is None
    assert album.size == 0


def test_nobody_guesses_an_url() -> None:
    album = PictureCache()
    urls = {album.keep(b"") for _ in range(100)}
    assert len(urls) == 100
    assert all(len(url) == len("/pictures/") + 24 for url in urls)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_pictures_become_webp_no_larger_than_a_page_shows(mode: str) -> None:
    image = Image.open(io.BytesIO(encode_webp(Image.new(mode, (2000, 100)))))
    assert image.format == "WEBP"
    assert image.size == (MAX_SIDE, MAX_SIDE // 20)


async def developed(darkroom: PictureEncoder, *images: Image.Image) -> list[str]:
    urls = Happenings()
    for image in images:
        darkroom.develop(image, urls.add)
    running = asyncio.create_task(darkroom.run())
    await urls.count(min(len(images), picture_cache.MAX_WAITING))
    running.cancel()
    return urls.all


async def test_a_darkroom_keeps_the_order() -> None:
    album = PictureCache()
    urls = await developed(PictureEncoder(album), *(Image.new("RGB", (size, size)) for size in (3, 4, 5)))
    sizes = [Image.open(io.BytesIO(album.find(url) or b"")).width for url in urls]
    assert sizes == [3, 4, 5]


async def test_a_darkroom_with_too_much_to_do_leaves_the_oldest_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_cache, "MAX_WAITING", 2)
    album = PictureCache()
    urls = await developed(PictureEncoder(album), *(Image.new("RGB", (size, size)) for size in (3, 4, 5)))
    assert [Image.open(io.BytesIO(album.find(url) or b"")).width for url in urls] == [4, 5]


async def test_what_is_forgotten_is_not_developed_not_even_what_was_being_encoded() -> None:
    album = PictureCache()
    darkroom, urls = PictureEncoder(album), Happenings()
    running = asyncio.create_task(darkroom.run())
    darkroom.develop(Image.new("RGB", (3, 3)), urls.add)
    darkroom.develop(Image.new("RGB", (4, 4)), urls.add)
    await asyncio.sleep(0)  # the first is being encoded now
    darkroom.forget()
    darkroom.develop(Image.new("RGB", (5, 5)), urls.add)
    await urls.count(1)
    running.cancel()
    assert Image.open(io.BytesIO(album.find(urls.all[0]) or b"")).width == 5
    assert len(album.find(urls.all[0]) or b"") == album.size
