"""The gains of the high band: they come back from few bytes, from each packet alone, and any bytes are some gains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import PacketError
from protocol.speech import high_band, opus_packet, opus_padding
from protocol.speech.high_band import BANDS, LEVELS, NOTHING
from protocol.speech.high_band_tables import FIRST, NEXT

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "golden_high_band.json").read_text())

levels = st.tuples(*[st.integers(0, LEVELS - 1)] * BANDS)
gains = st.lists(levels, max_size=6).map(tuple)
FRAME = b"\x18speech"  # 60 ms, narrowband


@given(gains)
def test_gains_come_back(sent: high_band.Gains) -> None:
    assert high_band.decode(high_band.encode(sent), len(sent)) == sent


@given(st.binary(max_size=40), st.integers(0, 6))
def test_any_bytes_are_some_gains(data: bytes, blocks: int) -> None:
    read = high_band.decode(data, blocks)
    assert len(read) == blocks
    assert all(len(block) == BANDS and max(block) < LEVELS for block in read)


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="symbol 12"):
        high_band.encode([(0, 0, 0, LEVELS)])


@pytest.mark.parametrize("vector", GOLDEN)
def test_the_code_never_changes(vector: dict[str, object]) -> None:
    sent = tuple(tuple(map(int, block)) for block in vector["gains"])  # type: ignore[attr-defined]
    assert high_band.encode(sent).hex() == vector["bytes"]
    assert high_band.decode(bytes.fromhex(str(vector["bytes"])), len(sent)) == sent


def test_speech_costs_six_bytes_a_packet() -> None:
    of_120_ms = [len(vector["bytes"]) // 2 for vector in GOLDEN if len(vector["gains"]) == 6]
    assert sum(of_120_ms) / len(of_120_ms) <= 6


def test_the_tables_have_a_digit_for_each_level() -> None:
    rows = [row for band in FIRST for row in band] + [row for band in NEXT for before in band for row in before]
    assert [len(band) for band in FIRST] == [1, LEVELS, LEVELS, LEVELS]
    assert len(rows) == 1 + 3 * LEVELS + BANDS * LEVELS * 5
    assert all(len(row) == LEVELS and int(row, 16) >= 0 and "0" in row for row in rows)


def test_each_frame_gets_its_own() -> None:
    sent = [(n, n, n, n) for n in range(6)]
    packet = opus_packet.parse(high_band.beside(opus_packet.join([FRAME, FRAME + b"!"]), sent))
    assert high_band.gains_of(packet) == (tuple(sent[:3]), tuple(sent[3:]))


def test_a_packet_with_nothing_to_fill_has_no_padding() -> None:
    assert high_band.beside(FRAME, [NOTHING] * 3) == FRAME


@pytest.mark.parametrize(
    ("toc", "blocks"),
    [(0x18, 3), (0x10, 2), (0x08, 1), (0x00, 0), (0x88, 0), (0x98, 1), (0x58, 0), (0xF8, 0)],
    ids=["60", "40", "20", "10 ms", "CELT of 5 ms", "CELT of 20 ms", "wideband", "fullband"],
)
def test_only_narrowband_of_20_ms_and_more_can_be_filled(toc: int, blocks: int) -> None:
    packet = opus_packet.parse(opus_padding.add(bytes([toc]) + b"speech", b"gains"))
    assert high_band.blocks_in(packet) == blocks
    assert (high_band.gains_of(packet)[0] is None) == (blocks == 0)


def test_without_gains_there_are_none() -> None:
    assert high_band.gains_of(opus_packet.parse(FRAME)) == (None,)
    assert high_band.gains_of(opus_packet.parse(opus_packet.padded(FRAME, bytes(5)))) == (None,)


def test_packets_are_joined_with_their_gains() -> None:
    one = high_band.beside(FRAME, [(3, 2, 1, 0)] * 3)
    joined = opus_packet.parse(high_band.join([FRAME, one]))
    assert high_band.gains_of(joined) == ((NOTHING,) * 3, ((3, 2, 1, 0),) * 3)
    assert high_band.join([FRAME, FRAME]) == opus_packet.join([FRAME, FRAME])


@given(st.binary(max_size=300))
def test_any_packet_has_gains_for_each_frame_or_none(data: bytes) -> None:
    try:
        packet = opus_packet.parse(data)
    except PacketError:
        return
    found = high_band.gains_of(packet)
    assert len(found) == len(packet.frames)
    assert all(one is None or len(one) == high_band.blocks_in(packet) for one in found)
