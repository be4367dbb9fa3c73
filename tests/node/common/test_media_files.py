"""Files that FFmpeg reads: what is damaged in them, and what they would have it open."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.common import media_files
from node.common.media_files import UnreadableError, best_stream, decoded, opened

RATE = 16_000


def tone(path: Path, codec: str = "pcm_s16le", seconds: float = 2.0) -> Path:
    """A file of one tone."""
    pcm = (8000 * np.sin(np.arange(round(seconds * RATE)) / 6)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.format, "mono", RATE, stream.codec_context.frame_size or 0)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode())
    return path


def samples(path: Path) -> int:
    with opened(path) as container:
        return sum(frame.samples for frame in decoded(container, best_stream(container, "audio")))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.aac", "a.opus", "a.mka", "a.wav"])
def test_a_hole_costs_only_what_it_hides(tmp_path: Path, name: str) -> None:
    codec = {
        "mp3": "libmp3lame",
        "flac": "flac",
        "aac": "aac",
        "opus": "libopus",
        "mka": "libmp3lame",
        "wav": "pcm_s16le",
    }
    path = tone(tmp_path / name, codec[name.partition(".")[2]], 6.0)
    whole, data = samples(path), path.read_bytes()
    third = len(data) // 3
    path.write_bytes(data[:third] + bytes(third // 2) + data[third + third // 2 :])
    assert 0.4 * whole < samples(path) <= whole
    path.write_bytes(data[: 2 * third + 1])
    assert 0.4 * whole < samples(path) < whole


def test_damage_without_an_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tone(tmp_path / "a.flac", "flac", 6.0)
    data, packets = bytearray(path.read_bytes()), 0
    with av.open(str(path)) as container:
        for packet in container.demux(audio=0):
            if packet.pos is not None and packet.pos >= 0:
                packets += 1
                data[packet.pos + 8 : packet.pos + packet.size] = b"\x55" * (packet.size - 8)
    path.write_bytes(data)
    monkeypatch.setattr(media_files, "MAX_DAMAGED", 2)
    assert packets > 5
    with pytest.raises(UnreadableError):
        samples(path)


@pytest.fixture
def asked() -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what came to it."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                came.append(connection.recv(100))
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


LISTS = {
    "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n",
    "a.ffconcat": "ffconcat version 1.0\nfile '{url}'\n",
    "a.txt": "ffconcat version 1.0\nfile '{url}'\n",
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "a.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1" '
    'bandwidth="1"><BaseURL>{url}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>',
    "a.wav": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:2,\n{url}\n#EXT-X-ENDLIST\n",
    "a.pls": "[playlist]\nFile1={url}\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_files_or_addresses_opens_none_of_them(
    tmp_path: Path, asked: tuple[int, list[bytes]], name: str
) -> None:
    port, came = asked
    tone(tmp_path / "tone.wav")
    for url in (f"http://127.0.0.1:{port}/a.wav", str(tmp_path / "tone.wav"), "tone.wav"):
        (tmp_path / name).write_text(LISTS[name].format(url=url, port=port))
        with pytest.raises(UnreadableError):
            samples(tmp_path / name)
    assert not came


def test_a_text_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words\n" * 100)
    with pytest.raises(UnreadableError, match="neither sound nor video"), opened(tmp_path / "notes.txt"):
        pass


def test_names_in_other_encodings_are_no_reason_to_refuse_a_file(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.wav")
    data = path.read_bytes()
    info = b"LIST" + (16).to_bytes(4, "little") + b"INFOINAM" + (4).to_bytes(4, "little") + b"caf\xe9"
    at = data.index(b"data")
    path.write_bytes(data[:at] + info + data[at:])
    assert samples(path) == 2 * RATE


def test_a_disk_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tone(tmp_path / "a.wav", seconds=20.0)

    class Failing(media_files._Nameless):
        def __init__(self, file, suffix: str) -> None:
            super().__init__(file, suffix)
            whole = self.read
            self.read = lambda count: whole(count) if self.tell() < 200_000 else self._fail()

        def _fail(self) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(media_files, "_Nameless", Failing)
    with pytest.raises(UnreadableError, match="Input/output error"):
        samples(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(min_size=1, max_size=200),
    st.sampled_from(
        [b"", b"RIFF\x24\x00\x00\x00WAVEfmt ", b"OggS", b"fLaC", b"ID3\x04", b"\x1aE\xdf\xa3", b"#EXTM3U\n"]
    ),
    st.sampled_from(["", ".mp3", ".mp4", ".ul", ".txt"]),
)
def test_any_bytes_are_sound_or_one_reason(tmp_path: Path, tail: bytes, head: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(head + tail)
    try:
        samples(path)
    except UnreadableError as error:
        assert len(str(error).splitlines()) == 1
