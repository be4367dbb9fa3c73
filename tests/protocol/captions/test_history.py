from __future__ import annotations

import pytest
from stand_in_codec import STAND_IN, stand_in_codecs

from protocol.captions import History
from protocol.captions.history import MAX_CAPTIONS
from protocol.errors import CaptionError
from protocol.frames import Picture

CODECS = stand_in_codecs()


def picture(sequence: int, codec: int, words: str, against: tuple[int, str] | None = None) -> Picture:
    number, earlier = against or (None, None)
    return Picture(sequence, 0, codec, CODECS.encode(words, codec, earlier).data, 1, earlier=number)


def test_a_caption_is_read_against_the_one_that_its_picture_names() -> None:
    history = History()
    assert history.read(picture(1, STAND_IN, "a cat"), CODECS) == "a cat"
    assert history.read(picture(2, STAND_IN, "a dog"), CODECS) == "a dog"
    unchanged = picture(3, STAND_IN, "a cat", against=(1, "a cat"))
    assert unchanged.caption == b""
    assert history.read(unchanged, CODECS) == "a cat"
    assert history.read(picture(4, STAND_IN, "a cat", against=(3, "a cat")), CODECS) == "a cat"


def test_what_is_coded_against_a_caption_that_is_not_here_is_refused_and_forgotten() -> None:
    history = History()
    for codec in (
        0,
        STAND_IN,
    ):  # one that makes no use of the earlier caption, too: the frame promises that it is there
        with pytest.raises(CaptionError, match="picture 1"):
            history.read(picture(2, codec, "a cat", against=(1, "a cat")), CODECS)
    with pytest.raises(CaptionError, match="picture 2"):
        history.read(picture(3, STAND_IN, "a cat", against=(2, "a cat")), CODECS)


def test_a_damaged_caption_leaves_nothing_behind() -> None:
    history = History()
    history.read(picture(1, STAND_IN, "a cat"), CODECS)
    with pytest.raises(CaptionError):
        history.read(Picture(1, 0, 0, b"\xff", 1), CODECS)
    with pytest.raises(CaptionError):
        history.read(Picture(2, 0, 0, b"\xff", 1), CODECS)
    assert history.read(picture(3, STAND_IN, "a cat", against=(1, "a cat")), CODECS) == "a cat"
    with pytest.raises(CaptionError):
        history.read(picture(4, STAND_IN, "a cat", against=(2, "a cat")), CODECS)


def test_so_many_captions_are_remembered() -> None:
    history = History()
    for sequence in range(MAX_CAPTIONS + 1):
        history.read(picture(sequence, 0, f"picture {sequence}"), CODECS)
    assert history.read(picture(100, STAND_IN, "picture 1", against=(1, "picture 1")), CODECS) == "picture 1"
    with pytest.raises(CaptionError):
        history.read(picture(101, STAND_IN, "picture 0", against=(0, "picture 0")), CODECS)


def test_a_picture_that_comes_again_is_the_newest() -> None:
    history = History()
    for sequence in (1, *range(2, MAX_CAPTIONS + 1), 1, 50):
        history.read(picture(sequence, 0, f"picture {sequence}"), CODECS)
    assert history.read(picture(60, STAND_IN, "picture 1", against=(1, "picture 1")), CODECS) == "picture 1"
