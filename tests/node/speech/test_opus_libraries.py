"""Which libopus decodes: the one that enhances is found where it is, and only there."""

from __future__ import annotations

import ctypes.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from node.speech import opus_libraries
from node.speech.libopus import OpusDecoder, OpusEncoder
from node.speech.opus_libraries import AUTO, BUNDLED, NOLACE, PLAIN, DecoderLibrary, decoder_library, library_path
from node.speech.pcm import SAMPLE_RATE, Pcm, level_dbfs
from node.speech.profiles import CLEAR, LEAN, NATURAL, Profile
from protocol.errors import NodeError
from protocol.speech import opus_packet

SILK_WIDE_20_MS = 9  # RFC 6716, table 2


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """No choice of one test is another's."""
    for remembered in (decoder_library, library_path):
        remembered.cache_clear()
    yield
    for remembered in (decoder_library, library_path):
        remembered.cache_clear()


def system_has(monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: path)


def heard(pcm: Pcm, profile: Profile, library: DecoderLibrary | None = None) -> Pcm:
    encoder, decoder, samples = OpusEncoder(profile), OpusDecoder(library), profile.frame_samples
    frames = [pcm[first : first + samples] for first in range(0, len(pcm) - samples + 1, samples)]
    return np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames])


def lag(heard: Pcm, said: Pcm) -> int:
    middle = said[8000:40_000].astype(float)
    return int(np.argmax([float(middle @ heard[8000 + late : 40_000 + late]) for late in range(300)]))


# -- which there are


def test_what_encodes_is_the_one_in_pyav() -> None:
    assert "av" in library_path()


def test_no_libopus_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus_libraries, "bundled", lambda: None)
    system_has(monkeypatch, None)
    with pytest.raises(NodeError, match=r"no libopus here; .*libopus0"):
        decoder_library(AUTO)
    with pytest.raises(NodeError, match=r"PyAV brings no libopus here"):
        decoder_library(BUNDLED)


def test_the_voice_is_wideband_speech_of_20_ms() -> None:
    assert {packet[0] >> 3 for packet in opus_libraries.VOICE} == {SILK_WIDE_20_MS}
    assert {opus_packet.duration_ms(packet) for packet in opus_libraries.VOICE} == {20}


def test_pyavs_library_enhances_nothing() -> None:
    assert decoder_library(BUNDLED).complexity == PLAIN
    assert not decoder_library(BUNDLED).enhances


def test_an_old_library_of_the_system_enhances_nothing() -> None:
    """Asked in a process of its own: a name without a path is whatever of that name was loaded before."""
    path = ctypes.util.find_library("opus")
    if path is None:
        pytest.skip("the system has no libopus")
    asking = "import sys; from node.speech.opus_libraries import *; one = loaded(sys.argv[1])"
    asked = [sys.executable, "-c", f"{asking}; print(one.version, one.enhances)", path]
    version, enhances = subprocess.check_output(asked, text=True).split()[-2:]
    if tuple(map(int, version.split("-")[0].split(".")[:2])) >= (1, 5):
        pytest.skip(f"the system's libopus is {version}, which may enhance")
    assert enhances == "False"


def test_debian_13s_library_enhances(enhancing_libopus: DecoderLibrary) -> None:
    assert enhancing_libopus.complexity == NOLACE
    assert enhancing_libopus.version == "libopus 1.5.2"


# -- which is taken


def test_the_systems_library_decodes_if_it_enhances(
    monkeypatch: pytest.MonkeyPatch, enhancing_libopus: DecoderLibrary
) -> None:
    system_has(monkeypatch, enhancing_libopus.path)
    assert decoder_library(AUTO) is enhancing_libopus
    assert decoder_library(BUNDLED).path == library_path() != enhancing_libopus.path


@pytest.mark.parametrize("path", [None, "libnothing.so.0", library_path()])
def test_another_library_of_the_system_does_not(monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    system_has(monkeypatch, path)
    assert decoder_library(AUTO).path == library_path()


def test_a_file_is_taken_whatever_it_can(enhancing_libopus: DecoderLibrary) -> None:
    assert decoder_library(enhancing_libopus.path).enhances
    assert not decoder_library(library_path()).enhances


def test_a_file_that_is_no_libopus_is_refused_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "libopus.so.0"
    text.write_text("no library")
    with pytest.raises(
        NodeError, match=rf"^'{text}' is no libopus: [^/]*; give as libopus the path of one, auto or bundled$"
    ):
        decoder_library(str(text))
    with pytest.raises(NodeError, match=r"^'/gone/libopus.so' is no libopus: No such file or directory; give as"):
        decoder_library("/gone/libopus.so")
    with pytest.raises(NodeError, match=rf"^'{tmp_path}' is no libopus: Is a directory; give as"):
        decoder_library(str(tmp_path))
    with pytest.raises(NodeError, match=r"^'.*/~nobody-here/x.so' is no libopus: No such file or directory; give as"):
        decoder_library("~nobody-here/x.so")
    with pytest.raises(NodeError, match=r"is no libopus: embedded null byte; give as"):
        decoder_library("a\0b")
    other = next(Path(library_path()).parent.glob("libvpx*"), None)
    if other is None:
        pytest.skip("PyAV has no libvpx here")
    with pytest.raises(NodeError, match=r"^.*libvpx.* is no libopus: it cannot decode Opus; give as"):
        decoder_library(str(other))


# -- what it makes of speech


@pytest.mark.parametrize("profile", [NATURAL, CLEAR])
def test_wideband_is_enhanced_without_delay(profile: Profile, spoken: Pcm, enhancing_libopus: DecoderLibrary) -> None:
    plain, enhanced = heard(spoken, profile), heard(spoken, profile, enhancing_libopus)
    assert len(plain) == len(enhanced)
    assert level_dbfs(enhanced - plain.astype(float)) > level_dbfs(plain) - 20
    assert abs(lag(enhanced, spoken) - lag(plain, spoken)) <= SAMPLE_RATE // 1000


def test_narrowband_is_the_same_with_every_library(spoken: Pcm, enhancing_libopus: DecoderLibrary) -> None:
    assert np.array_equal(heard(spoken, LEAN), heard(spoken, LEAN, enhancing_libopus))


def test_losses_are_concealed_and_garbage_is_refused(spoken: Pcm, enhancing_libopus: DecoderLibrary) -> None:
    encoder, decoder = OpusEncoder(NATURAL), OpusDecoder(enhancing_libopus)
    for first in range(0, 19_200, 960):
        packet = encoder.encode(spoken[first : first + 960])
        decoder.decode(packet)
    assert len(decoder.conceal(960)) == len(decoder.recover(960, packet)) == 960
    with pytest.raises(Exception, match=r"libopus refuses a packet of 3 bytes: corrupted stream"):
        decoder.decode(b"\x02\xff\xff")
