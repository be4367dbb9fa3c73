"""Those who look on at a call: told in order, and free to come and go."""

from __future__ import annotations

import inspect

import pytest
from PIL import Image

from node.call.observers import CallObserver, ChatLine, Observers
from node.captions.coder import Caption
from node.common.peer_faults import PeerFaults
from node.speech.send_stream import SpeechPacket
from node.vision.types import PaintedPicture
from protocol.signalling import Carries, Hello

HELLO = Hello(1, "Ann", Carries.NOTHING)
PACKET = SpeechPacket(b"\x00", 0, 0.0, True, 120)
IMAGE = Image.new("RGB", (4, 4))
CAPTION = Caption("a cat", 23)
PAINTED = PaintedPicture("anna", 1, "a cat", 0, IMAGE)
LINE = ChatLine("anna", 1, "Ann", "hello", 1.8e9, True, "anna", ("Bob",))

TOLD: dict[str, tuple[object, ...]] = {
    "joined": ("anna", HELLO),
    "left": ("anna",),
    "speech_sent": (PACKET,),
    "speech_received": ("anna", 7, 960, b"\x00", ()),
    "frame_sent": (b"\x01", CAPTION),
    "frame_received": ("anna", b"\x01", CAPTION),
    "captioned": (IMAGE, 1, "a cat"),
    "painted": (PAINTED,),
    "line_typed": (LINE, b"\x01"),
    "line_marked": (LINE,),
    "link_missing": ("anna", "no path was found"),
    "here_by_speech": ("anna", "Ann", True),
    "floor_changed": ("anna",),
    "noted": ("Ann is here",),
}


class Notebook(CallObserver):
    """Writes down all it is told."""

    def __init__(self, pages: list[tuple[object, ...]]) -> None:
        for name in TOLD:
            setattr(self, name, lambda *what, name=name: pages.append((self, name, *what)))


def test_everything_there_is_to_tell_is_tried_here() -> None:
    methods = {name for name, _ in inspect.getmembers(CallObserver, inspect.isfunction)}
    assert methods == set(TOLD)


@pytest.mark.parametrize("name", TOLD)
def test_all_are_told_in_the_order_in_which_they_came(name: str) -> None:
    pages: list[tuple[object, ...]] = []
    first, second = Notebook(pages), Notebook(pages)
    witnesses = Observers(first)
    witnesses.add(second)
    getattr(witnesses, name)(*TOLD[name])
    assert pages == [(first, name, *TOLD[name]), (second, name, *TOLD[name])]


@pytest.mark.parametrize("name", TOLD)
def test_one_that_left_is_told_no_more(name: str) -> None:
    pages: list[tuple[object, ...]] = []
    leaving, staying = Notebook(pages), Notebook(pages)
    witnesses = Observers(leaving, staying)
    witnesses.remove(leaving)
    getattr(witnesses, name)(*TOLD[name])
    assert [page[0] for page in pages] == [staying]


@pytest.mark.parametrize("name", TOLD)
def test_a_witness_that_overrides_nothing_may_be_told_everything(name: str) -> None:
    getattr(CallObserver(), name)(*TOLD[name])


def test_one_that_never_came_cannot_leave() -> None:
    with pytest.raises(ValueError, match="not in list"):
        Observers().remove(CallObserver())


@pytest.mark.parametrize("name", TOLD)
def test_one_that_raises_keeps_the_others_from_nothing(name: str) -> None:
    notes: list[str] = []
    pages: list[tuple[object, ...]] = []

    class Stumbling(CallObserver):
        def __getattribute__(self, what: str) -> object:
            if what == name:
                raise UnicodeEncodeError("utf-8", "a caption", 0, 1, "surrogates")
            return super().__getattribute__(what)

    faults = PeerFaults(notes.append)
    witnesses = Observers(Stumbling(), Notebook(pages), faults=faults)
    for _ in range(3):
        getattr(witnesses, name)(*TOLD[name])
    assert len(pages) == faults.count == 3
    assert notes == [
        "what was to be shown or recorded of Stumbling could not be handled (UnicodeEncodeError) and is left out"
    ]


def test_bits_are_measured_only_where_somebody_wants_them() -> None:
    class Counting(CallObserver):
        wants_bits = True

    witnesses = Observers(CallObserver())
    assert not witnesses.want_bits()
    witnesses.add(Counting())
    assert witnesses.want_bits()
