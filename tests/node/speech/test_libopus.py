from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pystoi import stoi

from node.speech import libopus
from node.speech.libopus import STEREO, OpusDecoder, OpusEncoder, PassthroughPolicy
from node.speech.pcm import FRAME_SAMPLES, Pcm, level_dbfs
from node.speech.profiles import LEAN, Bandwidth, Profile
from protocol.errors import PacketError
from protocol.speech import opus_packet as packets

NARROWBAND_SILK_60_MS = 3  # RFC 6716, table 2


def encoded(pcm: Pcm, encoder: OpusEncoder | None = None) -> list[bytes]:
    encoder = encoder or OpusEncoder(LEAN)
    frames = len(pcm) // FRAME_SAMPLES
    return [encoder.encode(pcm[n * FRAME_SAMPLES : (n + 1) * FRAME_SAMPLES]) for n in range(frames)]


def test_the_version_is_the_librarys_own() -> None:
    assert libopus.version().startswith("libopus ")


def test_every_frame_is_forced_narrowband_of_sixty_milliseconds(tone: Pcm) -> None:
    for packet in encoded(tone):
        assert packet[0] >> 3 == NARROWBAND_SILK_60_MS
        assert packets.duration_ms(packet) == 60


def test_another_bandwidth_is_forced_too(tone: Pcm) -> None:
    wide = OpusEncoder(replace(LEAN, bitrate=12_000, bandwidth=Bandwidth.WIDE))
    assert {packet[0] >> 3 for packet in encoded(tone, wide)} == {11}


def test_frames_of_another_encoder_are_taken_by_the_profile_there_is(tone: Pcm) -> None:
    encoder, [frame, *_] = OpusEncoder(LEAN), encoded(tone)
    assert encoder.accepts(frame)
    encoder.change(replace(LEAN, frame_ms=20))
    assert not encoder.accepts(frame)


def test_the_lookahead_is_what_the_decoder_lags(spoken: Pcm) -> None:
    encoder, decoder = OpusEncoder(LEAN), OpusDecoder()
    heard = np.concatenate([decoder.decode(packet) for packet in encoded(spoken, encoder)]).astype(float)
    middle = spoken[8000:40_000].astype(float)
    likeness = [float(middle @ heard[8000 + lag : 40_000 + lag]) for lag in range(300)]
    assert np.argmax(likeness) == pytest.approx(encoder.lookahead_ms * 16, abs=8)


@pytest.mark.parametrize("wrong", [np.zeros(320, np.int16), np.zeros(960, np.float32), np.zeros((1, 960), np.int16)])
def test_only_whole_int16_frames_are_encoded(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="an int16 frame"):
        OpusEncoder(LEAN).encode(wrong)


def test_concealment_goes_on_with_the_last_sound(tone: Pcm) -> None:
    decoder = OpusDecoder()
    for packet in encoded(tone):
        last = decoder.decode(packet)
    assert level_dbfs(decoder.conceal(FRAME_SAMPLES)) == pytest.approx(level_dbfs(last), abs=9)


@pytest.mark.parametrize("samples", [0, 41, 1960])
def test_concealment_comes_in_steps(samples: int) -> None:
    with pytest.raises(ValueError, match="multiples of 40"):
        OpusDecoder().conceal(samples)


def with_fec(pcm: Pcm) -> list[bytes]:
    """As a browser sends it: 20 ms frames at a rate at which libopus adds a copy of the frame before."""
    encoder = OpusEncoder(Profile("browser", bitrate=24_000, bandwidth=Bandwidth.WIDE, frame_ms=20, fec_percent=20))
    return [encoder.encode(pcm[n : n + 320]) for n in range(0, len(pcm) - 319, 320)]


def difference(one: Pcm, other: Pcm) -> float:
    return float(np.mean(np.square(one.astype(float) - other.astype(float))))


def test_what_the_next_packet_holds_of_a_lost_one_is_heard(spoken: Pcm) -> None:
    sent, gained, concealed = with_fec(spoken), 0.0, 0.0
    for lost in range(60, 120, 7):
        whole, recovering, concealing = OpusDecoder(), OpusDecoder(), OpusDecoder()
        for packet in sent[:lost]:
            for decoder in (whole, recovering, concealing):
                decoder.decode(packet)
        right = whole.decode(sent[lost])
        gained += difference(recovering.recover(320, sent[lost + 1]), right)
        concealed += difference(concealing.conceal(320), right)
    assert gained < concealed / 3


