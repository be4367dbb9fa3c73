"""Side information in a packet's padding: it comes back, no decoder notices it, and bad padding is none."""

from __future__ import annotations

import ctypes.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.speech import libopus
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.pcm import FRAME_SAMPLES, Pcm
from node.speech.profiles import LEAN
from protocol.errors import PacketError
from protocol.speech import opus_packet, opus_padding

frames = st.lists(st.binary(max_size=300), min_size=1, max_size=2).map(
    lambda parts: opus_packet.join([b"\x18" + part for part in parts])
)


@given(frames, st.binary(max_size=800))
def test_what_is_put_in_is_taken_out(packet: bytes, data: bytes) -> None:
    padded = opus_padding.add(packet, data)
    parsed = opus_packet.parse(padded)
    assert opus_padding.extension(parsed.padding) == data
    assert parsed.frames == opus_packet.parse(packet).frames
    assert opus_padding.strip(padded) == packet
    assert opus_padding.strip(packet) == packet


@pytest.mark.parametrize("parts", [[b"ab"], [b"ab", b"cd"], [b"ab", b"cde"]])
def test_it_costs_three_bytes_at_most(parts: list[bytes]) -> None:
    packet = opus_packet.join([b"\x18" + part for part in parts])
    assert len(opus_padding.add(packet, b"1234")) <= len(packet) + 4 + 3


@pytest.mark.parametrize("size", [0, 1, 252, 253, 254, 507, 508, 509, 761, 762, 763])
def test_padding_of_any_length_can_be_written(size: int) -> None:
    padded = opus_packet.padded(b"\x18speech", bytes(size))
    assert opus_packet.parse(padded).padding == bytes(size)


def test_a_packet_has_no_more_than_one() -> None:
    twice = opus_padding.add(opus_padding.add(b"\x18speech", b"first"), b"second")
    assert twice == opus_padding.add(b"\x18speech", b"second")


@pytest.mark.parametrize(
    ("padding", "found"),
    [
        (b"", None),
        (bytes(9), None),  # libopus's own
        (b"\xf0", b""),
        (b"\xf0rest", b"rest"),
        (b"\x01\x01\xf0rest", b"rest"),  # behind two bytes of padding
        (b"\x02\xf0rest", b"rest"),  # behind the next frame's mark
        (b"\x0bx\xf0rest", b"rest"),  # behind a short one of one byte
        (b"\xfd\x03abc\xf0rest", b"rest"),  # behind a long one of three bytes
        (b"\xf1\x02abc", b"ab"),  # with its length
        (b"\xf1\x09abc", None),  # longer than its padding
        (b"\xf1", None),
        (b"\xfd" + b"\xff\x01" + bytes(256) + b"\xf0!", b"!"),
        (b"\xfcrest\xf0no", None),  # another that takes all
        (b"\x04\xf0rest", None),  # what is repeated is not followed
        (b"\x0b", None),
    ],
)
def test_the_list_is_walked_as_the_draft_says(padding: bytes, found: bytes | None) -> None:
    assert opus_padding.extension(padding) == found


@given(st.binary(max_size=600))
def test_any_padding_is_a_list_or_none(padding: bytes) -> None:
    found = opus_padding.extension(padding)
    assert found is None or found in padding


@given(st.binary(max_size=400))
def test_any_bytes_can_be_stripped(packet: bytes) -> None:
    stripped = opus_padding.strip(packet)
    try:
        frames = opus_packet.parse(packet).frames
    except PacketError:
        assert stripped == packet
        with pytest.raises(PacketError):
            opus_padding.add(packet, b"")
    else:
        assert opus_packet.parse(stripped).frames == frames
        assert not opus_packet.parse(stripped).padding


def voices() -> Pcm:
    """A second of swelling noise and tones, as of no two frames alike."""
    time = np.arange(16 * FRAME_SAMPLES)
    sound = 4000 * np.sin(time / 9) * np.sin(time / 3000) + np.random.default_rng(1).normal(0, 600, len(time))
    return sound.astype(np.int16)


def bundles() -> list[bytes]:
    encoder = OpusEncoder(LEAN)
    encoded = [encoder.encode(frame) for frame in voices().reshape(-1, FRAME_SAMPLES)]
    return [opus_packet.join(encoded[at : at + 2]) for at in range(0, len(encoded), 2)]


def test_our_decoder_makes_the_same_samples_of_it() -> None:
    plain, padded = OpusDecoder(), OpusDecoder()
    for number, packet in enumerate(bundles()):
        with_data = opus_padding.add(packet, bytes(range(number, number + 6)))
        assert np.array_equal(plain.decode(packet), padded.decode(with_data))


def test_the_systems_decoder_makes_the_same_samples_of_it() -> None:
    name = ctypes.util.find_library("opus")
    if name is None:
        pytest.skip("needs the system's libopus (Debian: libopus0)")
    if name == libopus.library_path():
        pytest.skip("the system's libopus is the one that all else is tested with")
    library = ctypes.CDLL(name)
    library.opus_decoder_create.restype = ctypes.c_void_p
    decoders = [ctypes.c_void_p(library.opus_decoder_create(16_000, 1, None)) for _ in range(2)]
    for packet in bundles():
        sounds = []
        for decoder, sent in zip(decoders, (packet, opus_padding.add(packet, b"gains!")), strict=True):
            out = ctypes.create_string_buffer(2 * 1920)
            assert library.opus_decode(decoder, sent, len(sent), out, 1920, 0) == 1920
            sounds.append(out.raw)
        assert sounds[0] == sounds[1]
    for decoder in decoders:
        library.opus_decoder_destroy(decoder)
