"""The options that commands share: which are given wins over what, and how a command says what it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from node.commands import options
from node.commands.setting_options import SETTINGS
from node.common.config import Settings
from protocol.errors import UsageError

runner = CliRunner()


@pytest.fixture(autouse=True)
def settings_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(app: typer.Typer, line: str) -> Any:
    return runner.invoke(app, line.split(), catch_exceptions=False)


def test_every_shared_option_is_a_setting() -> None:
    assert set(SETTINGS) <= set(Settings.model_fields)
    for keys in (options.CALL, options.SEND, options.RECEIVE, options.DEMO):
        assert set(keys) <= set(SETTINGS)
        assert list(keys) == sorted(keys, key=list(SETTINGS).index)


def test_the_defaults_that_the_help_says_are_those_of_the_settings() -> None:
    said = {}
    for key, annotation in SETTINGS.items():
        if found := re.search(r"(\w+) \(default\)|default (\w+)\.$", annotation.__metadata__[0].help):
            said[key] = found[1] or found[2]
    numbers = ("max_kbps", "tries", "look", "morph", "floor_limit")
    assert set(said) == {*numbers, "route", "profile", "models"}
    for key, default in said.items():
        field = Settings.model_fields[key].default
        assert default == (f"{field:g}" if key in numbers else field)


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    settings_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, got = options.group(), list[Settings]()

    @options.command(app, "broker", "dtx", "tries", "name")
    def work(settings: Settings, json: options.Json = False) -> None:
        got.append(settings)

    (settings_folder / "pictophone.toml").write_text('broker = "file"\ntries = 3\ndtx = true\nname = "ann"\n')
    monkeypatch.setenv("PICTOPHONE_BROKER", "environment")
    monkeypatch.setenv("PICTOPHONE_TRIES", "4")
    assert invoke(app, "--broker option --no-dtx").exit_code == 0
    assert (got[0].broker, got[0].tries, got[0].dtx, got[0].name) == ("option", 4, False, "ann")
    assert [got[0].by_flag(key) for key in ("broker", "dtx", "tries", "name")] == [True, True, False, False]
    assert [got[0].for_this_run(key) for key in ("broker", "dtx", "tries", "name")] == [True, True, True, False]
    invoke(app, "")
    assert (got[1].broker, got[1].dtx) == ("environment", True)


def test_an_option_that_does_nothing_without_another_is_wrong_usage(settings_folder: Path) -> None:
    app = options.group()

    @options.command(app, "profile", "push_to_talk", "floor_limit", "transcribe", "transcribe_model", "on_floor")
    def work(settings: Settings) -> None: ...

    for line, needed in (
        ("--floor-limit 30", "--push-to-talk"),
        ("--on-floor true", "--push-to-talk"),
        ("--transcribe-model small", "--transcribe"),
    ):
        with pytest.raises(UsageError, match=f"^{line.split()[0]} is for calls with {needed}: give that, too, or"):
            invoke(app, line)
        assert invoke(app, f"{line} {needed}").exit_code == 0
    assert invoke(app, "--transcribe-model small --profile text").exit_code == 0
    (settings_folder / "pictophone.toml").write_text("floor_limit = 30\n")
    assert invoke(app, "").exit_code == 0


def test_a_value_that_no_setting_may_have_is_wrong_usage() -> None:
    app = options.group()

    @options.command(app, "look")
    def work(settings: Settings) -> None:
        raise AssertionError("never run")

    assert invoke(app, "--look 17").exit_code == 2
    with pytest.raises(UsageError, match="the setting 'look' is wrong"):
        invoke(app, "--look 9")


def test_options_are_listed_as_the_command_says() -> None:
    app = options.group()

    @options.command(app, "models", "broker", "loop", broker="Another text.")
    def work(
        settings: Settings,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A file.")],
        loop: Annotated[bool, typer.Option("--loop", help="Not the setting.")] = False,
        json: options.Json = False,
    ) -> None:
        """Do the work."""
        assert (file, loop, settings.loop) == (Path("x"), True, False)

    assert invoke(app, "x --loop").exit_code == 0
    lines = invoke(app, "--help").output
    listed = [line.split()[0] for line in lines.splitlines() if line.startswith("  -")]
    assert listed == ["--models", "--broker", "--loop", "--json", "-v,", "--help"]
    assert "Another text." in lines
    assert "Not the setting." in lines
    assert "Do the work." in lines


def test_a_command_without_settings_reads_none(settings_folder: Path) -> None:
    (settings_folder / "pictophone.toml").write_text("nonsense")
    app, done = options.group(), list[bool]()

    @options.command(app)
    def work(json: options.Json = False) -> None:
        done.append(json)

    assert invoke(app, "--json").exit_code == 0
    assert done == [True]
