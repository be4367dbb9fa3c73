"""Two nodes of a call on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_models import FakeModels

from live_call import running
from node.call.loopback import SCENES, endpoints, loopback_call, speaker_of
from node.common import config
from node.speech.sources import PacedSource


async def test_both_nodes_are_in_a_room_of_their_own() -> None:
    notes: list[str] = []
    calling = loopback_call(config.load(speaker="none"), FakeModels(), notes.append)
    async with calling as call, running(call.a, call.b) as nodes:
        await nodes.until(lambda: call.a.count().pictures_in.painted > 0 and call.b.count().pictures_in.painted > 0)
        assert (call.a.peers(), call.b.peers()) == (["b"], ["a"])
    assert {"a: b is here", "b: a is here"} <= set(notes)


@pytest.mark.parametrize(
    ("speaker", "own"),
    [(None, None), ("default", "default"), ("none", "none"), ("out/heard.wav", "out/heard-b.wav")],
)
def test_each_side_is_heard_in_a_file_of_its_own(speaker: str | None, own: str | None) -> None:
    assert speaker_of(speaker, "b") == own


async def test_what_was_given_is_what_a_says_and_sees(fake_models: FakeModels, shared_speech: list[Path]) -> None:
    settings = config.load(speaker="none", camera="scene:7", speech=str(shared_speech[0]))
    a, _ = endpoints("a", settings, fake_models, print)
    b, _ = endpoints("b", settings, fake_models, print)
    assert a.camera is not None
    assert b.camera is not None
    assert (a.camera.name, b.camera.name) == ("scene:7", SCENES["b"])
    assert isinstance(a.source, PacedSource)
    assert a.source is not b.source
