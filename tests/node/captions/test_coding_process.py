"""The caption process: asked, killed, hung, and not to be had."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from node.captions import coding_process
from node.captions.coder import Caption, shipped_codecs
from node.captions.coding_process import MOST_FAILURES, CaptionProcess, CoderError
from node.common.answering_process import AnsweringProcess
from protocol.errors import CaptionError

CODECS = shipped_codecs()

WORDS = "a cat on a bench"
CODED = CODECS.encode(WORDS, 2)

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")


async def test_captions_are_coded_and_read_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    async with CaptionProcess(CODECS) as captions:
        assert captions.pid not in (None, os.getpid())
        monkeypatch.setattr(CODECS, "encode", None)  # nothing is coded here
        monkeypatch.setattr(CODECS, "decode", None)
        assert await captions.encode(WORDS, 2) == CODED
        assert await captions.decode(2, CODED.data) == Caption(WORDS)
        assert await captions.decode(2, CODED.data, measure=True) == Caption(WORDS, CODED.bits)
        with pytest.raises(CaptionError, match="unknown caption codec 99"):
            await captions.decode(99, b"x")
    assert captions.pid is None
    assert captions.restarts == 0


async def test_requests_of_many_are_answered_each_by_its_own() -> None:
    many = [CODECS.encode(f"{number} cats", 2) for number in range(20)]
    async with CaptionProcess(CODECS) as captions:
        read = await asyncio.gather(*(captions.decode(2, coded.data) for coded in many))
    assert [caption.words for caption in read] == [f"{number} cats" for number in range(20)]


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="the system does not show an environment")
async def test_the_process_gets_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTOPHONE_ROOM", "a secret")
    monkeypatch.setenv("OTHER", "theirs")
    async with CaptionProcess(CODECS) as captions:
        environment = Path(f"/proc/{captions.pid}/environ").read_bytes().split(b"\0")  # noqa: ASYNC240 - no disk
    assert b"OTHER=theirs" in environment
    assert b"PICTOPHONE_ROOM=a secret" not in environment


async def killed(captions: CaptionProcess) -> None:
    """Kill the process, and let the loop find out."""
    assert captions.pid is not None
    with suppress(ProcessLookupError):
        while True:
            os.kill(captions.pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.01)


@needs_signals
async def test_one_that_was_killed_is_replaced() -> None:
    async with CaptionProcess(CODECS) as captions:
        await captions.encode(WORDS, 2)
        await killed(captions)
        assert await captions.decode(2, CODED.data) == Caption(WORDS)
        assert captions.restarts == 1


@needs_signals
async def test_one_that_hangs_is_killed_and_its_caption_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding_process, "LONGEST_S", 0.2)
    async with CaptionProcess(CODECS) as captions:
        await captions.encode(WORDS, 2)
        assert captions.pid is not None
        os.kill(captions.pid, signal.SIGSTOP)
        with pytest.raises(CoderError):
            await captions.decode(2, CODED.data)
        assert captions.pid is None
        monkeypatch.setattr(coding_process, "LONGEST_S", 60.0)
        assert await captions.decode(2, CODED.data) == Caption(WORDS)


@needs_signals
async def test_own_words_are_coded_even_if_the_process_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding_process, "LONGEST_S", 0.2)
    async with CaptionProcess(CODECS) as captions:
        await captions.encode(WORDS, 2)
        assert captions.pid is not None
        os.kill(captions.pid, signal.SIGSTOP)
        assert await captions.encode(WORDS, 2) == CODED


@needs_signals
async def test_a_cancelled_request_leaves_no_answer_to_another() -> None:
    async with CaptionProcess(CODECS) as captions:
        await captions.encode(WORDS, 2)
        assert captions.pid is not None
        os.kill(captions.pid, signal.SIGSTOP)
        impatient = asyncio.create_task(captions.decode(2, CODECS.encode("a dog", 2).data))
        await asyncio.sleep(0.05)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        assert await captions.decode(2, CODED.data) == Caption(WORDS)


async def test_where_no_process_can_be_had_a_thread_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*asked: object, **options: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    async with CaptionProcess(CODECS) as captions:
        assert await captions.encode(WORDS, 2) == CODED
        assert await captions.decode(2, CODED.data) == Caption(WORDS)


async def test_one_that_never_answers_is_tried_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding_process, "MODULE", "node.captions.no_such_module")
    async with CaptionProcess(CODECS) as captions:
        for _ in range(MOST_FAILURES):
            with pytest.raises(CoderError):
                await captions.decode(2, CODED.data)
        assert await captions.decode(2, CODED.data) == Caption(WORDS)


async def test_one_that_has_ended_by_the_time_it_is_started_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding_process, "MODULE", "node.captions.no_such_module")
    start = AnsweringProcess.start

    async def start_late(process: AnsweringProcess) -> None:  # on a busy machine the loop hears of both at once
        await start(process)
        while process.runs:  # noqa: ASYNC110 - nothing says that the loop has heard of its end
            await asyncio.sleep(0.01)

    monkeypatch.setattr(AnsweringProcess, "start", start_late)
    async with CaptionProcess(CODECS) as captions:
        for _ in range(MOST_FAILURES):
            with pytest.raises(CoderError):
                await captions.decode(2, CODED.data)
        assert await captions.decode(2, CODED.data) == Caption(WORDS)
        assert captions.restarts == MOST_FAILURES
