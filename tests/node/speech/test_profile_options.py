"""Which profile the settings mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from node.common import config
from node.speech import profile_options
from node.speech.profiles import CLEAR, LEAN, Application, Bandwidth
from protocol.errors import UsageError


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(config.ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_lean_is_the_default_and_stays() -> None:
    assert profile_options.profile_from_settings(config.load()) == LEAN
    assert not profile_options.adapts(config.load())


def test_a_named_profile_is_taken_as_it_is() -> None:
    assert profile_options.profile_from_settings(config.load(profile="clear")) == CLEAR


def test_single_options_make_a_custom_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_BUNDLE", "4")
    flags: dict[str, Any] = {"bandwidth": "wb", "application": "audio", "vbr": False, "dtx": False, "redundancy": 2}
    one = profile_options.profile_from_settings(config.load(profile="custom", bitrate=9000, frame=20, **flags))
    assert (one.name, one.bitrate, one.bandwidth, one.application) == (
        "custom",
        9000,
        Bandwidth.WIDE,
        Application.AUDIO,
    )
    assert (one.frame_ms, one.frames_per_packet, one.vbr, one.dtx, one.redundancy) == (20, 4, False, False, 2)


def test_auto_begins_lean_and_follows_the_link() -> None:
    settings = config.load(profile="auto", max_kbps=20)
    assert profile_options.profile_from_settings(settings) == LEAN
    assert profile_options.adapts(settings)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"profile": "loud"}, "no speech profile 'loud'"),
        ({"bandwidth": "hifi"}, "no bandwidth 'hifi'; there is: nb, mb, wb, swb, fb"),
        ({"application": "chat"}, "no application 'chat'; there is: voip, audio, lowdelay"),
        ({"frame": 25}, "frame of 25 ms"),
        ({"profile": "auto", "bitrate": 9000}, "'auto' chooses 'bitrate' itself"),
    ],
)
def test_what_cannot_be_is_refused(flags: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        profile_options.profile_from_settings(config.load(**flags))


def test_a_typed_line_may_name_a_profile() -> None:
    assert profile_options.parse_profile_command("/profile clear\n") == CLEAR
    assert (
        profile_options.parse_profile_command("hello there")
        is profile_options.parse_profile_command("/profile")
        is profile_options.parse_profile_command("")
        is None
    )
    with pytest.raises(UsageError):
        profile_options.parse_profile_command("/profile loud")


def test_options_typed_after_the_name_make_a_custom_one() -> None:
    one = profile_options.parse_profile_command(
        "/profile custom bitrate=9000 bandwidth=wb application=audio frame=20 bundle=6 vbr=no dtx=no"
    )
    assert one == profile_options.profile_from_settings(
        config.load(bitrate=9000, bandwidth="wb", application="audio", frame=20, bundle=6, vbr=False, dtx=False)
    )
    assert profile_options.parse_profile_command("/profile lean redundancy=2") == profile_options.profile_from_settings(
        config.load(redundancy=2)
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("bitrate", "there is no option 'bitrate'; write OPTION=VALUE, of: bitrate, bandwidth"),
        ("volume=11", "there is no option 'volume=11'"),
        ("bitrate=much", "the bitrate cannot be 'much'; give a whole number"),
        ("bandwidth=hifi", "no bandwidth 'hifi'"),
        ("vbr=maybe", "no answer 'maybe'; there is: yes, no"),
        ("frame=40 bundle=4", "bundle of 4 frames"),
    ],
)
def test_typed_options_that_cannot_be_are_refused(options: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        profile_options.parse_profile_command(f"/profile lean {options}")


def test_the_link_may_be_followed_at_a_word() -> None:
    assert profile_options.is_auto_command("/profile auto\n")
    assert not profile_options.is_auto_command("/profile lean\n")
