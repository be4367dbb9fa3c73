"""What PyAV's FFmpeg codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from node.bench.speech import external_codecs
from node.bench.speech.article import CUTOFFS, opus
from node.bench.speech.recording import read
from node.bench.speech.settings import Codec, Setting
from node.bench.speech.streams import losses
from protocol.speech.opus_packet import OPUS_RATE


def test_opus_takes_the_articles_options(recording: Path) -> None:
    pcm = read(recording, OPUS_RATE)[:96_000]
    sizes = {}
    for cutoff in CUTOFFS:
        stream = external_codecs.code_opus(opus(24_000, cutoff), pcm)
        assert len(stream.heard([False] * len(stream.packets))) == len(stream.packets) * 320
        sizes[cutoff] = stream.packets
    assert sizes[4_000] != sizes[8_000]


def test_a_lost_packet_of_opus_is_concealed(recording: Path) -> None:
    stream = external_codecs.code_opus(opus(8_000, 4_000), read(recording, OPUS_RATE)[:96_000])
    assert len(stream.heard(losses(len(stream.packets), 20))) == len(stream.packets) * 320


def test_amr_counts_its_payload_header_and_conceals(recording: Path) -> None:
    if not external_codecs.has_amr("nb"):
        pytest.skip("needs a PyAV with AMR")
    stream = external_codecs.code_amr(Setting(Codec.AMR, "nb", 20, 6, 12_200), read(recording, 8_000)[:16_000])
    assert stream.packets[0] == 1 + 6 * 32
    lost = [packet == 4 for packet in range(len(stream.packets))]
    heard, whole = stream.heard(lost), stream.heard([False] * len(lost))
    assert len(heard) == len(whole)
    assert not np.array_equal(heard, whole)
