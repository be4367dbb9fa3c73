from __future__ import annotations

from typing import Any

import pytest

from protocol.captions import Codebook


@pytest.mark.parametrize("hash", [b"", b"abc", b"abcde", "text"])
def test_a_hash_has_four_bytes(hash: Any) -> None:
    with pytest.raises(ValueError, match="hash"):
        Codebook(1, hash)


@pytest.mark.parametrize("number", [-1, 2**16, True, "1"])
def test_an_id_is_a_small_number(number: Any) -> None:
    with pytest.raises(ValueError, match="codebook"):
        Codebook(number, b"abcd")


def test_codebooks_agree_in_both() -> None:
    assert Codebook(1, b"abcd") == Codebook(1, b"abcd")
    assert len({Codebook(1, b"abcd"), Codebook(2, b"abcd"), Codebook(1, b"abce")}) == 3
