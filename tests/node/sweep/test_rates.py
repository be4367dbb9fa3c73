"""What packets cost."""

from __future__ import annotations

import pytest

from node.sweep import rates


def test_a_packet_costs_fifty_bytes_of_headers() -> None:
    assert rates.HEADERS == 50
    assert "50 bytes" in rates.HEADERS_TOLD


def test_rates_count_every_packet() -> None:
    assert rates.payload_kbps([90, 150], 120) == pytest.approx(8.0)
    assert rates.wire_kbps([90, 150], 120) == pytest.approx(8.0 + 400 / 120)
