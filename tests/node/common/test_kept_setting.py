"""A setting that is kept changes its own line in the settings file, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.common import config
from node.common.kept_setting import keep, with_setting
from protocol.errors import NodeError

FILE = '# mine\nbroker = "b.example"  # of the club\nice_servers = [\n  "stun:a",\n]\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PICTOPHONE_SETTINGS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_a_first_setting_makes_the_file_for_its_owner_alone(folder: Path) -> None:
    keep("name", 'Zoë "Z" \\ 1')
    path = folder / "config" / "pictophone" / "settings.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert config.load().name == 'Zoë "Z" \\ 1'
    keep("name", "Ann")
    assert path.read_text("utf-8") == 'name = "Ann"\n'
    assert [each.name for each in path.parent.iterdir()] == ["settings.toml"]


def test_the_file_in_force_is_written_and_its_comments_and_mode_stay(folder: Path) -> None:
    path = folder / "pictophone.toml"
    path.write_text(FILE, "utf-8")
    path.chmod(0o640)
    keep("name", "Ann")
    keep("name", "Bob")
    assert path.read_text("utf-8") == f'name = "Bob"\n{FILE}'
    assert path.stat().st_mode & 0o777 == 0o640
    assert (config.load().name, config.load().broker) == ("Bob", "b.example")


def test_a_link_stays_one(folder: Path) -> None:
    (folder / "dotfiles").mkdir()
    (folder / "dotfiles" / "p.toml").write_text(FILE, "utf-8")
    (folder / "pictophone.toml").symlink_to(folder / "dotfiles" / "p.toml")
    keep("name", "Ann")
    assert (folder / "pictophone.toml").is_symlink()
    assert (folder / "dotfiles" / "p.toml").read_text("utf-8").startswith('name = "Ann"\n')


@pytest.mark.parametrize("line", ["name='Ann'", '  "name" = "Ann" # who', 'name = "An\\u006e"\r'])
def test_the_line_that_it_has_is_found(line: str) -> None:
    assert with_setting(f"# name = 1\n{line}\n{FILE}", "name", "Bob").count('name = "Bob"') == 1


@pytest.mark.parametrize(
    "text", ["name = [", 'name = """\nAnn"""\n', 'room = """\nname = "x"\n"""\nname = "Ann"', 'NOT TOML = "x"']
)
def test_what_cannot_be_changed_alone_is_not_changed(folder: Path, text: str) -> None:
    path = folder / "pictophone.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(NodeError, match="cannot keep 'name'"):
        keep("name", "Bob")
    assert path.read_text("utf-8") == text


def test_a_folder_that_cannot_be_written_is_an_error_in_one_line(folder: Path) -> None:
    (folder / "config").write_text("a file in its place")
    with pytest.raises(NodeError, match="cannot write the settings"):
        keep("name", "Ann")
