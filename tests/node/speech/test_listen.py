"""What a page plays."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

from node.bench.speech.recording import read
from node.speech import listen


def test_a_short_ogg_that_sounds_like_it(recording: Path) -> None:
    pcm = read(recording)
    file = listen.ogg(np.tile(pcm, 5))
    assert len(file) < 40_000
    with av.open(io.BytesIO(file)) as container:
        assert container.streams.audio[0].codec.name in ("opus", "libopus")
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert abs(seconds - listen.SECONDS) < 0.1


def test_it_fits_into_a_page(recording: Path) -> None:
    assert listen.data_uri(b"OggS") == "data:audio/ogg;base64,T2dnUw=="
