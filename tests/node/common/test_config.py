"""Settings: file, then environment, then flags."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.common import config
from protocol.errors import NodeError, UsageError

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, an empty home, and no settings in the environment."""
    for name in [name for name in os.environ if name.startswith(config.ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def test_there_are_defaults_for_all() -> None:
    settings = config.load()
    assert settings.broker == "mqtt://127.0.0.1:1883"
    assert (settings.models, settings.captioner, settings.generator) == ("embedded", None, None)
    assert settings.profile == "lean"
    assert settings.speech is settings.camera is settings.speaker is settings.pictures is None
    assert 0 < len(settings.name) <= config.MAX_NAME


def test_the_later_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pictophone.toml").write_text('name = "file"\nbroker = "mqtt://file"\nprofile = "lean"\n')
    assert config.load().name == "file"
    monkeypatch.setenv("PICTOPHONE_NAME", "environment")
    assert config.load().name == "environment"
    settings = config.load(name="flag", broker=None)
    assert (settings.name, settings.broker) == ("flag", "mqtt://file")


def test_the_file_is_looked_for_in_three_places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.settings_file() is None
    users = folder.parent / "home" / "pictophone" / "settings.toml"
    users.parent.mkdir()
    users.write_text('name = "home"')
    assert config.load().name == "home"
    (folder / "pictophone.toml").write_text('name = "here"')
    assert config.load().name == "here"
    named = folder / "other.toml"
    named.write_text('name = "named"')
    monkeypatch.setenv("PICTOPHONE_SETTINGS", str(named))
    assert config.load().name == "named"


def test_every_kind_of_value_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pictophone.toml").write_text('ice_servers = ["stun:a"]\nloop = true\npictures = "kept"\n')
    settings = config.load()
    assert (settings.ice_servers, settings.loop, settings.pictures) == (["stun:a"], True, Path("kept"))
    monkeypatch.setenv("PICTOPHONE_ICE_SERVERS", '["stun:b", "stun:c"]')
    monkeypatch.setenv("PICTOPHONE_LOOP", "false")
    settings = config.load()
    assert (settings.ice_servers, settings.loop) == (["stun:b", "stun:c"], False)


def test_flags_that_were_given_are_distinguished_from_defaults() -> None:
    assert "broker" not in config.load(broker=None).model_fields_set
    assert "broker" in config.load(broker="mqtt://h").model_fields_set


def test_a_flag_and_the_environment_are_for_this_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pictophone.toml").write_text('name = "file"\nbroker = "mqtt://file"\n')
    monkeypatch.setenv("PICTOPHONE_PROFILE", "clear")
    settings = config.load(broker="mqtt://flag", room=None)
    assert [key for key in ("name", "broker", "profile", "room") if settings.for_this_run(key)] == ["broker", "profile"]
    assert [key for key in ("name", "broker", "profile", "room") if settings.by_flag(key)] == ["broker"]
    assert settings.model_copy(update={"name": "x"}).by_flag("broker")


def refused(error: type[Exception], **flags: object) -> str:
    with pytest.raises(error) as caught:
        config.load(**flags)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    return message


def test_an_unknown_key_is_named(folder: Path) -> None:
    (folder / "pictophone.toml").write_text('brokr = "mqtt://h"')
    assert "'brokr'" in refused(UsageError)


def test_a_value_that_does_not_fit_is_named_and_not_shown(folder: Path) -> None:
    (folder / "pictophone.toml").write_text(f'broker_password = ["{SECRET}"]')
    assert "'broker_password'" in refused(UsageError)


@pytest.mark.parametrize("name", ["", "x" * (config.MAX_NAME + 1)])
def test_a_name_has_a_length(name: str) -> None:
    assert "'name'" in refused(UsageError, name=name)


def test_the_password_is_in_no_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_BROKER_PASSWORD", SECRET)
    settings = config.load(broker="mqtt://h")
    assert settings.broker_password == SECRET
    assert SECRET not in f"{settings!r} {settings}"


def test_a_list_in_the_environment_that_is_no_json_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_ICE_SERVERS", "stun:a")
    assert "JSON" in refused(UsageError)


@pytest.mark.parametrize("content", [b"name =", b"= 1", b"\xff\xfe", b'name = "a"\nname = "b"'])
def test_a_file_that_is_no_toml_is_named(folder: Path, content: bytes) -> None:
    (folder / "pictophone.toml").write_bytes(content)
    assert "pictophone.toml" in refused(NodeError)


def test_a_file_as_windows_writes_it_is_read_and_kept(folder: Path) -> None:
    file = folder / "pictophone.toml"
    file.write_bytes(b'\xef\xbb\xbfname = "Zo\xc3\xab"\r\nwait = true\r\n')
    assert config.load().name == "Zo\xeb"
    config.keep("me", "a man")
    settings = config.load()
    assert (settings.name, settings.wait, settings.me) == ("Zo\xeb", True, "a man")


def test_a_path_that_is_none_is_called_so(folder: Path) -> None:
    (folder / "pictophone.toml").write_text("record = 3\n")
    with pytest.raises(UsageError, match="the setting 'record' is wrong: input should be a path"):
        config.load()


def test_a_missing_file_that_was_named_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_SETTINGS", "nowhere.toml")
    message = refused(NodeError)
    assert "'nowhere.toml'" in message
    assert "PICTOPHONE_SETTINGS" in message


def test_a_user_without_a_name_is_someone(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert config.load().name == "someone"


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home and without an entry among the users."""

    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", none)


def test_a_user_without_a_home_has_the_defaults(homeless: None) -> None:
    assert config.load().profile == "lean"
    with pytest.raises(NodeError, match="set HOME or XDG_CONFIG_HOME"):
        config.folder()


def test_a_relative_configuration_folder_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config.folder() == tmp_path / ".config" / "pictophone"


@pytest.mark.parametrize("error", [PermissionError, NotADirectoryError, OSError])
def test_a_home_that_others_own_has_no_settings_for_us(monkeypatch: pytest.MonkeyPatch, error: type[OSError]) -> None:
    def refuse(path: Path) -> bool:
        raise error("no")

    monkeypatch.setattr(Path, "is_file", refuse)
    assert config.load().profile == "lean"
    monkeypatch.setenv("PICTOPHONE_SETTINGS", "nowhere.toml")
    assert "'nowhere.toml'" in refused(NodeError)


def test_a_key_is_kept_in_the_users_file(folder: Path) -> None:
    path = config.keep("me", 'a "man" with a beard')
    assert path == folder.parent / "home" / "pictophone" / "settings.toml"
    assert config.load().me == 'a "man" with a beard'
    config.keep("me", "")
    assert config.load().me == ""


@pytest.mark.parametrize(
    "text",
    ['# mine\nname = "ann"\n', 'name = "ann"\nme = "old" # said\nbroker = "mqtt://file"', "me=''\nname = 'ann'\n"],
)
def test_the_rest_of_the_file_stays(folder: Path, text: str) -> None:
    path = folder / "pictophone.toml"
    path.write_text(text)
    path.chmod(0o600)
    assert config.keep("me", "a woman") == path
    assert (config.load().me, config.load().name) == ("a woman", "ann")
    kept = [line for line in text.splitlines() if not line.startswith("me")]
    assert [line for line in path.read_text().splitlines() if not line.startswith("me")] == kept
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_whose_form_lets_no_line_be_changed_stays(folder: Path) -> None:
    text = 'name = """\nme = 1\n"""\n'
    (folder / "pictophone.toml").write_text(text)
    with pytest.raises(NodeError, match="write me = "):
        config.keep("me", "a woman")
    assert (folder / "pictophone.toml").read_text() == text
