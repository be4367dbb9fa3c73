"""The bench's own MQTT: what it writes is what it reads, in whatever pieces it comes."""

from __future__ import annotations

import raw_mqtt
from hypothesis import given
from hypothesis import strategies as st

from audiencebench import mqtt


def test_packets_are_those_of_the_standard() -> None:
    assert mqtt.connect("x") == raw_mqtt.connect("x")
    assert mqtt.subscribe(["a/+"]) == raw_mqtt.subscribe("a/+")
    assert mqtt.publish("a/b", b"said", retain=True) == raw_mqtt.publish("a/b", b"said", retain=True)


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=300)), max_size=6), st.integers(0, 200))
def test_what_is_published_is_read_whole_or_not_yet(said: list[tuple[str, bytes]], cut: int) -> None:
    data = b"".join(mqtt.publish(topic, payload) for topic, payload in said)
    read = list(mqtt.packets(data))
    assert [mqtt.published(body) for kind, body, _ in read] == said
    assert {kind for kind, *_ in read} <= {mqtt.PUBLISH}
    begun = data[: max(0, len(data) - cut)]
    part = list(mqtt.packets(begun))
    assert part == read[: len(part)]
    rest = begun[part[-1][2] :] if part else begun
    assert [mqtt.published(body) for _, body, _ in mqtt.packets(rest + data[len(begun) :])] == said[len(part) :]


@given(st.binary(max_size=100))
def test_anything_is_packets_or_none(data: bytes) -> None:
    try:
        end = 0
        for kind, body, ends in mqtt.packets(data):
            assert 0 <= kind < 16
            assert end + 2 + len(body) <= ends <= len(data)
            end = ends
    except mqtt.BadPacket:
        pass
