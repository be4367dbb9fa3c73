"""One run: so many listeners at a broker, a speaker, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from audiencebench.brokers import Brokers
from audiencebench.listeners import Listeners
from audiencebench.speaker import Programme, Speaker

# After the last message, for what is still on its way.
SETTLE_S = 1.0

# Of the bench's own; above it the delays are those of the bench.
MOST_OF_A_CORE = 0.8


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one run; delays in ms from the speaker's write to the listener's read."""

    broker: str
    listeners: int
    delivered: int
    expected: int
    lost_connections: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    broker_cpu: float | None
    bench_cpu: float
    upload_kbps: float
    connect_s: float
    proven: float | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the bench itself was at its limit, so that the delays are no broker's."""
        return self.bench_cpu > MOST_OF_A_CORE

    def as_row(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        proven = "-" if self.proven is None else f"{self.proven:.2%}"
        cpu = "-" if self.broker_cpu is None else f"{self.broker_cpu:.0%}"
        return (
            f"{self.broker:14}{self.listeners:>7}{self.delivered / max(1, self.expected):>11.2%}{self.p50_ms:>9.1f}"
            f"{self.p99_ms:>9.1f}{self.max_ms:>9.1f}{cpu:>9}{self.bench_cpu:>8.0%}{self.upload_kbps:>10.2f}"
            f"{proven:>9}{'  the bench is at its limit' if self.is_ours else ''}"
        )


HEAD = (
    f"{'broker':14}{'number':>7}{'delivered':>11}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'its CPU':>9}{'ours':>8}"
    f"{'up kbit/s':>10}{'proven':>9}"
)


def run(brokers: Brokers, programme: Programme, count: int, seconds: float, sample: int = 0) -> Run:
    """Raises TooFew if not all listeners come in."""
    samples = [programme.opener() for _ in range(min(sample, count))]
    with closing(Listeners(brokers.servers, programme.topics, count, [opener for opener, _ in samples])) as listeners:
        connect_s = listeners.connect()
        speaker = Speaker(brokers.servers[0], programme, seconds)
        speaker.wait_until_it_begins()
        used, began = brokers.cpu_s(), time.monotonic()
        bench_cpu = listeners.serve(speaker.has_ended)
        took, used_then = time.monotonic() - began, brokers.cpu_s()
        until = time.monotonic() + SETTLE_S
        listeners.serve(lambda: time.monotonic() > until)
        said = speaker.said()
        delays = _delays(said.moments, listeners)
    return Run(
        broker=brokers.name,
        listeners=count,
        delivered=len(delays),
        expected=len(said.moments) * count,
        lost_connections=listeners.lost,
        **_percentiles(delays),
        broker_cpu=None if used is None or used_then is None else (used_then - used) / took,
        bench_cpu=bench_cpu,
        upload_kbps=said.upload_kbps,
        connect_s=connect_s,
        proven=_proven([played() for _, played in samples], programme.packets_of(seconds)),
    )


def _proven(counts: Sequence[int], packets: int) -> float | None:
    return sum(counts) / (packets * len(counts)) if packets and counts else None


def _delays(moments: dict[tuple[str, bytes], float], listeners: Listeners) -> Sequence[float]:
    delays = [np.frombuffer(came) - moments[key] for key, came in listeners.arrived.items() if key in moments]
    return np.concatenate(delays) if delays else np.zeros(0)


def _percentiles(delays: Sequence[float]) -> dict[str, float]:
    p50, p99, most = np.percentile(delays, [50, 99, 100]) * 1000 if len(delays) else (np.nan,) * 3
    return {"p50_ms": float(p50), "p99_ms": float(p99), "max_ms": float(most)}
