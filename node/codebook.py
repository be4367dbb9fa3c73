"""The codebook that ships with the package: where its bytes are."""

from __future__ import annotations

from importlib.resources import files

FILE = "captions.codebook"


def read() -> bytes:
    """The shipped codebook's bytes."""
    return files("protocol.captions").joinpath(FILE).read_bytes()
