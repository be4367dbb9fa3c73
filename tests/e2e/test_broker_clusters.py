"""Clusters of three brokers: members at different nodes, one of which is killed under a member."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cluster_call import BACK_S, outlives, outlives_a_frozen_one, retained, will_is_spoken

from brokers import bridges, nats, rabbitmq
from brokers.process import BrokerProcess, Missing
from node.call.endpoints import Models

# NATS waits 4 to 9 s before it elects another leader of its store, if the node that dies leads it: until then it lets
# nobody in.
ELECTION_S = 9.0
RABBITMQ = "PICTOPHONE_TEST_RABBITMQ"


def _started(cluster: Callable[..., object], folder: Path) -> Iterator[Sequence[BrokerProcess]]:
    for reachable in (folder, folder.parent, folder.parent.parent):
        reachable.chmod(0o755)  # for the user that mosquitto becomes
    try:
        with cluster(folder) as nodes:  # type: ignore[attr-defined]
            yield nodes
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def nats_cluster(tmp_path: Path) -> Iterator[Sequence[BrokerProcess]]:
    yield from _started(nats.cluster, tmp_path)


@pytest.fixture
def bridged(tmp_path: Path) -> Iterator[Sequence[BrokerProcess]]:
    yield from _started(bridges.bridged, tmp_path)


@pytest.fixture
def rabbitmq_cluster(tmp_path: Path) -> Iterator[Sequence[BrokerProcess]]:
    if not os.environ.get(RABBITMQ):
        pytest.skip(f"three nodes of RabbitMQ take half a minute to start: set {RABBITMQ}=1 to try them")
    yield from _started(rabbitmq.cluster, tmp_path)


async def test_a_will_that_is_spoken_late_is_answered(bridged: Sequence[BrokerProcess], fake_models: Models) -> None:
    """A broker that hangs is left; when it goes on it takes its member for dead, and clears its presence for all."""
    await outlives_a_frozen_one(bridged, fake_models)


async def test_a_call_outlives_a_node_of_a_nats_cluster(
    nats_cluster: Sequence[BrokerProcess], fake_models: Models, record_property: Callable[[str, object], None]
) -> None:
    await will_is_spoken(nats_cluster)
    found = await outlives(nats_cluster, fake_models)
    record_property("found", str(found))
    assert found.lost == 0
    assert found.picture_s < BACK_S + ELECTION_S


async def test_a_call_outlives_a_bridged_mosquitto(
    bridged: Sequence[BrokerProcess], fake_models: Models, record_property: Callable[[str, object], None]
) -> None:
    """Not the hub: the others would be alone without it."""
    await will_is_spoken(bridged)
    found = await outlives(bridged, fake_models, kill=1)
    record_property("found", str(found))
    assert found.lost == 0
    assert found.picture_s < BACK_S


@pytest.mark.timeout(500)
async def test_a_call_outlives_a_node_of_a_rabbitmq_cluster(
    rabbitmq_cluster: Sequence[BrokerProcess], fake_models: Models, record_property: Callable[[str, object], None]
) -> None:
    """It serves nothing retained to wildcards, and keeps it on one node: hellos are answered, pictures asked for."""
    await will_is_spoken(rabbitmq_cluster)
    assert await retained(rabbitmq_cluster, "kept/n/p", "kept/+/p") == []
    assert await retained(rabbitmq_cluster, "kept/n/p", "kept/n/p") == [b"a picture"]
    assert await retained(rabbitmq_cluster, "kept/n/p", "kept/n/p", at=1) == []
    found = await outlives(rabbitmq_cluster, fake_models, kill=2)
    record_property("found", str(found))
    assert found.lost == 0
    assert found.picture_s < BACK_S
