from __future__ import annotations

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.vision.pipe import (
    Between,
    Caption,
    Failed,
    Load,
    Message,
    Paint,
    Painting,
    Ready,
    Words,
    caption_of,
    encode,
    image_of,
    painting_of,
    read,
    receive,
)
from node.vision.prompt import Prompt

prompts = st.builds(Prompt, st.text(), st.integers(0, 2**64 - 1), st.binary())
messages = st.one_of(
    st.builds(Load, st.text(), st.text()),
    st.builds(Caption, st.integers(1, 4096), st.integers(1, 4096), st.binary()),
    st.builds(Paint, st.text(), st.integers(0, 2**64 - 1), st.binary()),
    st.builds(Between, prompts, prompts, st.floats(0, 1)),
    st.builds(Ready),
    st.builds(Words, st.text()),
    st.builds(Painting, st.integers(1, 4096), st.integers(1, 4096), st.binary()),
    st.builds(Failed, st.text()),
)


@given(st.lists(messages, max_size=4))
def test_what_goes_in_comes_out_of_either_stream(sent: list[Message]) -> None:
    data = b"".join(map(encode, sent))
    stream = io.BytesIO(data)
    assert [read(stream) for _ in sent] == sent
    with pytest.raises(EOFError):
        read(stream)
    assert asyncio.run(received(data, len(sent))) == sent


async def received(data: bytes, count: int) -> list[Message]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    messages = [await receive(reader) for _ in range(count)]
    with pytest.raises(EOFError):
        await receive(reader)
    return messages


def test_a_stream_cut_off_in_a_message_has_ended() -> None:
    with pytest.raises(EOFError):
        read(io.BytesIO(encode(Words("a cat"))[:2]))
    with pytest.raises(EOFError):
        read(io.BytesIO(encode(Words("a cat"))[:-1]))


def test_pictures_travel_unchanged() -> None:
    picture = Image.linear_gradient("L").convert("RGB").resize((30, 20))
    assert image_of(caption_of(picture)).tobytes() == picture.tobytes()
    assert image_of(painting_of(picture)).size == (30, 20)
