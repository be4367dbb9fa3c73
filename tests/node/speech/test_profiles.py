from __future__ import annotations

import pytest

from node.speech.profiles import LEAN, PROFILES, Bandwidth, profile
from protocol.errors import UsageError


def test_lean_is_two_frames_of_sixty_milliseconds_narrowband() -> None:
    assert (LEAN.bitrate, LEAN.bandwidth, LEAN.packet_ms, LEAN.frame_samples) == (
        8000,
        Bandwidth.NARROW,
        120,
        960,
    )


def test_a_profile_is_found_by_its_name() -> None:
    assert all(profile(name).name == name for name in PROFILES)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'loud'; there is: .*lean"):
        profile("loud")
