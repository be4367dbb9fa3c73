"""The named speech settings, and those made from single options."""

from __future__ import annotations

from typing import Any

import pytest

from node.speech.profiles import (
    AUTO,
    BANDWIDTHS,
    LEAN,
    MEANINGS,
    PROFILES,
    Application,
    Bandwidth,
    checked,
    custom,
    profile,
)
from protocol.errors import UsageError


@pytest.mark.parametrize(
    ("name", "bitrate", "bandwidth", "packet_ms", "redundancy"),
    [
        ("lowest", 7000, "nb", 120, 0),
        ("lean", 8000, "nb", 120, 0),
        ("clear", 12_000, "wb", 120, 0),
        ("quick", 8000, "nb", 60, 0),
        ("tough", 8000, "nb", 120, 2),
        ("rich", 24_000, "wb", 60, 0),
    ],
)
def test_the_named_profiles(name: str, bitrate: int, bandwidth: str, packet_ms: int, redundancy: int) -> None:
    one = profile(name)
    assert (one.name, one.bitrate, one.bandwidth_name) == (name, bitrate, bandwidth)
    assert (one.packet_ms, one.redundancy, one.frame_samples) == (packet_ms, redundancy, 960)
    assert checked(one) is one
    assert one.dtx


def test_the_high_band_goes_beside_narrowband_alone() -> None:
    assert [name for name, one in PROFILES.items() if one.sends_high_band] == ["lowest", "lean", "quick", "tough"]
    assert not custom(LEAN, bandwidth=Bandwidth.WIDE).sends_high_band
    assert not custom(LEAN, frame_ms=10).sends_high_band
    assert not custom(LEAN, application=Application.LOWDELAY).sends_high_band
    assert custom(profile("clear"), bandwidth=Bandwidth.NARROW, high_band=True).sends_high_band
    assert not custom(LEAN, high_band=False).sends_high_band


def test_a_high_band_that_cannot_be_is_refused() -> None:
    for base in (LEAN, profile("clear")):
        with pytest.raises(UsageError, match="not wb: give the bandwidth nb; or leave it out"):
            custom(base, bandwidth=Bandwidth.WIDE, high_band=True)
    with pytest.raises(UsageError, match="20 ms or more, not 10: give the frame 20"):
        custom(LEAN, frame_ms=10, high_band=True)
    with pytest.raises(UsageError, match="lowdelay: give the application voip"):
        custom(LEAN, application=Application.LOWDELAY, high_band=True)


def test_every_profile_has_its_meaning() -> None:
    assert set(MEANINGS) == set(PROFILES.values())


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'loud'; there is: .*lean.*custom, auto"):
        profile("loud")
    with pytest.raises(UsageError):
        profile(AUTO)  # a way to choose, no setting


def test_custom_begins_as_lean() -> None:
    assert profile("custom").name == "custom"
    assert custom(profile("custom"), bitrate=8000) == custom(LEAN, bitrate=8000)


def test_single_options_replace_those_of_the_base() -> None:
    one = custom(
        LEAN,
        bitrate=9000,
        bandwidth=BANDWIDTHS["mb"],
        application=Application.AUDIO,
        frame_ms=20,
        frames_per_packet=6,
        vbr=False,
        dtx=False,
        redundancy=2,
    )
    assert (one.name, one.bitrate, one.bandwidth) == ("custom", 9000, Bandwidth.MEDIUM)
    assert (one.packet_ms, one.frame_samples, one.vbr, one.dtx, one.redundancy) == (120, 320, False, False, 2)


def test_no_option_leaves_the_base_as_it_is() -> None:
    assert custom(LEAN, bitrate=None, frame_ms=None) is LEAN


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bitrate": 200}, "bitrate of 200 bit/s .* give 500 to 128000"),
        ({"bitrate": 512_000}, "bitrate of 512000"),
        ({"frame_ms": 30}, "frame of 30 ms .* 10, 20, 40, 60"),
        ({"frames_per_packet": 3}, "bundle of 3 frames .* 1 to 2"),
        ({"frames_per_packet": 0}, "bundle of 0"),
        ({"redundancy": 3}, "redundancy of 3 .* 0 to 2"),
        ({"redundancy": -1}, "redundancy of -1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        custom(LEAN, **options)
