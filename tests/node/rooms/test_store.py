"""The file that rooms are kept in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from node.rooms import store
from protocol.errors import NodeError, UsageError
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

LINK = RoomLink(RoomSecret(b"p" * 16), "mqtts://ann:pa'ss\"word@broker.example.org")
OTHER = RoomLink(RoomSecret(b"q" * 16))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_room_is_kept_for_the_owner_alone(home: Path) -> None:
    before = os.umask(0)
    try:
        store.save("treehouse", LINK, in_keyring=False)
    finally:
        os.umask(before)
    assert store.find("treehouse") == LINK
    assert (mode(store.rooms_file()), mode(home)) == (0o600, 0o700)
    assert [path.name for path in home.iterdir()] == ["rooms.toml"]


def test_rooms_are_kept_beside_each_other() -> None:
    store.save("treehouse", LINK, in_keyring=False)
    store.save("Attic", OTHER, in_keyring=False)
    assert store.names() == {"attic": False, "treehouse": False}
    assert (store.find("ATTIC"), store.find("TreeHouse")) == (OTHER, LINK)
    store.forget("treehouse")
    assert store.names() == {"attic": False}
    assert store.find("treehouse") is None


def test_without_a_file_there_are_no_rooms(home: Path) -> None:
    assert store.names() == {}
    assert store.find("treehouse") is None
    assert not home.exists()


def test_a_name_is_taken_once() -> None:
    store.save("treehouse", LINK, in_keyring=False)
    with pytest.raises(UsageError, match="pictophone room forget treehouse"):
        store.save("Treehouse", OTHER, in_keyring=False)
    assert store.find("treehouse") == LINK


@pytest.mark.parametrize("name", ["", "-", "two words", "a/b", "ä", "x" * 33, "pictophone:x"])
def test_what_is_no_name_is_refused(name: str) -> None:
    assert not store.is_name(name)
    with pytest.raises(UsageError, match="a room cannot be called"):
        store.save(name, LINK, in_keyring=False)


def test_who_is_not_there_is_not_forgotten() -> None:
    with pytest.raises(UsageError, match="you have saved none"):
        store.forget("attic")


def test_a_file_that_others_could_read_is_closed_and_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    store.save("treehouse", LINK, in_keyring=False)
    store.rooms_file().chmod(0o644)
    assert store.find("treehouse") == LINK
    assert mode(store.rooms_file()) == 0o600
    assert capsys.readouterr().err.count("others could read") == 1
    store.find("treehouse")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "content", [b"treehouse", b"treehouse = 'pictophone:SECRET", b"\xff", b"treehouse = 5", b"treehouse = ['SECRET']"]
)
def test_a_damaged_file_is_one_line_without_what_it_holds(home: Path, content: bytes) -> None:
    home.mkdir()
    store.rooms_file().write_bytes(content)
    store.rooms_file().chmod(0o600)
    with pytest.raises(NodeError, match=r"rooms\.toml") as caught:
        store.names()
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert store.rooms_file().read_bytes() == content


def test_a_damaged_link_names_its_room(home: Path) -> None:
    home.mkdir()
    store.rooms_file().write_text('treehouse = "pictophone:SECRET"')
    with pytest.raises(NodeError, match=r"the saved room 'treehouse' cannot be read: .* not 6") as caught:
        store.find("treehouse")
    assert "SECRET" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_one_line(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(NodeError, match="your rooms"):
        store.save("treehouse", LINK, in_keyring=False)


def test_what_cannot_be_replaced_stays_and_leaves_nothing_beside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, target: Path) -> Path:
        raise PermissionError("not allowed")

    store.save("treehouse", LINK, in_keyring=False)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(NodeError, match="cannot write your rooms"):
        store.save("attic", OTHER, in_keyring=False)
    assert [path.name for path in home.iterdir()] == ["rooms.toml"]
    assert store.names() == {"treehouse": False}


@pytest.mark.parametrize("error", [PermissionError, NotADirectoryError])
def test_a_home_that_is_not_ours_has_no_rooms_and_takes_none(
    home: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def refuse(path: Path, **how: object) -> None:
        raise error(error.__name__)

    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    assert store.names() == {}
    assert store.find("treehouse") is None
    with pytest.raises(NodeError, match="cannot write your rooms"):
        store.save("treehouse", LINK, in_keyring=False)


def test_a_user_without_a_home_has_no_rooms_and_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise NodeError("you have no home folder")

    monkeypatch.setattr("node.common.config.folder", none)
    assert store.names() == {}
    with pytest.raises(NodeError, match="no home folder"):
        store.save("treehouse", LINK, in_keyring=False)
