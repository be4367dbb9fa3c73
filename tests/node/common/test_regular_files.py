from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from node.common.regular_files import open_regular
from protocol.errors import NodeError


def test_an_ordinary_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bytes")
    with open_regular(tmp_path / "a") as file:
        assert file.read() == b"bytes"


def test_a_link_to_an_ordinary_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bytes")
    (tmp_path / "b").symlink_to("a")
    with open_regular(tmp_path / "b") as file:
        assert file.read() == b"bytes"


def fifo(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("needs Unix sockets")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def device(path: Path) -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("needs /dev/zero")
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.touch(), "it is empty"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (fifo, "it is a named pipe"),
        (unix_socket, "it is a socket"),
        (device, "it is a device"),
    ],
)
def test_anything_else_is_refused_at_once_with_the_reason(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    make(tmp_path / "a")
    with pytest.raises(NodeError, match=f"^{reason}$"):
        open_regular(tmp_path / "a")


def test_a_path_with_a_nul_byte_is_refused() -> None:
    with pytest.raises(NodeError, match="null byte"):
        open_regular(Path("a\0b"))
