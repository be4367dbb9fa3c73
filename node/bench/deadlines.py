"""The measurement of speech's deadlines while pictures are painted without a pause: a call beside a busy worker.

And of how late the event loop was, and what held it.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, cycle
from typing import TYPE_CHECKING, Any

from node.bench.hostile_peer import HostilePeer, worst_captions
from node.bench.loop_culprits import LoopCulprits
from node.bench.models.evaluate import unseen_scenes
from node.call import build
from node.call.loopback import loopback_call
from node.call.node import Node
from node.captions.coder import shipped_codecs
from node.common.loop_lag import LagWatch, LoopLag
from node.common.tasks import first_error, run_together
from node.speech import profile_options
from node.terminal.status import BufferedNotes, choose, view
from node.terminal.summary import percentile
from node.vision.scenes import caption

if TYPE_CHECKING:
    from node.call.endpoints import Models
    from node.call.stats import CallStats
    from node.common.config import Settings

# While one's picture is painted the other's request waits already: the worker never rests.
PAINTERS = 2

# Scenes whose captions are painted in turn.
PROMPTS = 32

# A direction's figures and what they are called; of the misses all should be 0.
FACTS = {
    "sent": "packets sent",
    "received": "packets received",
    "mouth_to_ear_ms_p95": "mouth to ear, ms (95 %)",
}
MISSES = {
    "left_late": "packets that left late",
    "lost": "packets lost",
    "late": "packets too late to be played",
    "concealed_ms": "ms made up for want of a packet",
    "underruns": "underruns of the loudspeaker",
}

DIRECTIONS = {"a_to_b": "a to b", "b_to_a": "b to a"}

# Between two samples of the loop's lag: what holds it for 15 ms is seen by two of them.
LAG_EVERY_S = 0.005

# Lines of the table of what held the loop.
MOST_CULPRITS = 8


async def run(settings: Settings, minutes: float, quiet: bool, hostile: bool = False) -> dict[str, Any]:
    """Hold the demo's call for so long, from the moment the models are loaded, and return what it missed.

    The nodes have the voices and scenes of the demo, send their pauses too unless the profile is to follow the link,
    and play to a loudspeaker in name only; there is neither page nor recording. A `hostile` peer in the room sends the
    worst captions that fit a frame, twenty a second. The display is as `node.terminal.status.choose` has it for
    `quiet`. Raises NodeError if a part of the call or a model fails.
    """
    pauses = {} if profile_options.adapts(settings) else {"dtx": False}
    own = settings.model_copy(update={"speech": None, "camera": None, "speaker": "none", "pictures": None} | pauses)
    painted, watch = Counter[str](), LagWatch(LoopLag(), LAG_EVERY_S)
    worst = await asyncio.to_thread(worst_captions, shipped_codecs().models[2]) if hostile else []
    await asyncio.to_thread(_import_all)
    with first_error():
        async with build.worker(own, build.CALL) as models, asyncio.TaskGroup() as group:
            await models.ready()
            began = time.monotonic()
            busy = [group.create_task(_paint_on(models, f"busy {n}", painted), name="busy") for n in range(PAINTERS)]
            busy.append(group.create_task(watch.run(), name="loop lag"))
            with LoopCulprits(lambda: watch.due) as culprits:
                a, b = await _call(own, models, worst, minutes * 60, quiet)
            seconds = time.monotonic() - began
            for task in busy:
                task.cancel()
    return report(a.count(), b.count(), painted.total(), seconds) | _loop(watch.lag, culprits)


async def _call(
    settings: Settings, models: Models, hostile: Sequence[bytes], seconds: float, quiet: bool
) -> tuple[Node, Node]:
    """Hold the call, beside a peer that sends the hostile captions if there are any."""
    notes = BufferedNotes()
    async with loopback_call(settings, models, notes) as call:
        others = [HostilePeer(call.place, hostile)] if hostile else []
        with choose([view(call.a), view(call.b)], quiet=quiet) as display:
            notes.to(display)
            await run_together([call.a, call.b, *others], seconds, display.refresh)
    return call.a, call.b


def _import_all() -> None:
    """Import what the broker of the demo needs as well: its first import is no part of a call."""
    build.preload(shipped_codecs())
    importlib.import_module("node.links.bounded_broker")


async def _paint_on(models: Models, client: str, painted: Counter[str]) -> None:
    """Paint one picture after the other until cancelled, and count them."""
    for words, seed in zip(_prompts(), count()):
        await models.paint(words, seed, client=client)
        painted[client] += 1


def _prompts() -> Iterator[str]:
    return cycle([caption(scene) for scene in unseen_scenes(PROMPTS)])


def report(a: CallStats, b: CallStats, painted: int, seconds: float) -> dict[str, Any]:
    """Return what both nodes missed of their speech, for programs."""
    directions = dict(zip(DIRECTIONS, (_direction(a, b), _direction(b, a)), strict=True))
    return {
        "seconds": round(seconds, 1),
        "painted": painted,
        "painted_per_s": round(painted / seconds, 2),
        "deadlines_missed": sum(map(_missed, directions.values())),
        **directions,
    }


def _loop(lag: LoopLag, culprits: LoopCulprits) -> dict[str, Any]:
    lags = {f"p{percent:g}": lag.percentile_ms(percent) for percent in (50, 99, 99.9)}
    return {
        "loop_lag_ms": {name: None if ms is None else round(ms, 1) for name, ms in lags.items()}
        | {"max": round(lag.max_ms, 1), "over_50": lag.notable},
        "loop_held_ms": {name: us // 1000 for name, us in culprits.held_us.most_common(MOST_CULPRITS)},
    }


def _direction(sender: CallStats, receiver: CallStats) -> dict[str, Any]:
    out, into = sender.speech_out, receiver.speech_in
    delay = percentile(into.mouth_to_ear_ms, 95)
    return {
        "sent": out.packets,
        "received": into.received,
        "mouth_to_ear_ms_p95": None if delay is None else round(delay),
        "left_late": out.late,
        "lost": into.lost,
        "late": into.late,
        "concealed_ms": round(into.concealed_ms),
        "underruns": into.underruns,
    }


def _missed(direction: Mapping[str, Any]) -> int:
    """Count the missed deadlines. Sound was concealed for lost or late packets; if there are none, it counts as one."""
    absent: int = direction["lost"] + direction["late"]
    return int(direction["left_late"] + direction["underruns"] + (absent or direction["concealed_ms"] > 0))


def for_people(figures: Mapping[str, Any]) -> list[str]:
    """Return the report as a table with a column for each direction, and the verdict below."""
    rows = [
        (label, *(figures[direction][name] for direction in DIRECTIONS)) for name, label in (FACTS | MISSES).items()
    ]
    return [
        f"speech beside {figures['painted']} pictures painted in {figures['seconds']:.0f} s, "
        f"{figures['painted_per_s']:g} a second:",
        _row("", *DIRECTIONS.values()),
        *(_row(label, *("-" if value is None else value for value in values)) for label, *values in rows),
        *_lag_lines(figures),
        f"speech deadlines missed: {figures['deadlines_missed']}",
    ]


def _lag_lines(figures: Mapping[str, Any]) -> list[str]:
    lag, held = figures.get("loop_lag_ms"), figures.get("loop_held_ms", {})
    if lag is None:
        return []
    shown = ", ".join(f"{name} {value:g}" for name, value in lag.items() if name != "over_50" and value is not None)
    return [
        f"event loop late by, ms: {shown}; {lag['over_50']} times over 50",
        *(f"  held for {ms:>6} ms by {name}" for name, ms in held.items()),
    ]


def _row(label: str, *cells: object) -> str:
    return f"{label:32}" + "".join(f"{cell:>10}" for cell in cells)
