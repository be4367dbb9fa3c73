"""The command `demo`: two nodes on this machine, a broker between them, speech and pictures both ways."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands import options
from node.common.output import say
from node.terminal.status import BufferedNotes
from node.terminal.summary import Summary, as_json, for_people, summarise
from node.web.page_address import DEFAULT

if TYPE_CHECKING:
    from node.call.node import Node
    from node.common.config import Settings

app = options.group()


@options.command(
    app,
    *options.DEMO,
    broker="Use this broker instead of one of the demo's own.",
    speech="What a says: a sound FILE, mic, page or none.",
    camera="What a sees: scene[:SEED], webcam, page, a FILE, a DIR.",
    speaker="default, none, or FILE.wav: FILE-a.wav is what a hears.",
)
def demo(
    settings: Settings,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to call.")] = 30.0,
    json: options.Summary = False,
) -> None:
    """Run a whole call between two nodes on this machine, with a broker of its own."""
    options.run(run(settings, not settings.by_flag("broker"), seconds, json))


async def run(settings: Settings, own_broker: bool, seconds: float, json: bool) -> bool:
    """Run the call and print a summary of each direction; true if both sides heard and saw the other.

    `settings.speech` and `settings.camera`, where given, are what `a` says and sees. With `own_broker` the call goes
    through a broker of its own, else through the one of the settings.
    """
    from node.call import build, loopback

    notes = BufferedNotes()
    settings = settings.model_copy(update={"page": settings.page or DEFAULT})
    async with build.running_models(build.worker(settings, build.CALL), notes) as models:
        nodes = await loopback.call(settings, models, notes, own_broker, seconds, quiet=json)
    summaries = _summaries(*nodes)
    say(*([as_json(summaries)] if json else _report(summaries)))
    return all(map(_complete, summaries.values()))


def _complete(one: Summary) -> bool:
    """Whether a direction worked: a side that had nothing to say yet sent no packet, and need only be connected."""
    speech = one["speech"]["packets_received"] or not one["speech"]["packets_sent"]
    return one["call"]["setup_ms"] is not None and bool(speech and one["picture"]["painted"])


def _summaries(a: Node, b: Node) -> dict[str, Summary]:
    """The summary of each direction: under `a` what a sent and b received of it, under `b` the other."""
    now = time.monotonic()
    of_a, of_b = a.count(), b.count()
    return {"a": summarise(of_a, of_b, now), "b": summarise(of_b, of_a, now)}


def _report(summaries: dict[str, Summary]) -> list[str]:
    lines = []
    for name, other in (("a", "b"), ("b", "a")):
        lines += [f"from {name} to {other}:", *(f"  {line}" for line in for_people(summaries[name]))]
    return lines
