"""Which models of speech a call has, by its settings and its role."""

from __future__ import annotations

import numpy as np
import pytest

from node.call import speech_models
from node.call.build import CALL, Role
from node.call.speech_models import NO_MODELS, running, writes
from node.common.config import load
from node.spoken.installed import SpeechModel
from node.spoken.model_child import ModelChild
from protocol.errors import NodeError

NOBODY = Role(sends=False, receives=False)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(self: ModelChild, request: object) -> object:
        return b"\1\0\2\0" if isinstance(request, str) else "what was said"

    monkeypatch.setattr(speech_models, "speech_model", lambda named: SpeechModel(named or "/x/wheel/model", False))
    monkeypatch.setattr(speech_models, "synthesiser", lambda: "hibari")
    monkeypatch.setattr(ModelChild, "ask", ask)


async def test_nothing_is_had_that_is_not_asked_for_or_of_no_use() -> None:
    async with running(load(), CALL, print) as models:
        assert models == NO_MODELS
    async with running(load(transcribe=True, speak=True), NOBODY, print) as models:
        assert models == NO_MODELS


async def test_both_ways() -> None:
    notes: list[str] = []
    async with running(load(transcribe=True, speak=True), CALL, notes.append) as models:
        assert models.transcribe is not None
        assert models.synthesise is not None
        assert await models.transcribe(np.zeros(3, np.int16)) == "what was said"
        assert (await models.synthesise("hello")).tolist() == [1, 2]
    assert notes == ["what you say is written by wheel, and goes to the others as text"]


def test_text_alone_is_written_without_being_asked_for() -> None:
    assert (writes(load(profile="text")), writes(load()), writes(load(transcribe=True))) == (True, False, True)


async def test_who_says_nothing_needs_no_model() -> None:
    notes: list[str] = []
    for settings in (load(profile="text", speech="none"), load(transcribe=True, speech="none")):
        async with running(settings, CALL, notes.append) as models:
            assert models == NO_MODELS
    assert notes == ["nothing is said (--speech none), so that nothing is written"]


async def test_what_is_missing_ends_the_call_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(named: str | None) -> SpeechModel:
        raise NodeError("speech cannot be written here")

    monkeypatch.setattr(speech_models, "speech_model", missing)
    with pytest.raises(NodeError, match="cannot be written here"):
        async with running(load(transcribe=True), CALL, print):
            pass
