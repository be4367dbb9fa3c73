"""Which frames of another encoder may be sent for one's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.speech.foreign import STEREO, PassthroughPolicy
from node.speech.libopus import OpusEncoder
from node.speech.pcm import Pcm
from node.speech.profiles import LEAN, Bandwidth, Profile
from protocol.errors import PacketError
from protocol.speech import opus_packet


def frames(pcm: Pcm, profile: Profile) -> list[bytes]:
    encoder, length = OpusEncoder(profile), profile.frame_samples
    return [encoder.encode(pcm[at : at + length]) for at in range(0, len(pcm) - length + 1, length)]


@pytest.mark.parametrize("profile", [LEAN, replace(LEAN, bandwidth=Bandwidth.MEDIUM)], ids=["nb", "mb"])
def test_speech_of_the_bitrate_is_taken_to_the_last_frame(spoken: Pcm, profile: Profile) -> None:
    foreign = PassthroughPolicy(LEAN)
    assert all(foreign.takes(frame) for frame in frames(spoken, profile) * 4)


def test_who_sends_too_many_bits_is_believed_for_a_second_and_no_more(spoken: Pcm) -> None:
    foreign = PassthroughPolicy(LEAN)
    rich = frames(spoken, replace(LEAN, bitrate=30_000, bandwidth=Bandwidth.WIDE))
    taken = [foreign.takes(frame) for frame in rich]
    believed = taken.index(False)
    assert not any(taken[believed:])
    assert sum(map(len, rich[:believed])) * 8 < 2 * LEAN.bitrate
    assert not foreign.takes(frames(spoken, LEAN)[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: bytes([frame[0] | STEREO]) + frame[1:],
        lambda frame: opus_packet.join([frame, frame]),
        lambda frame: b"\x08" + frame[1:],
    ],
    ids=["stereo", "two frames", "20 ms"],
)
def test_frames_of_another_form_are_not_taken_but_held_against_nobody(spoken: Pcm, change: object) -> None:
    foreign, frame = PassthroughPolicy(LEAN), frames(spoken, LEAN)[0]
    assert not foreign.takes(change(frame))  # type: ignore[operator]
    assert foreign.takes(frame)


def test_what_is_no_frame_is_told() -> None:
    with pytest.raises(PacketError):
        PassthroughPolicy(LEAN).takes(b"")
