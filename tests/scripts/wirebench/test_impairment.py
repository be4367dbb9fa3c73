"""The faults of the network that calls are measured on."""

from __future__ import annotations

import itertools

import pytest

from wirebench.impairment import OVERTAKEN_S, Conditions, Impairment


def delays(conditions: Conditions, count: int = 20_000) -> list[float | None]:
    network = Impairment(conditions, seed=1)
    return [network.delay_s() for _ in range(count)]


def test_a_good_network_does_nothing() -> None:
    assert set(delays(Conditions())) == {0.0}


@pytest.mark.parametrize("burst", [1, 3, 10])
@pytest.mark.parametrize("loss", [1, 10, 20])
def test_the_share_lost_and_the_bursts_are_as_asked(loss: float, burst: int) -> None:
    got = delays(Conditions(loss=loss, burst=burst), 100_000)
    assert got.count(None) / len(got) == pytest.approx(loss / 100, rel=0.2)
    runs = [len(list(run)) for lost, run in itertools.groupby(got, lambda delay: delay is None) if lost]
    assert min(runs) >= burst or runs[-1] == min(runs)
    assert sum(runs) / len(runs) == pytest.approx(burst, rel=0.3)


def test_everything_and_nothing_can_be_lost() -> None:
    assert set(delays(Conditions(loss=100))) == {None}
    assert None not in delays(Conditions(loss=0, burst=5))


def test_packets_are_delayed_and_some_overtaken() -> None:
    got = delays(Conditions(delay_ms=50, reorder=5))
    assert set(got) == {0.05, 0.05 + OVERTAKEN_S}
    assert got.count(0.05) / len(got) == pytest.approx(0.95, abs=0.01)
