"""What Prometheus reads: counts of the call, and no word of it."""

from __future__ import annotations

import pytest
from fake_models import FakeModels
from PIL import Image
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from node.call.stats import CallStats
from node.vision.types import Prompt
from node.web.metrics import NodeCollector, TimedModels, exposition, model_seconds


class Counted:
    def __init__(self) -> None:
        self.tally = CallStats(0.0, "lean")

    def count(self) -> CallStats:
        return self.tally

    def delay_ms(self) -> float | None:
        return 210.0

    def peers(self) -> list[str]:
        return ["a very private name"]

    def queues(self) -> dict[str, int]:
        return {"pictures": 1, "broker": 7}


def read(registry: CollectorRegistry) -> dict[str, dict[tuple[str, ...], float]]:
    """Values by name, and by the values of their labels in the order of the labels' names."""
    text, kind = exposition(registry)
    assert kind.startswith("text/plain")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_calls_counts_are_all_there(registry: CollectorRegistry) -> None:
    node = Counted()
    tally = node.tally
    tally.speech_out.add(100, True, 120)
    tally.speech_in.received, tally.speech_in.lost, tally.speech_in.concealed_ms = 90, 10, 1500
    tally.pictures_out.add("a very private caption", 20, 12, 139, 1_000_000)
    tally.calls_again, tally.broker_again, tally.bad_messages, tally.peer_faults = 2, 1, 3, 2
    for lag_ms in (1.0, 80.0):
        tally.loop_lag.add(lag_ms)
    tally.meter.datagram("sent", b"\x80\x6f" + bytes(120), "127.0.0.1")
    registry.register(NodeCollector([node], lambda: [("page_readers", "Pages.", 4)]))
    found = read(registry)
    assert found["pictophone_speech_packets_total"]["1", "sent"] == 1
    assert found["pictophone_speech_packets_total"]["1", "lost"] == 10
    assert found["pictophone_speech_loss_ratio"]["1",] == 0.1
    assert found["pictophone_concealed_seconds_total"]["1",] == 1.5
    assert found["pictophone_caption_bits_total"]["1",] == 20
    assert found["pictophone_pictures_total"]["1", "sent"] == 1
    assert found["pictophone_reconnects_total"] == {("peer", "1"): 2, ("broker", "1"): 1}
    assert found["pictophone_bad_messages_total"]["1",] == 3
    assert found["pictophone_peer_faults_total"]["1",] == 2
    assert found["pictophone_loop_lags_total"]["1",] == 1
    assert found["pictophone_loop_lag_seconds"]["1", "0.99"] == 0.08
    assert found["pictophone_mouth_to_ear_seconds"]["1",] == 0.21
    assert found["pictophone_wire_bytes_total"]["sent", "rtp", "1"] == 150
    assert found["pictophone_speech_kbps"]["1", "payload"] == pytest.approx(100 * 8 / 120)
    assert found["pictophone_queue_depth"] == {("1", "pictures"): 1, ("1", "broker"): 7}
    assert found["pictophone_peers"]["1",] == 1
    assert found["pictophone_page_readers"] == {(): 4}


def test_no_word_and_no_name_is_in_it(registry: CollectorRegistry) -> None:
    node = Counted()
    node.tally.pictures_out.add("a very private caption", 20, 12, 139, 1)
    node.tally.pictures_in.last_caption = "another private one"
    registry.register(NodeCollector([node], lambda: []))
    assert b"private" not in exposition(registry)[0]


async def test_the_models_times_are_taken(registry: CollectorRegistry) -> None:
    now = iter([0.0, 0.2, 1.0, 4.0])
    models = TimedModels(FakeModels(), model_seconds(registry), lambda: next(now))
    await models.see(Image.new("RGB", (4, 4)))
    await models.paint("a cat", 1)
    await models.paint_between(Prompt("a cat", 1), Prompt("a dog", 1), 0.5)
    found = read(registry)
    assert found["pictophone_model_seconds_sum"] == {
        ("captioner",): pytest.approx(0.2), ("generator",): pytest.approx(3.0),
    }  # fmt: skip
    assert found["pictophone_model_seconds_count"]["generator",] == 1
