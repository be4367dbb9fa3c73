from __future__ import annotations

import struct
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from node.speech import sound_files
from node.speech.pcm import Pcm, level_dbfs
from protocol.errors import NodeError


def write_wav(path: Path, pcm: np.ndarray, rate: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm.astype("<i2").tobytes())
    return path


def test_a_file_of_our_own_form_is_read_exactly(tmp_path: Path, tone: Pcm) -> None:
    path = write_wav(tmp_path / "tone.wav", tone)
    blocks = list(sound_files.blocks(path, 960))
    assert {block.shape for block in blocks} == {(960,)}
    assert {block.dtype for block in blocks} == {np.dtype(np.int16)}
    assert np.array_equal(np.concatenate(blocks)[: len(tone)], tone)


def test_the_last_block_is_filled_with_silence(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "short.wav", np.full(1000, 5, np.int16))
    first, last = sound_files.blocks(path, 960)
    assert first.all()
    assert last[:40].all()
    assert not last[40:].any()


def test_stereo_at_another_rate_becomes_mono_at_ours(tmp_path: Path) -> None:
    wave48 = np.rint(10_000 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000))
    path = write_wav(tmp_path / "stereo.wav", np.repeat(wave48, 2), rate=48_000, channels=2)
    sound = np.concatenate(list(sound_files.blocks(path, 320)))
    assert len(sound) == 16_000
    assert level_dbfs(sound) == pytest.approx(level_dbfs(wave48.astype(np.int16)), abs=0.2)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(NodeError, match=r"cannot read sound from nowhere\.wav: No such file"):
        sound_files.check(Path("nowhere.wav"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="Is a directory"):
        sound_files.check(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a sound", bytes(range(256)) * 20, b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.wav"
    path.write_bytes(content)
    with pytest.raises(NodeError, match=r"other\.wav"):
        sound_files.check(path)


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(NodeError, match="no sound in it"):
        sound_files.check(path)


def test_a_recording_of_no_length_has_no_sound(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"empty\.wav"):
        sound_files.check(write_wav(tmp_path / "empty.wav", np.zeros(0)))


@pytest.mark.parametrize("codec", ["aac", "libmp3lame"])
def test_another_rate_or_other_channels_within_a_file_are_played_on(tmp_path: Path, codec: str) -> None:
    data = b""
    for number, (rate, layout) in enumerate(
        [(44_100, "stereo"), (22_050, "mono"), (44_100, "mono"), (48_000, "stereo")]
    ):
        part = tmp_path / f"{number}.{'aac' if codec == 'aac' else 'mp3'}"
        with av.open(
            str(part), "w", options={"write_xing": "0", "id3v2_version": "0"} if codec != "aac" else {}
        ) as file:
            stream = file.add_stream(codec, rate=rate, layout=layout)
            resampler = av.AudioResampler(stream.format, layout, rate, stream.codec_context.frame_size)
            wave300 = np.rint(10_000 * np.sin(2 * np.pi * 300 * np.arange(2 * rate) / rate)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave300[None], format="s16", layout="mono")
            frame.sample_rate = rate
            for resampled in [*resampler.resample(frame), *resampler.resample(None)]:
                file.mux(stream.encode(resampled))
            file.mux(stream.encode())
        data += part.read_bytes()
    (tmp_path / "mixed").write_bytes(data)
    sound = np.concatenate(list(sound_files.blocks(tmp_path / "mixed", 320)))
    assert len(sound) / 16_000 == pytest.approx(8.0, abs=0.5)
    for second in range(1, 8, 2):
        tones = np.abs(np.fft.rfft(sound[second * 16_000 - 8_000 : second * 16_000]))
        assert np.argmax(tones) * 2 == pytest.approx(300, abs=4)


@pytest.mark.parametrize("channels", [2, 6, 8, 10, 64])
@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"])
def test_sound_of_every_form_becomes_mono_as_loud(tmp_path: Path, codec: str, channels: int) -> None:
    values = 0.25 * np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000)
    kind = codec.removeprefix("pcm_").removesuffix("le")
    whole = np.rint(2**31 * values).astype("<i4").repeat(channels)
    raw = {
        "u8": np.rint(128 + 128 * values).astype(np.uint8).repeat(channels),
        "s16": np.rint(2**15 * values).astype("<i2").repeat(channels),
        "s24": whole.view("u1").reshape(-1, 4)[:, 1:],
        "s32": whole,
        "f32": values.astype("<f4").repeat(channels),
        "f64": values.astype("<f8").repeat(channels),
    }[kind].tobytes()
    width = len(raw) // len(values) // channels
    form = struct.pack("<HHIIHH", 3 if kind[0] == "f" else 1, channels, 16_000, 16_000 * width * channels,
                       width * channels, 8 * width)  # fmt: skip
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(raw)) + raw
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks)
    sound = np.concatenate(list(sound_files.blocks(tmp_path / "a.wav", 320)))
    assert len(sound) == 16_000
    assert np.argmax(np.abs(np.fft.rfft(sound))) == 300
    assert level_dbfs(sound) == pytest.approx(20 * np.log10(0.25 / np.sqrt(2)), abs=4.0)


@pytest.mark.parametrize("rate", [8_000, 11_025, 96_000, 192_000])
def test_sound_of_every_rate_lasts_as_long(tmp_path: Path, rate: int) -> None:
    wave300 = np.rint(10_000 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate))
    sound = np.concatenate(list(sound_files.blocks(write_wav(tmp_path / "a.wav", wave300, rate), 320)))
    assert len(sound) == pytest.approx(16_000, abs=320)


def test_a_rate_that_no_sound_has_is_none(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="no sound in it"):
        sound_files.check(write_wav(tmp_path / "a.wav", np.ones(4000), rate=1))


@pytest.mark.parametrize("name", ["2025-01-31T12:30:05.wav", "%03d.wav", "-x.wav", "http:a.wav", "pipe:0", "a|b.wav"])
def test_a_name_is_no_address(tmp_path: Path, tone: Pcm, name: str) -> None:
    if sys.platform == "win32":
        pytest.skip("needs names that Windows does not have")
    path = write_wav(tmp_path / name, tone)
    assert np.array_equal(np.concatenate(list(sound_files.blocks(path, 960)))[: len(tone)], tone)


def test_a_video_without_sound_has_none(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    with pytest.raises(NodeError, match=r"a\.mp4 has no sound in it"):
        sound_files.check(tmp_path / "a.mp4")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "seconds"),
    [("hole.mp3", 2.9), ("mixed.aac", 4.1), ("mixed_rate.mp3", 6.1), ("2025-01-31T12:30:05.wav", 3.0)],
)
def test_the_inputs_that_once_failed(name: str, seconds: float) -> None:
    path = Path(__file__).parents[4] / "shared" / "data" / "cases" / name
    if not path.exists():
        pytest.skip(f"needs {path}")
    sound = np.concatenate(list(sound_files.blocks(path, 960)))
    assert len(sound) / 16_000 == pytest.approx(seconds, abs=0.15)
