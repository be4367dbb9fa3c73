"""The lines for the settings file: TOML that says the setting."""

from __future__ import annotations

import tomllib
from pathlib import Path

from node.bench.speech.advice import settings_lines
from node.bench.speech.settings import Codec, Setting

from .conftest import LEAN


def lines(setting: Setting, lyra: Path | None = None) -> dict[str, object]:
    return tomllib.loads("\n".join(settings_lines(setting, lyra)))


def test_a_named_profile_is_called_by_its_name() -> None:
    assert lines(LEAN) == {"profile": "lean"}


def test_any_other_is_spelt_out() -> None:
    assert lines(Setting(Codec.OPUS, "mb", 60, 1, 9_000, "audio")) == {
        "profile": "custom",
        "bitrate": 9_000,
        "bandwidth": "mb",
        "application": "audio",
        "frame": 60,
        "bundle": 1,
    }


def test_lyra_names_its_folder() -> None:
    folder = Path('a "b"')
    assert lines(Setting(Codec.LYRA, "wb", 20, 6, 6_000), folder) == {"lyra": str(folder), "lyra_bitrate": 6_000}
