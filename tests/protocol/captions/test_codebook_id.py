from __future__ import annotations

from typing import Any

import pytest

from protocol.captions import CodebookId


@pytest.mark.parametrize("hash", [b"", b"abc", b"abcde", "text"])
def test_a_hash_has_four_bytes(hash: Any) -> None:
    with pytest.raises(ValueError, match="hash"):
        CodebookId(1, hash)


@pytest.mark.parametrize("number", [-1, 2**16, True, "1"])
def test_an_id_is_a_small_number(number: Any) -> None:
    with pytest.raises(ValueError, match="codebook"):
        CodebookId(number, b"abcd")


def test_codebooks_agree_in_both() -> None:
    assert CodebookId(1, b"abcd") == CodebookId(1, b"abcd")
    assert len({CodebookId(1, b"abcd"), CodebookId(2, b"abcd"), CodebookId(1, b"abce")}) == 3
