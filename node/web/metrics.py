"""Metrics of nodes for Prometheus, read when they are asked for. No captions and no names are among them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from PIL import Image

    from node.call.endpoints import Models
    from node.call.stats import CallStats
    from node.links.wire_meter import Direction
    from node.vision.loading import LoadingProgress
    from node.vision.types import Prompt, SeenPicture

PREFIX = "pictophone_"
# Embedded models paint in tenths of a second, large ones in seconds, a processor alone in half a minute.
BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class MeasuredNode(Protocol):
    """A node as its metrics see it (see `node.call.node.Node`)."""

    def count(self) -> CallStats: ...

    def delay_ms(self) -> float | None: ...

    def peers(self) -> list[str]: ...

    def queues(self) -> dict[str, int]: ...


class Gauges(Protocol):
    """Returns further gauges: name, help text and value of each."""

    def __call__(self) -> Iterable[tuple[str, str, float]]: ...


class NodeCollector(Collector):
    """Collects the metrics of nodes, which are labelled 1, 2 and so on."""

    def __init__(self, nodes: Sequence[MeasuredNode], gauges: Gauges) -> None:
        self._nodes = nodes
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        stats = [(str(number), node.count()) for number, node in enumerate(self._nodes, start=1)]
        yield _wire_counter(stats)
        yield from _speech_counters(stats)
        yield from _picture_counters(stats)
        yield from _fault_counters(stats)
        yield from self._node_gauges()
        for name, help, value in self._gauges():
            yield GaugeMetricFamily(PREFIX + name, help, value=value)

    def _node_gauges(self) -> Iterator[Metric]:
        delay = GaugeMetricFamily(PREFIX + "mouth_to_ear_seconds", "The delay of speech now.", labels=["node"])
        peers = GaugeMetricFamily(PREFIX + "peers", "Others in the room.", labels=["node"])
        queues = GaugeMetricFamily(PREFIX + "queue_depth", "What waits now.", labels=["node", "queue"])
        rate = GaugeMetricFamily(
            PREFIX + "speech_kbps", "Speech while talking, over the whole call.", labels=["node", "what"]
        )
        lag = GaugeMetricFamily(
            PREFIX + "loop_lag_seconds", "How late the event loop was in this call.", labels=["node", "quantile"]
        )
        loss = GaugeMetricFamily(PREFIX + "speech_loss_ratio", "Packets lost of those sent to us.", labels=["node"])
        for number, node in enumerate(self._nodes, start=1):
            stats, label = node.count(), str(number)
            peers.add_metric([label], len(node.peers()))
            for queue, waiting in node.queues().items():
                queues.add_metric([label, queue], waiting)
            if (delay_ms := node.delay_ms()) is not None:
                delay.add_metric([label], delay_ms / 1000)
            for what, kbps in (("payload", stats.speech_payload_kbps()), ("wire", stats.speech_wire_kbps())):
                if kbps is not None:
                    rate.add_metric([label, what], kbps)
            for quantile, percent in (("0.99", 99.0), ("0.999", 99.9), ("1", 100.0)):
                if (lag_ms := stats.loop_lag.percentile_ms(percent)) is not None:
                    lag.add_metric([label, quantile], lag_ms / 1000)
            if expected := stats.speech_in.received + stats.speech_in.lost:
                loss.add_metric([label], stats.speech_in.lost / expected)
        yield from (delay, peers, queues, rate, lag, loss)


def _wire_counter(nodes: Iterable[tuple[str, CallStats]]) -> Metric:
    wire = CounterMetricFamily(
        PREFIX + "wire_bytes", "Bytes on the wire from the IP header on.", labels=["node", "direction", "kind"]
    )
    for label, stats in nodes:
        directions: tuple[Direction, ...] = ("sent", "received")
        for direction in directions:
            for kind, size in stats.meter.kinds(direction).items():
                wire.add_metric([label, direction, kind], size)
    return wire


def _speech_counters(nodes: Iterable[tuple[str, CallStats]]) -> Iterator[Metric]:
    packets = CounterMetricFamily(PREFIX + "speech_packets", "Packets of speech.", labels=["node", "what"])
    payload = CounterMetricFamily(PREFIX + "speech_payload_bytes", "Bytes of Opus sent.", labels=["node"])
    concealed = CounterMetricFamily(
        PREFIX + "concealed_seconds", "Speech that was made up for want of packets.", labels=["node"]
    )
    for label, stats in nodes:
        received = stats.speech_in
        for what, value in (
            ("sent", stats.speech_out.packets), ("sent_late", stats.speech_out.late),
            ("received", received.received), ("lost", received.lost), ("late", received.late),
            ("bad", received.bad_packets),
        ):  # fmt: skip
            packets.add_metric([label, what], value)
        payload.add_metric([label], stats.speech_out.payload)
        concealed.add_metric([label], received.concealed_ms / 1000)
    yield from (packets, payload, concealed)


def _picture_counters(nodes: Iterable[tuple[str, CallStats]]) -> Iterator[Metric]:
    pictures = CounterMetricFamily(PREFIX + "pictures", "Pictures.", labels=["node", "what"])
    bits = CounterMetricFamily(PREFIX + "caption_bits", "Bits of coded words sent.", labels=["node"])
    for label, stats in nodes:
        for what, value in (
            ("captioned", stats.pictures_out.captioned), ("sent", stats.pictures_out.sent),
            ("received", stats.pictures_in.received), ("painted", stats.pictures_in.painted),
        ):  # fmt: skip
            pictures.add_metric([label, what], value)
        bits.add_metric([label], stats.pictures_out.caption_bits)
    yield from (pictures, bits)


def _fault_counters(nodes: Iterable[tuple[str, CallStats]]) -> Iterator[Metric]:
    bad = CounterMetricFamily(PREFIX + "bad_messages", "Messages that could not be read.", labels=["node"])
    faults = CounterMetricFamily(
        PREFIX + "peer_faults", "Messages of peers that raised what they should not.", labels=["node"]
    )
    lags = CounterMetricFamily(
        PREFIX + "loop_lags", "Times that the event loop was late by more than 50 ms.", labels=["node"]
    )
    reconnects = CounterMetricFamily(PREFIX + "reconnects", "Links that were made anew.", labels=["node", "link"])
    for label, stats in nodes:
        bad.add_metric([label], stats.bad_messages)
        faults.add_metric([label], stats.peer_faults)
        lags.add_metric([label], stats.loop_lag.notable)
        reconnects.add_metric([label, "peer"], stats.calls_again)
        reconnects.add_metric([label, "broker"], stats.broker_again)
    yield from (bad, faults, lags, reconnects)


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """Return all metrics as text, and its content type."""
    return generate_latest(registry), CONTENT_TYPE_LATEST


def model_seconds(registry: CollectorRegistry) -> Histogram:
    """Return the histogram of model times."""
    return Histogram(
        "pictophone_model_seconds", "How long a model took.", ["model"], buckets=BUCKETS_S, registry=registry
    )


class TimedModels:
    """Models whose times are measured as the call sees them, the queue included."""

    def __init__(self, models: Models, seconds: Histogram, clock: Callable[[], float] = time.monotonic) -> None:
        self._models, self._seconds, self._clock = models, seconds, clock

    @property
    def share_on_the_way(self) -> float | None:
        """Which share of the models is loaded, from 0 to 1; None once all are."""
        progress: LoadingProgress | None = getattr(self._models, "progress", None)
        return None if progress is None or progress.share >= 1 else round(progress.share, 2)

    async def see(self, image: Image.Image, client: str = "", painted: bool = False) -> SeenPicture:
        """See `Models.see`."""
        began = self._clock()
        seen = await self._models.see(image, client, painted)
        self._seconds.labels("captioner").observe(self._clock() - began)
        return seen

    async def paint(
        self, text: str, seed: int, client: str = "", look: bytes = b"", extra: bool = False
    ) -> Image.Image:
        """See `Models.paint`."""
        began = self._clock()
        image = await self._models.paint(text, seed, client, look, extra)
        self._seconds.labels("generator").observe(self._clock() - began)
        return image

    async def paint_between(self, before: Prompt, after: Prompt, share: float, client: str = "") -> Image.Image:
        """See `Models.paint_between`, which is not measured."""
        return await self._models.paint_between(before, after, share, client)
