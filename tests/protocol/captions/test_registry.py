from __future__ import annotations

import pytest

from protocol import captions
from protocol.errors import CaptionError


def test_a_codec_is_found_by_its_id() -> None:
    assert captions.encode("a bench", 0) == captions.Coded(codec=0, data=b"a bench", bits=56)
    assert captions.decode(0, b"a bench") == "a bench"
    assert captions.decode(1, captions.encode("A bench", 1).data) == "abench"


def test_an_unknown_codec_is_the_peers_fault_or_ours() -> None:
    with pytest.raises(CaptionError, match="99"):
        captions.decode(99, b"")
    with pytest.raises(ValueError, match="99"):
        captions.encode("a bench", 99)


def test_the_newest_codec_loses_nothing() -> None:
    assert captions.newest({0, 1, 99}) == 0
    assert captions.newest([]) == 0
