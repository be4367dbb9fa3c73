"""Which captioner a picture goes to; and the people's own, where its models are on this machine."""

from __future__ import annotations

import pytest
from PIL import Image

from node.vision.ipc import CaptionReply, seen_picture
from node.vision.people.describers import REAL_CAMERA, EitherCaptioner
from node.vision.scenes import draw, sample
from protocol.errors import NodeError

PHOTO = Image.effect_noise((64, 64), 80).convert("RGB")


class Says:
    """A captioner that says one thing."""

    def __init__(self, text: str) -> None:
        self.text = text

    def describe(self, image: Image.Image, painted: bool = False) -> CaptionReply:
        return CaptionReply(self.text)


def test_drawings_and_photos_go_to_their_own_captioners_and_the_second_is_loaded_once_needed() -> None:
    loaded: list[str] = []

    def load() -> Says:
        loaded.append("photos")
        return Says("a photo")

    either = EitherCaptioner(Says("a drawing"), load)
    assert either.describe(draw(sample(1))) == CaptionReply("a drawing")
    assert loaded == []
    assert either.describe(PHOTO) == CaptionReply("a photo", remark=REAL_CAMERA)
    assert either.describe(PHOTO).text == "a photo"
    assert loaded == ["photos"]


def test_a_painting_is_read_as_a_drawing_however_soft_it_is() -> None:
    either = EitherCaptioner(Says("a drawing"), lambda: Says("a photo"))
    for soft in (PHOTO, Image.new("RGB", (64, 48))):
        assert either.describe(soft, painted=True) == CaptionReply("a drawing")


def test_without_models_a_photo_has_no_words_and_the_remark_names_the_cure() -> None:
    missing = [True]

    def load() -> Says:
        if missing[0]:
            raise NodeError("the perception models are not on this machine: pictophone models fetch people")
        return Says("a photo")

    either = EitherCaptioner(Says("a drawing"), load)
    reply = either.describe(PHOTO)
    assert reply.text == ""
    assert "pictophone models fetch people" in reply.remark
    assert "\n" not in reply.remark
    missing[0] = False  # fetched meanwhile
    assert either.describe(PHOTO).text == "a photo"


@pytest.mark.parametrize("level", [0, 12, 255])
def test_what_shows_nothing_has_no_words_of_any_captioner(level: int) -> None:
    reply = EitherCaptioner(Says("a drawing"), lambda: Says("a photo")).describe(
        Image.new("RGB", (64, 48), (level,) * 3)
    )
    seen = seen_picture(reply)
    assert seen.words == ""
    assert seen.observation is not None
    assert seen.observation.blind
