"""The node's counts for Prometheus, read when they are asked for. No words and no names are among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from node.call.stats import CallStats
    from node.links.wire_meter import Count, Direction

PREFIX = "pictophone_"


class Counted(Protocol):
    """A node, as far as it is counted."""

    def count(self) -> CallStats: ...

    def delay_ms(self) -> float | None: ...

    def peers(self) -> list[str]: ...

    def queues(self) -> dict[str, int]: ...


class Gauges(Protocol):
    """How full things are: by name, with help."""

    def __call__(self) -> Iterable[tuple[str, str, float]]: ...


class NodeCollector(Collector):
    """Reads nodes, which are told apart by their number."""

    def __init__(self, nodes: Sequence[Counted], gauges: Gauges) -> None:
        self._nodes = nodes
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """Return all there is."""
        yield from self._counters()
        yield from self._node_gauges()
        for name, help, value in self._gauges():
            yield GaugeMetricFamily(PREFIX + name, help, value=value)

    def _counters(self) -> Iterator[Metric]:
        wire = CounterMetricFamily(
            PREFIX + "wire_bytes", "Bytes on the wire from the IP header on.", labels=["node", "direction", "kind"]
        )
        speech = CounterMetricFamily(PREFIX + "speech_packets", "Packets of speech.", labels=["node", "what"])
        payload = CounterMetricFamily(PREFIX + "speech_payload_bytes", "Bytes of Opus sent.", labels=["node"])
        pictures = CounterMetricFamily(PREFIX + "pictures", "Pictures.", labels=["node", "what"])
        bits = CounterMetricFamily(PREFIX + "caption_bits", "Bits of coded words sent.", labels=["node"])
        concealed = CounterMetricFamily(
            PREFIX + "concealed_seconds", "Speech that was made up for want of packets.", labels=["node"]
        )
        bad = CounterMetricFamily(PREFIX + "bad_messages", "Messages that could not be read.", labels=["node"])
        faults = CounterMetricFamily(
            PREFIX + "peer_faults", "Messages of peers that raised what they should not.", labels=["node"]
        )
        lags = CounterMetricFamily(
            PREFIX + "loop_lags", "Times that the event loop was late by more than 50 ms.", labels=["node"]
        )
        again = CounterMetricFamily(PREFIX + "reconnects", "Links that were made anew.", labels=["node", "link"])
        for number, tally in self._tallies():
            for direction, counts in _directions(tally):
                for kind, count in list(counts.items()):
                    wire.add_metric([number, direction, kind], count.bytes)
                tcp = tally.meter.total(direction) - sum(count.bytes for count in counts.values())
                wire.add_metric([number, direction, "mqtt"], tcp)
            heard = tally.speech_in
            for what, value in (
                ("sent", tally.speech_out.packets), ("sent_late", tally.speech_out.late),
                ("received", heard.received), ("lost", heard.lost), ("late", heard.late), ("bad", heard.bad_packets),
            ):  # fmt: skip
                speech.add_metric([number, what], value)
            payload.add_metric([number], tally.speech_out.payload)
            for what, value in (
                ("captioned", tally.pictures_out.captioned), ("sent", tally.pictures_out.sent),
                ("received", tally.pictures_in.received), ("painted", tally.pictures_in.painted),
            ):  # fmt: skip
                pictures.add_metric([number, what], value)
            bits.add_metric([number], tally.pictures_out.caption_bits)
            concealed.add_metric([number], heard.concealed_ms / 1000)
            bad.add_metric([number], tally.bad_messages)
            faults.add_metric([number], tally.peer_faults)
            lags.add_metric([number], tally.loop_lag.notable)
            again.add_metric([number, "peer"], tally.calls_again)
            again.add_metric([number, "broker"], tally.broker_again)
        yield from (wire, speech, payload, pictures, bits, concealed, bad, faults, lags, again)

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
            tally, label = node.count(), str(number)
            peers.add_metric([label], len(node.peers()))
            for queue, waiting in node.queues().items():
                queues.add_metric([label, queue], waiting)
            if (delay_ms := node.delay_ms()) is not None:
                delay.add_metric([label], delay_ms / 1000)
            for what, kbps in (("payload", tally.speech_payload_kbps()), ("wire", tally.speech_wire_kbps())):
                if kbps is not None:
                    rate.add_metric([label, what], kbps)
            for quantile, percent in (("0.99", 99.0), ("0.999", 99.9), ("1", 100.0)):
                if (lag_ms := tally.loop_lag.percentile_ms(percent)) is not None:
                    lag.add_metric([label, quantile], lag_ms / 1000)
            if heard := tally.speech_in.received + tally.speech_in.lost:
                loss.add_metric([label], tally.speech_in.lost / heard)
        yield from (delay, peers, queues, rate, lag, loss)

    def _tallies(self) -> Iterator[tuple[str, CallStats]]:
        for number, node in enumerate(self._nodes, start=1):
            yield str(number), node.count()


def _directions(tally: CallStats) -> tuple[tuple[Direction, dict[str, Count]], ...]:
    return ("sent", tally.meter.sent), ("received", tally.meter.received)


def exposition(registry: CollectorRegistry) -> tuple[bytes, str]:
    """Return everything as text, and the type of that text."""
    return generate_latest(registry), CONTENT_TYPE_LATEST
