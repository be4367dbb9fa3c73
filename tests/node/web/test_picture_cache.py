from __future__ import annotations

import asyncio
import io

import pytest
from happenings import Happenings
from PIL import Image

from node.web import picture_cache
from node.web.picture_cache import MAX_SIDE, PictureCache, PictureEncoder, encode_webp


def test_a_cache_drops_the_oldest_when_it_is_full() -> None:
    cache = PictureCache(most_bytes=10)
    first, second, third = (cache.add(bytes(4)) for _ in range(3))
    assert cache.find(first) is None
    assert cache.find(second) == cache.find(third) == bytes(4)
    assert cache.size == 8


def test_a_picture_larger_than_the_cache_is_kept_all_the_same() -> None:
    cache = PictureCache(most_bytes=10)
    assert cache.find(cache.add(bytes(11))) == bytes(11)


def test_what_is_dropped_is_gone_and_may_be_dropped_again() -> None:
    cache = PictureCache()
    url = cache.add(b"1")
    for _ in range(2):
        cache.drop(url)
    cache.drop(None)
    assert cache.find(url) is None
    assert cache.size == 0


def test_nobody_guesses_an_url() -> None:
    cache = PictureCache()
    urls = {cache.add(b"") for _ in range(100)}
    assert len(urls) == 100
    assert all(len(url) == len("/pictures/") + 24 for url in urls)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_pictures_become_webp_no_larger_than_a_page_shows(mode: str) -> None:
    image = Image.open(io.BytesIO(encode_webp(Image.new(mode, (2000, 100)))))
    assert image.format == "WEBP"
    assert image.size == (MAX_SIDE, MAX_SIDE // 20)


async def encoded(encoder: PictureEncoder, *images: Image.Image) -> list[str]:
    urls = Happenings()
    for image in images:
        encoder.encode(image, urls.add)
    running = asyncio.create_task(encoder.run())
    await urls.count(min(len(images), picture_cache.MAX_QUEUED))
    running.cancel()
    return urls.all


async def test_an_encoder_keeps_the_order() -> None:
    cache = PictureCache()
    urls = await encoded(PictureEncoder(cache), *(Image.new("RGB", (size, size)) for size in (3, 4, 5)))
    sizes = [Image.open(io.BytesIO(cache.find(url) or b"")).width for url in urls]
    assert sizes == [3, 4, 5]


async def test_an_encoder_with_too_much_to_do_leaves_the_oldest_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_cache, "MAX_QUEUED", 2)
    cache = PictureCache()
    urls = await encoded(PictureEncoder(cache), *(Image.new("RGB", (size, size)) for size in (3, 4, 5)))
    assert [Image.open(io.BytesIO(cache.find(url) or b"")).width for url in urls] == [4, 5]


async def test_what_is_cancelled_is_not_encoded_not_even_what_was_being_encoded() -> None:
    cache = PictureCache()
    encoder, urls = PictureEncoder(cache), Happenings()
    running = asyncio.create_task(encoder.run())
    encoder.encode(Image.new("RGB", (3, 3)), urls.add)
    encoder.encode(Image.new("RGB", (4, 4)), urls.add)
    await asyncio.sleep(0)  # the first is being encoded now
    encoder.cancel()
    encoder.encode(Image.new("RGB", (5, 5)), urls.add)
    await urls.count(1)
    running.cancel()
    assert Image.open(io.BytesIO(cache.find(urls.all[0]) or b"")).width == 5
    assert len(cache.find(urls.all[0]) or b"") == cache.size
