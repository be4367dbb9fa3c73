"""What was lost of a sender's speech, over one link after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.captions.coder import shipped_codecs
from node.recording.info import read_info
from node.recording.speech_loss import MAX_DRIFT_MS, SpeechLoss
from protocol import log
from protocol.rtp.red import Copy

CODEBOOKS = shipped_codecs().codebooks()

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"


def _speech(*sequences: int) -> SpeechLoss:
    speech = SpeechLoss()
    for sequence in sequences:
        speech.add(log.Speech(0, "b2q", sequence % 65_536, 0, b"12345", (Copy(960, b"123"),)))
    return speech


@pytest.mark.parametrize(
    ("sequences", "lost"),
    [
        ([5, 6, 7], 0),
        ([5, 8], 2),
        ([65_534, 65_537], 2),  # past the end of 16 bits
        ([5, 7, 6, 8], 0),  # late, not lost
        ([5, 9, 6], 2),
        ([5, 6, 40_000, 40_001], 0),  # a new link
        ([40_000, 5, 7], 1),
    ],
)
def test_what_is_lost(sequences: list[int], lost: int) -> None:
    speech = _speech(*sequences)
    assert speech.lost == lost
    assert (speech.packets, speech.bytes, speech.copies_bytes) == (
        len(sequences),
        5 * len(sequences),
        3 * len(sequences),
    )


def _packet(at_s: float, sequence: int, timestamp: int) -> log.Speech:
    return log.Speech(round(at_s * 1e6), "b2q", sequence % 65_536, timestamp % (1 << 32), b"12345")


def _count(*packets: log.Speech) -> int:
    speech = SpeechLoss()
    for packet in packets:
        speech.add(packet)
    return speech.lost


def test_a_link_that_is_made_again_begins_with_any_numbers() -> None:
    """Near ones too: what tells it from a loss is the timestamp, which does not go on with the time."""
    before = [_packet(n * 0.12, 15_600 + n, n * 5760) for n in range(5)]
    again = [_packet(50 + n * 0.12, 15_900 + n, 1_401_621_890 + n * 5760) for n in (0, 1, 3)]
    assert _count(*before, *again) == 1


def test_what_is_lost_while_nobody_hears_is_lost() -> None:
    """Of the same link, however long it took."""
    assert _count(_packet(0, 10, 0), _packet(60.0, 510, 60 * 48_000)) == 499


def test_a_packet_of_the_link_before_may_come_late() -> None:
    old = [_packet(0.0, 10, 0), _packet(0.24, 12, 11_520)]
    assert _count(*old, _packet(0.3, 900, 7_000_000), _packet(0.31, 11, 5760), _packet(0.42, 901, 7_005_760)) == 0


def test_jitter_makes_no_new_link() -> None:
    late_s = MAX_DRIFT_MS / 1000 - 0.1
    assert _count(_packet(0, 1, 0), _packet(1 + late_s, 3, 48_000), _packet(2, 4, 96_000)) == 1


@pytest.mark.shared
def test_the_recording_of_a_peer_that_was_stopped() -> None:
    if not (path := CASES / "stop.mcap").exists():
        pytest.skip(f"needs {path}")
    assert [one.speech.lost for one in read_info(path, CODEBOOKS).people] == [0, 0]
