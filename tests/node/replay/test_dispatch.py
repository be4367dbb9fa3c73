"""Records dispatched as the live call reported them."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image
from sessions import HEADER, came, picture, went

from node.call.observers import CallObserver
from node.replay.dispatch import RecordDispatcher, decode_snapshot
from protocol.log import Header, Joined, Snapshot
from protocol.signalling import Carries, Hello


class Watching(CallObserver):
    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []

    def joined(self, peer: str, hello: Hello) -> None:
        self.events.append((peer, hello.name, hello.carries))

    def left(self, peer: str) -> None:
        self.events.append((peer, "left"))

    def captioned(self, snapshot: Image.Image, sequence: int, words: str) -> None:
        self.events.append((snapshot.size, sequence, words))

    def frame_sent(self, frame: bytes) -> None:
        self.events.append(("frame",))


def snapshot(sequence: int, data: bytes | None = None) -> Snapshot:
    file = io.BytesIO()
    Image.new("RGB", (4, 3)).save(file, "PNG")
    return Snapshot(0, sequence, "png", file.getvalue() if data is None else data)


def test_a_snapshot_is_told_with_the_picture_that_was_made_of_it() -> None:
    watching = Watching()
    dispatcher = RecordDispatcher(HEADER, watching)
    for record, words in ((snapshot(1), ""), (picture("me", 0, "a cat"), "a cat"), (picture("me", 1, "b", 2), "b")):
        dispatcher.dispatch(record, words)
    assert watching.events == [((4, 3), 1, "a cat"), ("frame",), ("frame",)]


def test_a_snapshot_that_is_none_costs_nothing_else() -> None:
    watching = Watching()
    dispatcher = RecordDispatcher(HEADER, watching)
    dispatcher.dispatch(snapshot(1, b"no picture"))
    dispatcher.dispatch(picture("me", 0, "a cat"), "a cat")
    assert watching.events == [("frame",)]


@pytest.mark.parametrize("form", ["DDS", "TIFF", "EPS"])  # Pillow runs a program for the last
def test_a_snapshot_of_a_form_that_no_recorder_writes_is_not_opened(form: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 3)).save(file, form)
    assert decode_snapshot(snapshot(1, file.getvalue())).image is None


@pytest.mark.parametrize("form", ["WEBP", "JPEG", "PNG"])
def test_a_damaged_snapshot_is_none_or_a_picture(form: str) -> None:
    file, rng = io.BytesIO(), random.Random(4)
    Image.radial_gradient("L").resize((16, 16)).convert("RGB").save(file, form)
    for _ in range(200):
        data = bytearray(file.getvalue())
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        image = decode_snapshot(snapshot(1, bytes(data[: rng.randrange(len(data) + 1)]))).image
        assert image is None or image.mode == "RGB"


def test_who_is_here_is_told_once_and_leaves_once() -> None:
    watching = Watching()
    dispatcher = RecordDispatcher(Header(), watching)
    for record in (came("b", 0, "Ben"), came("b", 0, "Ben"), went("b", 1), went("b", 2), Joined(3, "c", "C", 1 << 20)):
        dispatcher.dispatch(record)
    assert watching.events == [("b", "Ben", Carries.EVERYTHING), ("b", "left"), ("c", "C", Carries.NOTHING)]
    assert [left.peer for left in dispatcher.departed([])] == ["c"]
    assert list(dispatcher.departed([Joined(3, "c", "C", 1)])) == []


def test_a_name_longer_than_a_hello_has_is_cut() -> None:
    """Of a file that somebody made up: each letter here has three bytes."""
    watching = Watching()
    RecordDispatcher(Header(node="me"), watching).dispatch(Joined(0, "b", "語" * 5000, 15))
    assert watching.events == [("b", "語" * 21, Carries.EVERYTHING)]
