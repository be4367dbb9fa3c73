"""The commands that make rooms and keep them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from command import ROOM, SECRET, Command

from node.common import config
from node.rooms import store
from node.rooms.resolve import from_mnemonic, to_mnemonic
from protocol.room_link import RoomLink

BROKER = "mqtts://us@broker.example.org"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(config.ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def password_file(folder: Path) -> Path:
    path = folder / "password"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("name", ["new", "save", "list", "show", "forget"])
def test_each_explains_itself(command: Command, name: str) -> None:
    command.run("room", name, "--help")
    assert (command.code, command.err) == (0, "")


def test_a_new_room_is_one_link_and_a_code_to_scan(command: Command) -> None:
    assert command.run("room", "new").code == 0
    first = RoomLink.parse(command.out)
    assert command.out == f"{first.reveal()}\n"
    assert first.broker is None
    assert "█▀▄" in command.err or "█▄▀" in command.err
    assert "whoever has this link" in command.err
    assert RoomLink.parse(command.run("room", "new").out).secret != first.secret
    assert store.names() == {}


def test_the_code_holds_the_link(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import segno

    drawn: list[str] = []
    make = segno.make
    monkeypatch.setattr(segno, "make", lambda text, **options: drawn.append(text) or make(text, **options))
    command.run("room", "new", "--broker", BROKER)
    assert drawn == [command.out.strip()]
    command.run("room", "new", "--no-qr")
    assert len(drawn) == 1
    assert command.err.count("\n") == 1


def test_words_spell_the_same_room(command: Command) -> None:
    command.run("room", "new", "--words", "--no-qr")
    link, spelt = command.out.splitlines()
    assert from_mnemonic(spelt) == RoomLink.parse(link).secret


def test_the_link_names_the_broker_and_keeps_its_password_back(command: Command, home: Path) -> None:
    password = password_file(home)
    given = ("--broker", BROKER, "--broker-password-file", password)
    command.run("room", "new", *given, "--save", "treehouse")
    assert RoomLink.parse(command.out).broker == BROKER
    assert SECRET not in command.out + command.err
    kept = store.find("treehouse")
    assert kept is not None
    assert kept.broker == f"mqtts://us:{SECRET}@broker.example.org"
    assert kept.secret == RoomLink.parse(command.out).secret
    command.run("room", "new", *given, "--with-password")
    assert RoomLink.parse(command.out).broker == f"mqtts://us:{SECRET}@broker.example.org"


def test_a_password_that_others_can_see_is_told_of(command: Command) -> None:
    command.run("room", "new", "--broker", f"mqtts://us:{SECRET}@broker.example.org", "--no-qr")
    assert "--broker-password-file" in command.err
    assert SECRET not in command.out + command.err
    command.run("room", "new", "--broker", "mqtt://broker.example.org", "--no-qr")
    assert "nothing hides" in command.err
    command.run("room", "new", "--broker", "localhost", "--no-qr")
    assert "of use here alone" in command.err


def test_the_broker_of_the_settings_is_named_too(command: Command, home: Path) -> None:
    (home / "pictophone.toml").write_text(
        f'broker = "h.example.org"\nbroker_username = "us"\nbroker_password = "{SECRET}"'
    )
    command.run("room", "new")
    assert RoomLink.parse(command.out).broker == "us@h.example.org"


def test_a_saved_room_is_listed_shown_and_forgotten(command: Command) -> None:
    link = command.run("room", "new", "--save", "Treehouse", "--broker", BROKER).out
    assert "pictophone call treehouse" in command.err
    assert command.run("room", "list").out == (f"treehouse        {RoomLink.parse(link).secret.room_id()} {BROKER}\n")
    assert command.run("room", "show", "treehouse").out == link
    assert "█" in command.err
    command.run("room", "show", "treehouse", "--words", "--no-qr")
    assert command.out.splitlines()[1] == to_mnemonic(RoomLink.parse(link).secret)
    assert command.run("room", "forget", "treehouse").code == 0
    assert "no rooms are kept" in command.run("room", "list").out
    assert "no saved room 'treehouse'" in command.fails("room", "forget", "treehouse", code=2)
    assert "no saved room 'treehouse'" in command.fails("room", "show", "treehouse", code=2)


def test_an_error_names_the_saved_rooms(command: Command) -> None:
    assert "you have saved none: make one" in command.fails("room", "show", "treehouse", code=2)
    for name in ("attic", "cellar"):
        assert command.run("room", "new", "--save", name, "--no-qr").code == 0
    for arguments in (("room", "show", "treehouse"), ("room", "forget", "x"), ("call",), ("call", "treehouse")):
        assert "you have saved attic, cellar" in command.fails(*arguments, code=2)


def test_an_error_names_a_few_of_many_rooms(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "names", lambda: {f"r{number}": False for number in range(20)})
    assert f"r{store.MOST_NAMED - 1} and {20 - store.MOST_NAMED} more" in str(store.unknown("x"))


def test_a_link_that_was_given_is_asked_for_and_kept(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ROOM}@{BROKER}\n"))
    assert command.run("room", "save", "treehouse").code == 0
    assert store.find("treehouse") == RoomLink.parse(f"{ROOM}@{BROKER}")
    assert ROOM[11:16] not in command.out + command.err


def test_the_brokers_password_is_asked_for_at_a_terminal(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []
    answers = iter([f"{ROOM}@{BROKER}", "pass word@"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or next(answers))
    command.run("room", "save", "treehouse")
    assert asked[1] == "password of us at mqtts://broker.example.org:8883: "
    kept = store.find("treehouse")
    assert kept is not None
    assert kept.broker == "mqtts://us:pass%20word%40@broker.example.org"


def test_words_are_kept_with_the_broker_that_is_named(command: Command, home: Path) -> None:
    spelt = to_mnemonic(RoomLink.parse(ROOM).secret)
    path = home / "words"
    path.write_text(spelt)
    path.chmod(0o600)
    assert command.run("room", "save", "treehouse", "--room-file", path, "--broker", "mqtt://h").code == 0
    assert store.find("treehouse") == RoomLink(RoomLink.parse(ROOM).secret, "mqtt://h")
    assert command.err.count("\n") == 1


def test_words_need_no_quotes(command: Command) -> None:
    spelt = to_mnemonic(RoomLink.parse(ROOM).secret).split()
    assert command.run("room", "save", "treehouse", *spelt).code == 0
    assert store.find("treehouse") == RoomLink.parse(ROOM)
    assert "others on this machine can see" in command.err


def test_a_link_among_the_arguments_is_told_of(command: Command) -> None:
    assert command.run("room", "save", "treehouse", ROOM).code == 0
    assert "others on this machine can see" in command.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "--save", "two words"], "a room cannot be called that"),
        (["save", "two words"], "a room cannot be called that"),
        (["new", "--keyring"], "--save NAME"),
        (["show", "two words"], "no saved room"),
        (["save", "treehouse", "pictophone:hnter2"], "has 30 letters and digits"),
        (["save", "treehouse", "hunter2"], "too easy to guess"),
    ],
)
def test_wrong_usage_is_one_line(command: Command, arguments: list[str], said: str) -> None:
    assert said in command.fails("room", *arguments, code=2)


@pytest.mark.parametrize("command_name", ["show", "forget", "save"])
@pytest.mark.parametrize("given", [ROOM, ROOM.removeprefix("pictophone:"), f"{SECRET} is what we say at home"])
def test_a_secret_in_the_place_of_a_name_is_not_repeated(command: Command, command_name: str, given: str) -> None:
    said = command.fails("room", command_name, given, code=2)
    assert not any(
        part in said for part in given.removeprefix("pictophone:").replace("-", " ").split() if len(part) > 4
    )


def test_a_broker_that_is_none_is_one_line(command: Command) -> None:
    assert "not a broker address" in command.fails("room", "new", "--broker", f"http://us:{SECRET}@h", code=2)
