"""The command `demo`: two nodes on this machine, a broker between them, speech and pictures both ways."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands import options
from node.common.output import say
from node.common.tasks import run_together
from node.recording import control, provenance
from node.speech.profiles import TEXT
from node.terminal.status import BufferedNotes, choose, view
from node.terminal.summary import Summary, as_json, for_people, summarise
from node.web.page_address import DEFAULT
from protocol.errors import UsageError

if TYPE_CHECKING:
    from node.call.endpoints import Models
    from node.call.node import Node
    from node.common.config import Settings
    from node.common.tasks import Ready

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
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds to call, once the models are loaded.")] = 30.0,
    json: options.Summary = False,
) -> None:
    """Run a whole call between two nodes on this machine, with a broker of its own."""
    options.run(run(settings, not settings.by_flag("broker"), seconds, json))


async def run(settings: Settings, own_broker: bool, seconds: float, json: bool) -> bool:
    """Run the call and print a summary of each direction; return whether each side received speech and pictures.

    `settings.speech` and `settings.camera`, where given, are those of `a`. With `own_broker` the call goes
    through a broker of its own, else through the one of the settings.
    """
    from node.call import build

    notes = BufferedNotes()
    settings = settings.model_copy(update={"page": settings.page or DEFAULT})
    async with build.running_models(build.worker(settings, build.CALL), notes) as models:

        async def ready() -> None:
            await models.ready()
            notes(f"the call's {seconds:g} s begin now")

        nodes = await hold_call(settings, models, notes, own_broker, seconds, quiet=json, ready=ready)
    summaries = _summaries(*nodes)
    say(*([as_json(summaries)] if json else _report(summaries)))
    return all(map(_complete, summaries.values()))


async def hold_call(
    settings: Settings,
    models: Models,
    notes: BufferedNotes,
    own_broker: bool,
    seconds: float,
    quiet: bool,
    ready: Ready | None = None,
) -> tuple[Node, Node]:
    """Hold a call between `a` and `b`, and return both with what they counted.

    The display is as `choose` has it for `quiet`, and so is the page. A recording is of what `a` sends and receives.
    The seconds count from `ready` on, if it is given.
    Raises NodeError when a part of it fails.
    """
    from node.call import build
    from node.call.loopback import loopback_call
    from node.web import setup as web

    if settings.record is not None and settings.seal_recording:
        raise UsageError("the demo's room is gone with it, and nobody could open what it sealed: leave out the seal")
    page = web.page_from_settings(settings, "demo", notes, or_next=True)
    async with loopback_call(settings, models, notes, own_broker=own_broker, page=page) as call:
        a, b = call.a, call.b
        named, codebooks = settings.model_copy(update={"name": a.name}), call.codecs.codebooks()
        header = await asyncio.to_thread(provenance.recording_header, named, build.CALL, codebooks)
        with choose([view(a), view(b)], quiet=quiet) as display:
            notes.to(display)
            with control.recording_control(a, settings, header, notes, call.place.room):
                async with web.serving(page, notes, a, b):
                    await run_together([a, b], seconds, display.refresh, ready)
    return a, b


def _complete(one: Summary) -> bool:
    """Tell whether a direction worked. A sender that only listened so far sent no packet: then the link counts.

    Nodes that send text alone have no link.
    """
    speech = one["speech"]["packets_received"] or not one["speech"]["packets_sent"]
    linked = one["call"]["setup_ms"] is not None or one["speech"]["profile"] == TEXT.name
    return linked and bool(speech and one["picture"]["painted"])


def _summaries(a: Node, b: Node) -> dict[str, Summary]:
    """Return what `a` sent and `b` received of it under "a", and the other direction under "b"."""
    now = time.monotonic()
    of_a, of_b = a.count(), b.count()
    return {"a": summarise(of_a, of_b, now), "b": summarise(of_b, of_a, now)}


def _report(summaries: dict[str, Summary]) -> list[str]:
    lines = []
    for name, other in (("a", "b"), ("b", "a")):
        lines += [f"from {name} to {other}:", *(f"  {line}" for line in for_people(summaries[name]))]
    return lines
