"""Signals that ask to end: the first does it in order, the second at once. Each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys

import pytest

from node.common import signals

PROGRAM = """
import asyncio, contextlib, os, signal, sys, time
from node.common import signals

def say(text):
    print(text, flush=True)

def raised(number):
    os.kill(os.getpid(), number)

@contextlib.contextmanager
def tidied():
    try:
        yield
    finally:
        say("tidied")

"""

EVERY = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def run(code: str, *, ignoring: bool = False) -> tuple[int, list[str]]:
    """Its exit code, or minus the signal it died of, and what it said."""
    command = [sys.executable, "-c", PROGRAM + code]
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command] if ignoring else command
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize("number", EVERY)
def test_work_is_broken_off_and_tidied(number: signal.Signals) -> None:
    code = f"with signals.breaking_off(), tidied():\n    raised({number})\n    time.sleep(60)\n"
    assert run(code) == (128 + number, ["tidied"])


@pytest.mark.parametrize("number", EVERY)
def test_work_in_a_loop_is_cancelled_and_tidied(number: signal.Signals) -> None:
    code = f"""
async def work():
    with tidied():
        asyncio.get_running_loop().call_soon(raised, {number})
        await asyncio.sleep(60)
    say("never")

with signals.breaking_off(), tidied():
    signals.run(work())
"""
    assert run(code) == (128 + number, ["tidied", "tidied"])


@pytest.mark.parametrize("number", EVERY)
def test_what_runs_until_it_is_stopped_ends_well(number: signal.Signals) -> None:
    code = f"""
async def work():
    stop = asyncio.Event()
    with signals.stopping(stop.set), tidied():
        asyncio.get_running_loop().call_soon(raised, {number})
        await stop.wait()
    return "well"

with signals.breaking_off():
    say(signals.run(work()))
"""
    assert run(code) == (0, ["tidied", "well"])


@pytest.mark.parametrize(("first", "second"), [(EVERY[0], EVERY[0]), (EVERY[1], EVERY[2]), (EVERY[2], EVERY[1])])
def test_the_second_ends_at_once(first: signal.Signals, second: signal.Signals) -> None:
    code = f"""
async def work():
    stop = asyncio.Event()
    with signals.stopping(stop.set):
        asyncio.get_running_loop().call_soon(raised, {first})
        await stop.wait()
    say("ending")
    raised({second})
    time.sleep(60)

with signals.breaking_off(), tidied():
    signals.run(work())
"""
    assert run(code) == (-second, ["ending"])


def test_a_hangup_that_is_ignored_stays_so() -> None:
    code = "with signals.breaking_off():\n    raised(signal.SIGHUP)\n    say('goes on')\n"
    assert run(code, ignoring=True) == (0, ["goes", "on"])


def test_a_result_is_returned_and_an_error_raised() -> None:
    async def work(error: Exception | None) -> int:
        if error is not None:
            raise error
        return 7

    assert signals.run(work(None)) == 7
    with pytest.raises(KeyError):
        signals.run(work(KeyError()))


def test_a_cancellation_that_no_signal_asked_for_stays_one() -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        signals.run(work())


async def test_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in signals.ENDING]
    stop = asyncio.Event()
    with signals.stopping(stop.set):
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
    assert [signal.getsignal(number) for number in signals.ENDING] == before


def test_contexts_that_end_out_of_order_leave_nothing() -> None:
    """As two calls in one process do."""
    before = [signal.getsignal(number) for number in signals.ENDING]
    first, second = signals.caught(lambda number: None), signals.caught(lambda number: None)
    with contextlib.ExitStack() as outer, contextlib.ExitStack() as inner:
        outer.enter_context(first)
        inner.enter_context(second)
        outer.close()
        assert [signal.getsignal(number) for number in signals.ENDING] != before
    assert [signal.getsignal(number) for number in signals.ENDING] == before


async def test_another_thread_gets_no_signals_and_needs_none() -> None:
    def work() -> bool:
        with signals.caught(lambda number: None):
            return True

    assert await asyncio.to_thread(work)


def test_a_process_that_works_for_another_is_ended_by_it_alone() -> None:
    code = (
        "signals.leave_to_parent()\nraised(signal.SIGINT)\nraised(signal.SIGHUP)\nsay('on')\nraised(signal.SIGTERM)\n"
    )
    assert run(code) == (-signal.SIGTERM, ["on"])
