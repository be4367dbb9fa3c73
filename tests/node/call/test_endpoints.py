"""What a node tells the others that it sends and takes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from node.call.endpoints import Endpoints, NoCamera, NoSink, NoSource
from node.captions.coder import ThreadCoder, shipped_codecs
from node.speech.profiles import LEAN
from protocol.signalling import Carries

HEARS = Carries.SPEECH_IN | Carries.HIGH_BAND_IN


@pytest.mark.parametrize(
    ("ends", "carries"),
    [
        ({}, Carries.NOTHING),
        ({"source": object()}, Carries.SPEECH_OUT),
        ({"sink": object()}, HEARS),
        ({"camera": object()}, Carries.PICTURES_OUT),
        ({"paints": True}, Carries.PICTURES_IN),
        ({"sink": object(), "lyra": object()}, HEARS | Carries.LYRA_IN),
        ({"source": object(), "lyra": object()}, Carries.SPEECH_OUT),
        ({"sink": object(), "library": SimpleNamespace(enhances=True)}, HEARS | Carries.ENHANCED_IN),
        ({"sink": object(), "library": SimpleNamespace(enhances=False)}, HEARS),
        ({"source": object(), "library": SimpleNamespace(enhances=True)}, Carries.SPEECH_OUT),
        ({"source": object(), "sink": object(), "camera": object(), "paints": True}, HEARS | Carries.EVERYTHING),
    ],
)
def test_the_hello_says_which_ends_there_are(ends: dict[str, Any], carries: Carries, fake_models: Any) -> None:
    assert Endpoints(LEAN, fake_models, ThreadCoder(shipped_codecs()), **ends).carries == carries | Carries.TEXT


async def test_a_source_that_is_not_there_ends_at_once() -> None:
    assert [captured async for captured in NoSource()] == []


async def test_a_sink_and_a_camera_that_are_not_there_do_nothing() -> None:
    def pull(samples: int) -> Any:
        raise AssertionError("it plays nothing")

    camera = NoCamera()
    for waits in (NoSink().run(pull), camera.snapshot()):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await waits
    await camera.close()
    assert (NoSink().latency_ms, NoSink().underruns.count, camera.name) == (0.0, 0, "none")


def test_lyra_is_sent_where_speech_is(fake_models: Any) -> None:
    captions, lyra = ThreadCoder(shipped_codecs()), Any
    assert Endpoints(LEAN, fake_models, captions, sink=NoSink(), lyra=lyra).lyra_sent is None  # type: ignore[arg-type]
    assert Endpoints(LEAN, fake_models, captions, source=NoSource(), lyra=lyra).lyra_sent is lyra  # type: ignore[arg-type]
