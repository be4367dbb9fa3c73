"""The node's own picture painted as its peers see it: from what was sent, when that is in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from happenings import until
from page_events import HandClock
from PIL import Image
from web_client import Bystander

from node.captions.coder import Caption
from node.vision.types import Prompt
from node.web import own_painting
from node.web.fault_containment import Failures
from node.web.own_painting import OwnPainting
from node.web.person_state import PictureEntry
from node.web.state import PageState
from protocol import frames

WORDS = "a woman waves"


def sent(sequence: int, words: str = WORDS, seed: int = 7) -> tuple[bytes, Caption]:
    return frames.encode(frames.Picture(sequence, 0, 0, words.encode(), seed, bytes(8))), Caption(words)


@pytest.fixture
def node(state: PageState) -> Bystander:
    state.joined("me", "ann", speaks=True, shows=True, you=True)
    return Bystander()


@pytest.fixture
async def painting(
    node: Bystander, state: PageState, hand: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OwnPainting]:
    monkeypatch.setattr(own_painting, "LOOK_AGAIN_S", 0.001)
    painting = OwnPainting(node, state, Failures(lambda text: None))
    running = [asyncio.create_task(painting.run()), asyncio.create_task(state.encoder.run())]
    yield painting
    for task in running:
        assert not task.done()
        task.cancel()


def show(state: PageState, painting: OwnPainting, sequence: int, words: str = WORDS) -> None:
    state.caption_sent("me", PictureEntry(sequence, words, 1.0, bits=20, bytes=9, wire_bytes=130))
    painting.frame_sent(*sent(sequence, words))


async def test_it_is_painted_from_what_was_sent_once_a_page_is_open(
    painting: OwnPainting, node: Bystander, state: PageState
) -> None:
    show(state, painting, 1)
    await asyncio.sleep(0.01)
    assert node.previewed == []
    reader = state.events.subscribe()
    await until(lambda: state.people["me"].pictures[1].url is not None)
    painting.frame_sent(*sent(1))  # again, for a newcomer
    await asyncio.sleep(0.01)
    assert node.previewed == [Prompt(WORDS, 7, bytes(8))]
    reader.close()


async def test_it_waits_for_the_peers_pictures_and_only_the_newest_is_painted(
    painting: OwnPainting, node: Bystander, state: PageState
) -> None:
    reader = state.events.subscribe()
    node.waiting = 1
    show(state, painting, 1)
    show(state, painting, 2, "a cat")
    await asyncio.sleep(0.01)
    assert node.previewed == []
    node.waiting = 0
    await until(lambda: state.people["me"].pictures[2].url is not None)
    assert [prompt.text for prompt in node.previewed] == ["a cat"]
    assert state.people["me"].pictures[1].url is None
    reader.close()


async def test_without_a_generator_there_are_words_alone_and_it_goes_on(
    painting: OwnPainting, node: Bystander, state: PageState
) -> None:
    reader = state.events.subscribe()
    node.has_generator = False
    show(state, painting, 1)
    await asyncio.sleep(0.01)
    node.has_generator = True
    painting.frame_sent(frames.encode(frames.Hold(1)))
    painting.frame_sent(b"no frame", Caption(WORDS))
    show(state, painting, 2)
    await until(lambda: state.people["me"].pictures[2].url is not None)
    assert state.people["me"].pictures[1].url is None
    assert len(node.previewed) == 1
    reader.close()


async def test_a_fault_in_painting_ends_nothing(
    painting: OwnPainting, node: Bystander, state: PageState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(prompt: Prompt) -> Image.Image:
        raise ZeroDivisionError

    reader = state.events.subscribe()
    with monkeypatch.context() as patched:
        patched.setattr(node, "preview", broken)
        show(state, painting, 1)
        await asyncio.sleep(0.01)
    show(state, painting, 2)
    await until(lambda: state.people["me"].pictures[2].url is not None)
    reader.close()
