"""How rooms are given: links, words, saved names, passphrases; which are refused, and what is repeated of them."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.common import config
from node.rooms import resolve, store
from node.rooms.resolve import IN_THE_OPEN, check_strength, from_mnemonic, looks_like_mnemonic, to_mnemonic
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
    room = resolve(to_mnemonic(SECRET), config.load())
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


@pytest.mark.parametrize("text", [LINK.reveal(), to_mnemonic(SECRET), PHRASE])
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


@pytest.mark.parametrize("phrase", ["otter lamp quartz mild", "correct horse battery staple", "j7#Kq0!pZ2vL9x"])
def test_one_that_nobody_guesses_is_taken(phrase: str) -> None:
    check_strength(phrase)


@pytest.mark.parametrize(
    "phrase",
    ["", " ", "treehouse", "Password123!", "summer2026", "qwertyuiop asdfghjkl", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "room room room room",
     "pictophone call treehouse", "12345678901234567890", "\x00", "ann and bob"],
)  # fmt: skip
def test_one_that_is_tried_first_is_refused_and_not_repeated(phrase: str) -> None:
    with pytest.raises(UsageError, match="too easy to guess") as caught:
        check_strength(phrase)
    assert "\n" not in str(caught.value)
    assert phrase.strip() not in str(caught.value) or len(phrase) < 5 or phrase == "treehouse"


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        check_strength(text)
    except UsageError as error:
        assert "\n" not in str(error)


def test_a_long_one_is_judged_by_its_beginning() -> None:
    began = time.process_time()
    check_strength("otter lamp quartz mild " * 1000)
    assert time.process_time() - began < 20  # zxcvbn would take hours for all of it


# The first of BIP-39's own test vectors, and another.
VECTORS = {
    "00" * 16: "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
    "7f" * 16: "legal winner thank year wave sausage worth useful legal winner thank yellow",
}


@pytest.mark.parametrize(("secret", "spelt"), VECTORS.items())
def test_they_are_those_of_bip_39(secret: str, spelt: str) -> None:
    assert to_mnemonic(RoomSecret(bytes.fromhex(secret))) == spelt
    assert from_mnemonic(spelt).reveal().hex() == secret


@given(st.binary(min_size=16, max_size=16).map(RoomSecret))
def test_every_secret_comes_back(secret: RoomSecret) -> None:
    spelt = to_mnemonic(secret)
    assert looks_like_mnemonic(spelt)
    assert from_mnemonic(f" {spelt.upper()}\n".replace(" ", "  ")) == secret


def test_a_word_that_is_none_is_counted_and_not_repeated() -> None:
    spelt = VECTORS["7f" * 16].replace("year", "yeer")
    assert looks_like_mnemonic(spelt)
    with pytest.raises(UsageError, match="word 4 of the room's words") as caught:
        from_mnemonic(spelt)
    assert "yeer" not in str(caught.value)


def test_a_wrong_order_is_noticed() -> None:
    spelt = VECTORS["7f" * 16].replace("legal winner thank year", "winner legal thank year")
    with pytest.raises(UsageError, match="their order") as caught:
        from_mnemonic(spelt)
    assert "winner" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "abandon", "abandon " * 11, "abandon " * 13, "the quick brown fox is jumping over the lazy dog at noon"],
)
def test_what_means_to_be_something_else(text: str) -> None:
    assert not looks_like_mnemonic(text)
