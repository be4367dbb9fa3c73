"""One secret line of a file, or typed; our own files of secrets."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from command import ROOM

from node.common import secret_input
from protocol.errors import NodeError, UsageError

WHAT = "your secrets"


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [b"hunter2", b"hunter2\n", b"  hunter2 \r\nmore\n", b"hunter2\n\n"])
def test_the_first_line_counts(tmp_path: Path, content: bytes) -> None:
    assert secret_input.read_line(written(tmp_path / "s", content), "the room") == "hunter2"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o777])
def test_what_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(NodeError, match="run chmod 600 on it") as caught:
        secret_input.read_line(written(tmp_path / "s", b"hunter2", mode), "the room")
    assert "hunter2" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_a_pipe_is_nobody_elses(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o644)
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("hunter2\n",))
    writer.start()
    assert secret_input.read_line(tmp_path / "pipe", "the room") == "hunter2"
    writer.join()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\nhunter2", "empty"),
        (b"\xffhunter2", "no text"),
        (b"hunter2" * 1000, "too long"),
    ],
)
def test_a_file_without_it_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(NodeError) as caught:
        secret_input.read_line(written(tmp_path / "s", content), "the room")
    assert "the room" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(NodeError, match=f"cannot read the room from '{path}'"):
            secret_input.read_line(path, "the room")


def test_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(" hunter2 \nmore\n"))
    assert secret_input.ask("room") == "hunter2"
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(UsageError, match="no room was given"):
        secret_input.ask("room")


def test_at_a_terminal_it_is_typed_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "hunter2")
    assert secret_input.ask("room") == "hunter2"
    assert asked == ["room: "]


SHOW_LIMIT = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"


def limit_after(code: str) -> int:
    """The limit of a process that ran this, having begun with whatever the system allows."""
    begin = "import resource as r; r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2)"
    done = subprocess.run(
        [sys.executable, "-c", f"{begin}\n{code}\n{SHOW_LIMIT}"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_process_that_resolves_a_room_leaves_no_core() -> None:
    pytest.importorskip("resource", reason="needs a system with limits of its own")
    if not limit_after(""):
        pytest.skip("needs a system that allows cores")
    resolve = f"from node.common import config; from node.rooms import resolve; resolve({ROOM!r}, config.load())"
    assert limit_after(resolve) == 0


# -- our own files


def test_what_was_written_is_read_and_nobody_else_can(tmp_path: Path) -> None:
    path = tmp_path / "settings" / "secrets.toml"
    assert secret_input.load(path, WHAT) is None
    for text in ("a = 1\n", "b = 'ü'\n"):
        secret_input.save(path, text, WHAT)
    assert secret_input.load(path, WHAT) == {"b": "ü"}
    assert list(path.parent.iterdir()) == [path]
    if os.name == "posix":
        assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path)] == [0o700, 0o600]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_one_that_others_could_read_is_closed_and_a_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "secrets.toml"
    secret_input.save(path, "a = 1\n", WHAT)
    path.chmod(0o640)
    assert secret_input.load(path, WHAT) == {"a": 1}
    assert f"others could read {path}, {WHAT}: now they cannot" in capsys.readouterr().err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("data", [b"no toml", b"\xff"])
def test_what_is_no_toml_is_for_the_caller_to_say(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "secrets.toml"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(ValueError):
        secret_input.load(path, WHAT)


def test_a_folder_in_its_place_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=f"cannot read {WHAT} in .*: Is a directory"):
        secret_input.load(tmp_path, WHAT)
    (tmp_path / "file").write_text("")
    with pytest.raises(NodeError, match=f"cannot write {WHAT} to"):
        secret_input.save(tmp_path / "file" / "secrets.toml", "a = 1\n", WHAT)
