"""Runs a malicious broker between two real nodes, hostile members and strangers against a whole program, and tells what
came of each attack.

Exit code 0 if all were repelled, 1 if not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import asdict

from attacks import datagrams, files, members, strangers
from attacks.attacks import ATTACKS, Outcome, Scene
from attacks.audience import AUDIENCE_ATTACKS, AUDIENCE_FLOODS, attack_audience
from attacks.broker import EvilBroker, Mail
from attacks.flood import flood
from attacks.stage import Stage, stage
from attacks.victims import Victim, running, until
from node.call.build import preload
from node.captions.coder import shipped_codecs
from protocol.errors import NodeError
from protocol.room_secret import SECRET_BYTES, RoomSecret

NAMES = ("Wilhelmina", "Bartholomew")
FLOOD = "flood with forged messages"
ON_A_PROGRAM = (*members.ON_A_PROGRAM, *strangers.ATTACKS)
FLOODS = datagrams.ATTACKS
NAMED = [
    name
    for name, _ in (*ATTACKS, *members.ON_A_CALL, *ON_A_PROGRAM, *AUDIENCE_ATTACKS, *AUDIENCE_FLOODS, *files.ATTACKS)
]


@contextlib.asynccontextmanager
async def call() -> AsyncIterator[Scene]:
    """Holds a call, then another one of the same two, which is to be attacked. Raises NodeError if there is none."""
    secret = RoomSecret.random(secrets.token_bytes(SECRET_BYTES))
    broker = EvilBroker()
    async with broker.serve() as port:
        past = await _earlier_call(broker, secret, port)
        ann, bob = (Victim(name, secret, port) for name in NAMES)
        async with running(ann, bob):
            if not await _talking(ann, bob):
                raise NodeError(f"the two did not get into a call: {ann.notes}, {bob.notes}")
            yield Scene(broker, ann, bob, past, secret, port)


async def attack(only: Iterable[str] = (), with_flood: bool = True, at_once: bool = False) -> list[Outcome]:
    """Attacks a call, a program in a call, an audience, and whoever reads a recording; returns the outcomes.

    With ``at_once`` they are attacked side by side, which takes two thirds of the time.
    """
    wanted = set(only) or set(NAMED)
    if at_once:
        done = await asyncio.gather(
            _attack_calls(wanted, with_flood), _attack_programs(wanted), attack_audience(wanted, with_flood)
        )
    else:
        calls, programs = await _attack_calls(wanted, with_flood), await _attack_programs(wanted)
        done = [calls, programs, await attack_audience(wanted, with_flood)]
    return [outcome for each in done for outcome in each] + [
        Outcome(name, *await work()) for name, work in files.ATTACKS if name in wanted
    ]


async def _attack_calls(wanted: Collection[str], with_flood: bool) -> list[Outcome]:
    outcomes = await _attack_call(wanted, with_flood)
    for name, attack_scene in members.ON_A_CALL:  # each gets a call of its own, which it may end
        if name in wanted:
            async with call() as scene:
                outcomes.append(Outcome(name, *await attack_scene(scene)))
    return outcomes


async def _attack_programs(wanted: Collection[str]) -> list[Outcome]:
    todo = [(name, work) for name, work in ON_A_PROGRAM if name in wanted]
    outcomes: list[Outcome] = []
    while len(outcomes) < len(todo):
        outcomes += await _attack_program(todo[len(outcomes) :])
    return outcomes


async def _attack_program(todo: Sequence[tuple[str, Callable[[Stage], Awaitable[tuple[bool, str]]]]]) -> list[Outcome]:
    """Attack one program until an attack is not repelled: what has hurt it should not spoil the next."""
    outcomes: list[Outcome] = []
    try:
        async with stage() as on:
            for name, work in todo:
                outcomes.append(Outcome(name, *await work(on)))
                if not outcomes[-1].repelled:
                    break
    except NodeError as error:
        outcomes.append(Outcome(todo[0][0], False, str(error)))
    return outcomes


async def _attack_call(wanted: Collection[str], with_flood: bool) -> list[Outcome]:
    async with call() as scene:
        outcomes = [_old_hellos(scene)]
        outcomes += [Outcome(name, *await work(scene)) for name, work in ATTACKS if name in wanted]
        if with_flood:
            outcomes.append(await _flood(scene))
            outcomes += [Outcome(name, *await work(scene)) for name, work in FLOODS]
    return outcomes


async def _earlier_call(broker: EvilBroker, secret: RoomSecret, port: int) -> list[Mail]:
    """Records a call of the same two, and keeps its hellos as if they had never left."""
    ann, bob = (Victim(name, secret, port) for name in NAMES)
    async with running(ann, bob):
        await _talking(ann, bob)
        ann.camera.turn()
        await until(lambda: len(bob.seen) > 1)
    past = list(broker.capture)
    broker.capture.clear()
    for victim in (ann, bob):
        hello = [mail for mail in past if (mail.node, mail.letter) == (victim.id, "h") and mail.payload and mail.retain]
        broker.retained[hello[-1].topic] = hello[-1]
    return past


def _old_hellos(scene: Scene) -> Outcome:
    """Both met the hellos of the earlier call when they came."""
    ok = scene.ann.node.peers() == [NAMES[1]] and scene.bob.node.peers() == [NAMES[0]]
    kept = len([mail for mail in scene.broker.retained.values() if mail.letter == "h"])
    told = f"of {kept} hellos that the broker keeps, bob believes {len(scene.bob.node.peers())}, and ann, too"
    return Outcome("keep old hellos for who comes anew", ok, told)


async def _talking(ann: Victim, bob: Victim) -> bool:
    return await until(lambda: all(one.heard and one.seen and one.links() for one in (ann, bob)))


async def _flood(scene: Scene) -> Outcome:
    what = await flood(scene)
    return Outcome(FLOOD, what.repelled(), str(what))


def main(arguments: list[str] | None = None) -> int:
    """Prints the outcomes; the exit code."""
    parser = argparse.ArgumentParser(prog="attack", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the outcomes as one JSON array")
    parser.add_argument("--only", action="append", default=[], choices=NAMED, help="may be repeated")
    parser.add_argument(
        "--no-flood", action="store_true", help="leave the floods out: they want most of a core for themselves"
    )
    parser.add_argument("--at-once", action="store_true", help="attack call and program side by side: sooner done")
    options = parser.parse_args(arguments)
    if options.at_once and not options.no_flood:
        parser.error("--at-once wants --no-flood: a flood is measured alone")
    preload(shipped_codecs())
    try:
        outcomes = asyncio.run(attack(options.only, not options.no_flood, options.at_once))
    except NodeError as error:
        print(f"attack: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    else:
        for one in outcomes:
            print(f"{'repelled' if one.repelled else 'SUCCEEDED':10}{one.attack}: {one.what}")
    return 0 if all(outcome.repelled for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
