"""From what a user gives as the room to the room."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from node.common import config
from node.rooms import resolve, store, words
from node.rooms.resolve import IN_THE_OPEN
from protocol import passphrase
from protocol.errors import NodeError, UsageError
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

SECRET = RoomSecret(b"treehouse secret")
LINK = RoomLink(SECRET, "mqtts://us:pa55@broker.example.org")
PHRASE = "otter lamp quartz mild"


@pytest.fixture(autouse=True)
def _cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "MEMORY_KIB", 64)


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_link_is_a_room_and_its_broker() -> None:
    room = resolve(LINK.reveal(), config.load())
    assert (room.secret, room.broker, room.name) == (SECRET, LINK.broker, None)
    assert resolve(LINK.reveal().removeprefix("pictophone:"), config.load()) == room


def test_words_are_a_room() -> None:
    room = resolve(words.to_mnemonic(SECRET), config.load())
    assert (room.secret, room.broker, room.name) == (SECRET, None, None)


def test_a_passphrase_is_a_room_however_it_is_typed() -> None:
    room = resolve(PHRASE, config.load())
    assert room == resolve(f" {PHRASE.title()}  ", config.load())
    assert room.secret == passphrase.secret_of(PHRASE)


def test_a_saved_room_goes_by_its_name() -> None:
    store.save("treehouse", LINK, in_keyring=False)
    room = resolve("TreeHouse", config.load())
    assert (room.secret, room.broker, room.name, room.note) == (SECRET, LINK.broker, "treehouse", None)


@pytest.mark.parametrize("text", ["tree house", "treehouse", "", "pictophone:nonsense", "p" * 100])
def test_what_is_none_of_them_is_one_line(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(text, config.load())
    assert "\n" not in str(caught.value)
    assert not text or text == "treehouse" or text not in str(caught.value)


@pytest.mark.parametrize("text", [LINK.reveal(), words.to_mnemonic(SECRET), PHRASE])
def test_a_secret_in_the_process_list_is_told_of_once(text: str) -> None:
    assert resolve(text, config.load()).note == IN_THE_OPEN


# -- where no other user sees it


def test_the_settings_may_hold_the_room(home: Path) -> None:
    home.mkdir()
    (home / "settings.toml").write_text(f'room = "{LINK.reveal()}"')
    room = resolve(None, config.load())
    assert (room.secret, room.note) == (SECRET, None)


def test_the_environment_may_hold_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_ROOM", LINK.reveal())
    room = resolve(None, config.load())
    assert (room.secret, room.note) == (SECRET, None)
    assert LINK.reveal() not in repr(config.load())
    store.save("attic", RoomLink(RoomSecret(b"q" * 16)), in_keyring=False)
    assert resolve("attic", config.load()).name == "attic"


def test_a_file_may_hold_the_room(tmp_path: Path) -> None:
    path = private(tmp_path / "room", f"{LINK.reveal()}\nanything else\n")
    room = resolve(None, config.load(room_file=path))
    assert (room.secret, room.note) == (SECRET, None)


def test_of_a_room_and_a_file_of_one_the_nearer_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = private(home.parent / "room", LINK.reveal())
    home.mkdir()
    (home / "settings.toml").write_text(f'room_file = "{path}"')
    assert resolve(None, config.load()).secret == SECRET
    other = RoomLink(RoomSecret(b"q" * 16))
    monkeypatch.setenv("PICTOPHONE_ROOM", other.reveal())
    assert resolve(None, config.load()).secret == other.secret
    assert resolve(None, config.load(room_file=path)).secret == SECRET


def test_a_file_and_a_room_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not both"):
        resolve("treehouse", config.load(room_file=private(tmp_path / "room", LINK.reveal())))


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = private(tmp_path / "room", LINK.reveal())
    path.chmod(0o640)
    with pytest.raises(NodeError, match="chmod 600"):
        resolve(None, config.load(room_file=path))


def test_a_prompt_may_ask_for_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("-", None):
        typed(monkeypatch, f"{LINK.reveal()}\n")
        monkeypatch.setenv("PICTOPHONE_ROOM", "-")
        room = resolve(text, config.load())
        assert (room.secret, room.note) == (SECRET, None)


def test_nothing_typed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "\n")
    with pytest.raises(UsageError, match="no room"):
        resolve("-", config.load())


def test_no_room_at_all_is_told() -> None:
    with pytest.raises(UsageError, match=re.escape("pictophone room new")):
        resolve(None, config.load())


def test_too_little_memory_for_a_passphrase_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(text: str) -> RoomSecret:
        raise MemoryError

    monkeypatch.setattr(passphrase, "secret_of", exhausted)
    with pytest.raises(NodeError, match="use the room's link"):
        resolve(PHRASE, config.load())


def test_a_room_does_not_show_itself() -> None:
    shown = repr(resolve(LINK.reveal(), config.load()))
    assert "pa55" not in shown
    assert LINK.reveal()[11:16] not in shown
