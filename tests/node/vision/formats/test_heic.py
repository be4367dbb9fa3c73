from __future__ import annotations

import pytest

from node.vision.formats.heic import is_heic


def start(*brands: bytes, size: int | None = None) -> bytes:
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (4 + len(box) if size is None else size).to_bytes(4, "big") + box


@pytest.mark.parametrize(
    ("first_bytes", "heic"),
    [
        (start(b"heic", b"mif1", b"heic"), True),
        (start(b"mif1", b"heic"), True),
        (start(b"mif1", b"avif", b"miaf"), False),
        (start(b"avif", b"mif1"), False),
        (start(b"mif1", b"heic") + b"avif", True),  # behind the list of brands
        (start(b"isom", b"mp41"), False),
        (start(b"heix", size=2**32 - 1), True),
        (b"\x00\x00\x00\x00ftyp", False),
        (b"", False),
    ],
)
def test_a_file_is_known_by_its_brands(first_bytes: bytes, heic: bool) -> None:
    assert is_heic(first_bytes) is heic
