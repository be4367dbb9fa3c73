from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.vision.ipc import (
    MOST_BYTES,
    CaptionImage,
    CaptionReply,
    Failed,
    ImageReply,
    LoadModel,
    Message,
    PaintBetween,
    PaintImage,
    Ready,
    caption_request,
    encode_message,
    image_of,
    image_reply,
    read_message,
    seen_picture,
)
from node.vision.perception.observation import Observation, SeenFace, SeenThing, to_plain
from node.vision.presets import LARGEST_SIDE
from node.vision.scenes.world import Action, Cloth
from node.vision.types import Prompt, SeenPicture

SEEN = Observation(
    people=2,
    face=SeenFace(0.5, 0.4, 0.3, 2.0, -5.0),
    action=Action.SMILING,
    evidence={"smile": 0.75},
    cloth=Cloth.BLUE,
    skin=(200, 150, 120),
    things=(SeenThing("cup", 0.8, (0.1, 0.2, 0.3, 0.4)),),
)

prompts = st.builds(Prompt, st.text(), st.integers(0, 2**64 - 1), st.binary())
messages = st.one_of(
    st.builds(LoadModel, st.text(), st.text()),
    st.builds(CaptionImage, st.integers(1, 4096), st.integers(1, 4096), st.binary()),
    st.builds(PaintImage, st.text(), st.integers(0, 2**64 - 1), st.binary()),
    st.builds(PaintBetween, prompts, prompts, st.floats(0, 1)),
    st.builds(Ready),
    st.builds(
        CaptionReply,
        st.text(),
        st.none() | st.just(to_plain(SEEN)),
        st.none() | st.tuples(*[st.floats(0, 1)] * 5),
        st.text(),
    ),
    st.builds(ImageReply, st.integers(1, 4096), st.integers(1, 4096), st.binary()),
    st.builds(Failed, st.text()),
)


@given(st.lists(messages, max_size=4))
def test_what_goes_in_comes_out(sent: list[Message]) -> None:
    stream = io.BytesIO(b"".join(map(encode_message, sent)))
    assert [read_message(stream) for _ in sent] == sent
    with pytest.raises(EOFError):
        read_message(stream)


def test_what_is_no_unicode_passes_and_is_for_the_models_to_refuse() -> None:
    message = PaintImage("a cat \ud800 on a bench", 1)
    assert read_message(io.BytesIO(encode_message(message))) == message


def test_an_observation_is_the_same_behind_the_pipe() -> None:
    sent = CaptionReply("a person", to_plain(SEEN), (0.1, 0.2, 0.3, 0.4, 0.5), "once")
    came = read_message(io.BytesIO(encode_message(sent)))
    assert isinstance(came, CaptionReply)
    assert seen_picture(came) == SeenPicture(
        words="a person", observation=SEEN, likeness=(0.1, 0.2, 0.3, 0.4, 0.5), remark="once"
    )


def test_nothing_longer_than_a_picture_goes_or_comes() -> None:
    with pytest.raises(ValueError, match="bytes"):
        encode_message(CaptionImage(1, 1, bytes(MOST_BYTES)))
    with pytest.raises(ValueError, match="4294967295 bytes"):
        read_message(io.BytesIO(b"\xff" * 8))
    largest = image_reply(Image.new("RGB", (LARGEST_SIDE, LARGEST_SIDE)))
    assert read_message(io.BytesIO(encode_message(largest))) == largest


def test_pixels_that_are_not_as_many_as_they_say_are_no_picture() -> None:
    with pytest.raises(ValueError, match="not enough image data"):
        image_of(ImageReply(4, 4, b"\0" * 5))


def test_a_stream_cut_off_in_a_message_has_ended() -> None:
    with pytest.raises(EOFError):
        read_message(io.BytesIO(encode_message(CaptionReply("a cat"))[:2]))
    with pytest.raises(EOFError):
        read_message(io.BytesIO(encode_message(CaptionReply("a cat"))[:-1]))


def test_pictures_travel_unchanged() -> None:
    picture = Image.linear_gradient("L").convert("RGB").resize((30, 20))
    assert image_of(caption_request(picture)).tobytes() == picture.tobytes()
    assert image_of(image_reply(picture)).size == (30, 20)
