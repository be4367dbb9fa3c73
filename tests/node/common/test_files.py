"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import signal
from pathlib import Path

import pytest

from node.common.files import atomic_write, check_writable, from_home, replaced, write_text
from protocol.errors import NodeError, UsageError


def test_the_file_is_there_when_the_context_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with atomic_write(path) as beside:
        beside.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(tmp_path.iterdir()) == [path]


def test_after_a_failure_nothing_is_left_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("mine")
    with pytest.raises(ZeroDivisionError), atomic_write(path, force=True) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "mine"
    with pytest.raises(NodeError, match="No space left"), atomic_write(path, force=True) as beside:
        beside.write_text("half")
        raise OSError(28, "No space left on device")
    assert [one.read_text() for one in tmp_path.iterdir()] == ["mine"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"), atomic_write(tmp_path):
        pass
    with pytest.raises(NodeError, match="make it first"), atomic_write(tmp_path / "no" / "out.txt"):
        pass
    (tmp_path / "out.txt").touch()
    with pytest.raises(UsageError, match="--force"), atomic_write(tmp_path / "out.txt"):
        pass


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    null = Path("/dev/null")
    if not null.is_char_device():
        pytest.skip("needs /dev/null")
    for path in (null, tmp_path / "link"):
        if path is not null:
            path.symlink_to(null)
        with pytest.raises(UsageError, match="is a device"), atomic_write(path, force=True):
            pass
    assert null.is_char_device()


def test_of_a_link_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "out.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    with atomic_write(link, force=True) as beside:
        beside.write_text("new")
    assert (link.is_symlink(), target.read_text()) == (True, "new")


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="File name too long"), atomic_write(tmp_path / ("n" * 300)):
        pass
    longest = tmp_path / ("n" * 255)
    with atomic_write(longest) as beside:
        beside.write_text("all of it")
    assert longest.read_text() == "all of it"


def test_what_cannot_be_written_is_known_before_the_work_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is left cannot be deleted either, on a file system that can only be read."""

    def refuse(*how: object, **more: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    began = False
    with pytest.raises(NodeError, match="Read-only file system"), atomic_write(tmp_path / "out.txt"):
        began = True
    assert not began


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_what_ends_the_process_leaves_no_half(name: str, tmp_path: Path) -> None:
    number = getattr(signal, name, None)
    if number is None:
        pytest.skip(f"needs {name}")
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), atomic_write(tmp_path / "out.txt") as beside:
            beside.write_text("half")
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_somebody_has_taken_stays_theirs(tmp_path: Path) -> None:
    taken: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: taken.append(number))
    try:
        with atomic_write(tmp_path / "out.txt") as beside:
            signal.raise_signal(signal.SIGTERM)
            beside.write_text("all of it")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert taken == [signal.SIGTERM]
    assert (tmp_path / "out.txt").read_text() == "all of it"


def test_a_replaced_file_is_the_owners_alone_from_its_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "rooms.toml"
    path.write_text("old")
    with replaced(path, 0o600) as beside:
        assert beside.stat().st_mode & 0o777 == 0o600
        beside.write_text("new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_link_itself_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with replaced(link) as beside:
        beside.write_text("new")
    assert (target.read_text(), link.read_text(), link.is_symlink()) == ("old", "new", False)


@pytest.mark.parametrize(
    ("name", "reason"), [("no/page.html", "no folder .* make it first"), (".", "it is a folder; .* like sweep.html")]
)
def test_what_no_page_can_be_written_to(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(NodeError, match=reason):
        check_writable(tmp_path / name, "page", "sweep.html")


def test_a_file_that_is_there_or_not_can_be_written(tmp_path: Path) -> None:
    for _ in range(2):
        check_writable(tmp_path / "page.html", "page", "sweep.html")
        write_text(tmp_path / "page.html", "all of it", "page")


def test_a_page_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"cannot write the page .*: File name too long"):
        write_text(tmp_path / ("x" * 300), "all of it", "page")


def test_a_home_that_nobody_has_stays_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert from_home("~/x") == Path("/home/ann/x")
    assert from_home("~nobody-here/x") == Path("~nobody-here/x")
