"""Who is here and what each shows, for a recording that begins in the middle."""

from __future__ import annotations

from node.captions.coder import Caption
from node.recording.standing import CallSnapshot
from protocol import frames, log
from protocol.signalling import Carries, Hello

BOB = Hello(1, "Bob", Carries.PICTURES_OUT)


def _picture(sequence: int) -> bytes:
    return frames.encode(frames.Picture(sequence, 0, 0, b"a cat", 0))


def test_the_newest_of_each_who_is_here() -> None:
    standing = CallSnapshot("a7k")
    assert standing.records() == []
    standing.joined("b2q", BOB)
    standing.joined("c3d", Hello(2, "Cat", Carries.NOTHING))
    standing.frame_sent(_picture(1))
    standing.frame_came("b2q", _picture(1))
    standing.frame_came("b2q", _picture(2), Caption("a cat"))
    standing.frame_came("b2q", frames.encode(frames.Hold(2)))
    standing.frame_came("c3d", _picture(9))
    standing.frame_sent(b"\xff")
    standing.left("c3d")
    standing.left("nobody")
    assert standing.records() == [
        log.Joined(0, "b2q", "Bob", 4),
        log.Frame(0, "a7k", _picture(1)),
        log.Frame(0, "b2q", _picture(2), "a cat"),
    ]
