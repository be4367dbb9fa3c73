"""Audiences kept by name: the same link every time, for their owner's eyes alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from node.rooms.audience_store import audience_file, find_or_make, make
from protocol.errors import NodeError, UsageError

CLOCK_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_the_link_stays_the_same_from_week_to_week() -> None:
    first = find_or_make("evening", CLOCK_MS).link("h")
    assert find_or_make("Evening", CLOCK_MS + 200 * HOUR_MS).link("h") == first
    assert find_or_make("morning", CLOCK_MS).link("h") != first


def test_made_anew_it_has_another_key_and_another_secret() -> None:
    first = find_or_make("evening", CLOCK_MS).link("h")
    second = make("evening", CLOCK_MS).link("h")
    assert first.speaker != second.speaker
    assert first.secret != second.secret
    assert find_or_make("evening", CLOCK_MS).link("h") == second


def test_a_link_from_now_opens_nothing_of_before() -> None:
    saved = find_or_make("evening", CLOCK_MS)
    later = saved.link("h", saved.since + 100)
    assert later.since == saved.since + 100
    assert later.secret == saved.chain().secret_of(saved.since + 100)
    assert saved.link("h", saved.since - 5) == saved.link("h")


def test_only_its_owner_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    find_or_make("evening", CLOCK_MS)
    path = audience_file("evening")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    find_or_make("evening", CLOCK_MS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "others could read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 33, "ü"])
def test_a_name_that_is_none_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called that"):
        find_or_make(name, CLOCK_MS)


@pytest.mark.parametrize(
    "text",
    ["", "key = 5\nsince = 1\nsecret = 'aa'", "key = 'zz'\nsince = 1\nsecret = ''", "no toml", "\xff",
     f"key = '{'aa' * 32}'\nsince = -1\nsecret = '{'bb' * 16}'"],
)  # fmt: skip
def test_a_damaged_file_is_one_line_that_shows_nothing_of_it(text: str) -> None:
    path = audience_file("evening")
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    path.chmod(0o600)
    with pytest.raises(NodeError, match="cannot be read") as caught:
        find_or_make("evening", CLOCK_MS)
    assert "aaaa" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(NodeError, match=r"cannot (read|write) your audience"):
        find_or_make("evening", CLOCK_MS)


def test_it_does_not_show_itself() -> None:
    saved = find_or_make("evening", CLOCK_MS)
    assert repr(saved.secret) not in repr(saved)
