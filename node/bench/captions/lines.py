"""Files of captions, one a line."""

from __future__ import annotations

from pathlib import Path

from protocol.errors import NodeError


def read_lines(path: Path) -> list[str]:
    """The file's lines without their ends, and nothing else taken from them.

    Raises NodeError when it cannot be read, is no UTF-8, or has no line.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        raise NodeError(f"no file {str(path)!r}: check the path") from None
    except UnicodeDecodeError as error:
        raise NodeError(f"the file {str(path)!r} is no UTF-8 text (byte {error.start}): convert it first") from None
    except OSError as error:
        raise NodeError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    if not text:
        raise NodeError(f"the file {str(path)!r} is empty: give one with a caption on each line")
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