def test_where_nothing_is_held_the_loss_is_concealed(spoken: Pcm) -> None:
    sent = encoded(spoken)
    recovering, concealing = OpusDecoder(), OpusDecoder()
    for packet in sent[:20]:
        recovering.decode(packet)
        concealing.decode(packet)
    assert np.array_equal(recovering.recover(960, sent[21]), concealing.conceal(960))


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"\x03\x00", b"\x02\xff\xff" + bytes(20)])
def test_garbage_recovers_nothing(garbage: bytes) -> None:
    assert len(OpusDecoder().recover(960, garbage)) == 960


def test_recovery_comes_in_steps() -> None:
    with pytest.raises(ValueError, match="multiples of 40"):
        OpusDecoder().recover(41, b"\x18voice")


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"\x03\x00", b"\x02\xff\xff" + bytes(20), bytes([1, 1, 1, 1])])
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(PacketError):
        OpusDecoder().decode(garbage)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        sound = OpusDecoder().decode(data)
    except PacketError:
        return
    assert sound.dtype == np.int16
    assert len(sound) == packets.duration_ms(data) * 16


def test_a_decoder_goes_on_after_garbage(tone: Pcm) -> None:
    clean, disturbed = OpusDecoder(), OpusDecoder()
    for packet in encoded(tone):
        with pytest.raises(PacketError):
            disturbed.decode(b"\xff")
        assert np.array_equal(clean.decode(packet), disturbed.decode(packet))


@pytest.mark.shared
def test_bundled_frames_sound_the_same_bit_for_bit(speech: Pcm) -> None:
    plain = encoded(speech)
    pairs = [packets.join(plain[n : n + 2]) for n in range(0, len(plain) - 1, 2)]
    apart = [frame for pair in pairs for frame in packets.split(pair)]
    alone, split, whole = OpusDecoder(), OpusDecoder(), OpusDecoder()
    offline = np.concatenate([alone.decode(packet) for packet in plain[: len(apart)]])
    assert np.array_equal(offline, np.concatenate([split.decode(packet) for packet in apart]))
    assert np.array_equal(offline, np.concatenate([whole.decode(packet) for packet in pairs]))


@pytest.mark.shared
def test_lean_speech_is_understood_at_its_rate(speech: Pcm) -> None:
    encoder, decoder = OpusEncoder(LEAN), OpusDecoder()
    sent = encoded(speech, encoder)
    heard = np.concatenate([decoder.decode(packet) for packet in sent])[round(encoder.lookahead_ms * 16) :]
    assert sum(map(len, sent)) * 8 / (len(sent) * 60) < 8.0
    assert stoi(speech[: len(heard)].astype(float), heard.astype(float), 16_000, extended=True) > 0.85


def frames(pcm: Pcm, profile: Profile) -> list[bytes]:
    encoder, length = OpusEncoder(profile), profile.frame_samples
    return [encoder.encode(pcm[at : at + length]) for at in range(0, len(pcm) - length + 1, length)]


@pytest.mark.parametrize("profile", [LEAN, replace(LEAN, bandwidth=Bandwidth.MEDIUM)], ids=["nb", "mb"])
def test_speech_of_the_bitrate_is_taken_to_the_last_frame(spoken: Pcm, profile: Profile) -> None:
    policy = PassthroughPolicy(LEAN)
    assert all(policy.accepts(frame) for frame in frames(spoken, profile) * 4)


def test_who_sends_too_many_bits_is_believed_for_a_second_and_no_more(spoken: Pcm) -> None:
    policy = PassthroughPolicy(LEAN)
    rich = frames(spoken, replace(LEAN, bitrate=30_000, bandwidth=Bandwidth.WIDE))
    taken = [policy.accepts(frame) for frame in rich]
    believed = taken.index(False)
    assert not any(taken[believed:])
    assert sum(map(len, rich[:believed])) * 8 < 2 * LEAN.bitrate
    assert not policy.accepts(frames(spoken, LEAN)[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: bytes([frame[0] | STEREO]) + frame[1:],
        lambda frame: packets.join([frame, frame]),
        lambda frame: b"\x08" + frame[1:],
    ],
    ids=["stereo", "two frames", "20 ms"],
)
def test_frames_of_another_form_are_not_taken_but_held_against_nobody(spoken: Pcm, change: object) -> None:
    policy, frame = PassthroughPolicy(LEAN), frames(spoken, LEAN)[0]
    assert not policy.accepts(change(frame))  # type: ignore[operator]
    assert policy.accepts(frame)


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(PacketError):
        PassthroughPolicy(LEAN).accepts(b"")
