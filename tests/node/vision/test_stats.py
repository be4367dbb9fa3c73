"""Counts of pictures."""

from __future__ import annotations

from node.vision.stats import PicturesOut


def test_a_sent_picture_is_added_up() -> None:
    out = PicturesOut()
    assert out.ratio is None
    out.add("a cat", bits=40, frame_bytes=12, wire_bytes=130, raw_bits=24_000)
    out.add("a dog on a sofa", bits=120, frame_bytes=22, wire_bytes=140, raw_bits=24_000)
    assert (out.sent, out.caption_bits, out.frame_bytes, out.wire_bytes) == (2, 160, 34, 270)
    assert (out.last_caption, out.last_bits) == ("a dog on a sofa", 120)
    assert out.ratio == 300
