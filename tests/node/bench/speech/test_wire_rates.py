"""What packets cost."""

from __future__ import annotations

import pytest

from node.bench.speech import wire_rates


def test_what_a_packet_costs_besides_is_told() -> None:
    assert "44 bytes" in wire_rates.HEADERS_TOLD


def test_rates_count_every_packet() -> None:
    assert wire_rates.payload_kbps([90, 150], 120) == pytest.approx(8.0)
    assert wire_rates.wire_kbps([90, 150], 120) == pytest.approx(8.0 + 44 * 8 / 120)
