"""Lyra by its models: skipped where there are none."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from node.speech.lyra_model import DECODER, ENCODER, FRAME_SAMPLES, QUANTIZER, LyraDecoder, LyraEncoder, check
from node.speech.pcm import Pcm
from protocol.errors import NodeError, PacketError
from protocol.speech import lyra, opus_packet

PACKET = 6 * FRAME_SAMPLES


def through(folder: Path, bitrate: int, pcm: Pcm) -> Pcm:
    encoder, decoder = LyraEncoder(folder, bitrate), LyraDecoder(folder)
    whole = len(pcm) // PACKET * PACKET
    return np.concatenate([decoder.decode(encoder.encode(part)) for part in pcm[:whole].reshape(-1, PACKET)])


def test_each_bitrate_has_its_bytes(lyra_folder: Path, speech: Pcm) -> None:
    for bitrate, size in lyra.FRAME_BYTES.items():
        packet = LyraEncoder(lyra_folder, bitrate).encode(speech[:PACKET])
        assert len(packet) == 2 + 6 * size


def test_speech_stays_intelligible_and_in_time(lyra_folder: Path, speech: Pcm) -> None:
    pystoi = pytest.importorskip("pystoi")
    scores = []
    for bitrate in lyra.FRAME_BYTES:
        heard = through(lyra_folder, bitrate, speech)
        scores.append(pystoi.stoi(speech[: len(heard)], heard, 16_000, extended=True))
    assert scores == sorted(scores)
    assert scores[0] > 0.7


def test_frames_can_come_one_by_one(lyra_folder: Path, speech: Pcm) -> None:
    packet = LyraEncoder(lyra_folder).encode(speech[:PACKET])
    whole, single = LyraDecoder(lyra_folder), LyraDecoder(lyra_folder)
    parts = [single.decode(each) for each in opus_packet.split(packet)]
    assert np.array_equal(np.concatenate(parts), whole.decode(packet))


def test_what_is_lost_is_held_on_to(lyra_folder: Path, speech: Pcm) -> None:
    decoder = LyraDecoder(lyra_folder)
    assert not decoder.conceal(320).any()
    encoder = LyraEncoder(lyra_folder)
    for part in speech[: 4 * PACKET].reshape(-1, PACKET):
        decoder.decode(encoder.encode(part))
    made_up = np.concatenate([decoder.conceal(40) for _ in range(12)])
    assert made_up.shape == (480,)
    assert made_up.dtype == np.int16
    assert made_up.any()


def test_a_packet_that_is_none_changes_nothing(lyra_folder: Path) -> None:
    with pytest.raises(PacketError):
        LyraDecoder(lyra_folder).decode(b"\x08opus")


def test_wrong_frames_are_a_mistake_of_ours(lyra_folder: Path) -> None:
    encoder = LyraEncoder(lyra_folder)
    for wrong in (np.zeros(0, np.int16), np.zeros(100, np.int16), np.zeros(7 * 320, np.int16), np.zeros(320)):
        with pytest.raises(ValueError, match="320"):
            encoder.encode(wrong)


def test_what_is_missing_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=ENCODER):
        check(tmp_path)


def test_a_package_that_cannot_be_loaded_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (ENCODER, QUANTIZER, DECODER):
        (tmp_path / name).write_bytes(b"no model")
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(NodeError, match="cannot load the package ai-edge-litert"):
        LyraEncoder(tmp_path)


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    for name in (ENCODER, QUANTIZER, DECODER):
        (tmp_path / name).write_bytes(b"no model")
    with pytest.raises(NodeError, match="no TensorFlow Lite model"):
        LyraEncoder(tmp_path)


def test_a_bitrate_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match="3200, 6000, 9200"):
        LyraEncoder(tmp_path, 4000)
