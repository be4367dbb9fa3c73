"""Rooms in a keyring that the test holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.rooms import store
from protocol.errors import NodeError
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

keyring = pytest.importorskip("keyring", reason="needs the package keyring")
backend = pytest.importorskip("keyring.backend", reason="needs the package keyring")

LINK = RoomLink(RoomSecret(b"k" * 16), "mqtts://h")


class Held(backend.KeyringBackend):  # type: ignore[misc, unused-ignore]
    """A keyring in memory, which may be locked."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def _open(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("the user\nsaid no")

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        if self.held.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not there")


@pytest.fixture
def held() -> Iterator[Held]:
    before, mine = keyring.get_keyring(), Held()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_the_file_holds_no_secret_then(held: Held) -> None:
    store.save("Treehouse", LINK, in_keyring=True)
    assert "pictophone:" not in store.rooms_file().read_text()
    assert held.held == {(store.KEYRING_SERVICE, "treehouse"): LINK.reveal()}
    assert store.names() == {"treehouse": True}
    assert store.find("treehouse") == LINK
    store.forget("treehouse")
    assert (held.held, store.names()) == ({}, {})


def test_what_is_gone_from_the_keyring_is_no_room(held: Held) -> None:
    store.save("treehouse", LINK, in_keyring=True)
    held.held.clear()
    assert store.find("treehouse") is None
    store.forget("treehouse")
    assert store.names() == {}


def test_a_locked_keyring_is_one_line(held: Held) -> None:
    store.save("treehouse", LINK, in_keyring=True)
    held.locked = True
    for attempt in (
        lambda: store.find("treehouse"),
        lambda: store.forget("treehouse"),
        lambda: store.save("attic", LINK, in_keyring=True),
    ):
        with pytest.raises(NodeError, match="the keyring does not serve: the user said no;") as caught:
            attempt()
        assert "\n" not in str(caught.value)
    assert store.names() == {"treehouse": True}


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(NodeError, match="keyring\\]'"):
        store.save("treehouse", LINK, in_keyring=True)
    assert store.names() == {}
